package graph_test

import (
	"fmt"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// BenchmarkAttention is a training step of attention, forward and backward, over 32 sequences with steps of 128 numbers. Learned positions
// come before it, so that the gradient of its input is computed, too.
func BenchmarkAttention(b *testing.B) {
	for _, steps := range []int{28, 100} {
		for _, heads := range []int{4, 8} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("steps=%d/heads=%d/threads=%d", steps, heads, threads), func(b *testing.B) {
					net, err := graph.New(graph.Seq{graph.Positions{}, graph.Attention{Heads: heads}, graph.Flatten{}}, graph.MSE, graph.Shape{steps, 128}, graph.Config{Threads: threads})
					if err != nil {
						b.Fatal(err)
					}
					x := normal(32*steps*128, 1)
					for b.Loop() {
						if _, err := net.Step(x, x); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
