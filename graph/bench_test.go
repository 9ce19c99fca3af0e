package graph_test

import (
	"fmt"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// BenchmarkRecurrent is a step of gradient descent on 32 sequences with a recurrent layer of 128: cell, features, steps.
func BenchmarkRecurrent(b *testing.B) {
	for _, l := range []graph.Layer{graph.LSTM{Out: 128}, graph.GRU{Out: 128}, graph.RNN{Out: 128}} {
		for _, in := range []graph.Shape{{28, 28}, {100, 28}, {28, 128}, {100, 128}} {
			b.Run(fmt.Sprintf("%v/%d/%d", graph.Seq{l}, in[1], in[0]), func(b *testing.B) {
				n, err := graph.New(graph.Seq{l, graph.Last{}, graph.Dense{Out: 10}}, graph.LogLikelihood, in, graph.Config{Init: graph.Glorot, Threads: 1})
				if err != nil {
					b.Fatal(err)
				}
				x := make([]float32, 32*in.TotalSize())
				for i := range x {
					x[i] = float32(i*i%97)/97 + .01
				}
				y := make([]float32, 320)
				for i := range 32 {
					y[i*10+i%10] = 1
				}
				for b.Loop() {
					if _, err := n.DescendFrom(batch{32, x, y}, .01, 0); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkCompile measures the way from a network to the program of a training step: graph, gradients, passes, memory.
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
