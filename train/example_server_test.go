package train_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/stheno-ml/stheno/graph"
)

// A server: eight goroutines each have a predictor of their own, and all share the weights of one network.
func Example_server() {
	layers := graph.Seq{graph.Dense{Out: 8}, graph.Tanh, graph.Dense{Out: 3}}
	net, err := graph.New(layers, graph.LogLikelihood, graph.Shape{4}, graph.Config{Seed: 1, Threads: 1})
	if err != nil {
		panic(err)
	}
	predictors := make(chan *graph.Predictor, 8)
	for range cap(predictors) {
		predictors <- net.Predictor(1)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var x []float32
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&x); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p, y := <-predictors, make([]float32, net.Outputs)
		defer func() { predictors <- p }()
		if err := p.Predict(y, x); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(y)
	}))
	defer server.Close()
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 20 {
				if r, err := http.Post(server.URL, "", strings.NewReader("[1, 2, 3, 4]")); err != nil || r.StatusCode != http.StatusOK {
					fmt.Println(r, err)
				}
			}
		})
	}
	clients.Wait()
	// Output:
}
