package graph_test

import (
	"fmt"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// BenchmarkCompile is the time from a network to the program of a training step: graph, gradients, passes, memory.
func BenchmarkCompile(b *testing.B) {
	for _, m := range []models.Model{models.MLP, models.Softmax, models.Deep} {
		for _, batch := range []int{10, 128} {
			b.Run(fmt.Sprint(m.Name, "/", batch), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
					if err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
					if _, err := n.Listing(batch); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
