package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestHeld: the parts are the same on every machine.
func TestHeld(t *testing.T) {
	labels := make([]int, 40)
	for i := range labels {
		labels[i] = i % 2
	}
	got := fmt.Sprint(hold(Part{N: 40, Labels: labels}, 7, tenth, 2))
	if want := "[0 1 0 0 0 1 2 0 0 0 0 0 0 0 0 0 0 0 2 0 0 0 0 0 1 0 1 0 0 0 0 2 0 0 0 0 0 2 0 0]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestStratified: of each class, a tenth is in each held part, to within one example, and one at least trains.
func TestStratified(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		sizes := make([]int, 1+r.IntN(6))
		var labels []int
		for c := range sizes {
			sizes[c] = 1 + r.IntN(80)
			labels = append(labels, slices.Repeat([]int{c}, sizes[c])...)
		}
		r.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
		held := hold(Part{N: len(labels), Labels: labels}, r.Uint64(), tenth, 2)
		for c, n := range sizes {
			var counts [3]int
			for i, h := range held {
				if labels[i] == c {
					counts[h]++
				}
			}
			for _, k := range counts[1:] {
				if k < n/tenth-1 || k > n/tenth+1 {
					t.Errorf("%d of %d examples of a class are held", k, n)
				}
			}
			if counts[0] == 0 {
				t.Errorf("none of %d examples of a class trains", n)
			}
		}
	}
}

// TestPermute puts rows of two numbers into random orders, in their place.
func TestPermute(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 30 {
		order := make([]int32, n)
		rows := make([]int, 2*n)
		for i, k := range r.Perm(n) {
			order[i] = int32(k)
			rows[2*i], rows[2*i+1] = i, -i
		}
		permute(rows, order)
		for i, k := range order {
			if rows[2*i] != int(k) || rows[2*i+1] != -int(k) {
				t.Fatalf("%v by %v", rows, order)
			}
		}
	}
}
