package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// updates are the optimizers' kernels as functions of the weights, two kept tensors, and the gradient.
var updates = []struct {
	name string
	kept int
	run  func(s *Set[float32], w, m, v, g []float32)
}{
	{"SGD", 0, func(s *Set[float32], w, _, _, g []float32) { s.SGD(w, g, .9, .3) }},
	{"Momentum", 1, func(s *Set[float32], w, m, _, g []float32) { s.Momentum(w, m, g, .6, .3, .1) }},
	{"Nesterov", 1, func(s *Set[float32], w, m, _, g []float32) { s.Nesterov(w, m, g, .6, .3, .1) }},
	{"RMSProp", 1, func(s *Set[float32], w, m, _, g []float32) { s.RMSProp(w, m, g, .2, .3, .05, .1) }},
	{"AdaGrad", 1, func(s *Set[float32], w, m, _, g []float32) { s.AdaGrad(w, m, g, .3, .05, .1) }},
	{"AdaDelta", 2, func(s *Set[float32], w, m, v, g []float32) { s.AdaDelta(w, m, v, g, .2, .3, .05, .1) }},
	{"Adam", 2, func(s *Set[float32], w, m, v, g []float32) { s.Adam(w, m, v, g, .4, .2, .3, 1.5, .05, .1, .7) }},
}

// TestUpdates compares them with the Go row. They must stay inside their slices, leave the gradient alone, and give an element the same bits in every
// run and at any position.
func TestUpdates(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		var fences [4]fence
		for i := range fences {
			fences[i] = newFence(t, longest)
		}
		for _, k := range updates {
			for _, n := range lengths() {
				var begin, x, want, parts [4][]float32
				random := rand.New(rand.NewPCG(5, uint64(n)))
				for i := range begin {
					begin[i] = make([]float32, n)
					for j := range begin[i] {
						begin[i][j] = random.Float32()*2 - 1
						if i == 1 || i == 2 {
							begin[i][j] = random.Float32() // A mean of squares is positive.
						}
						if n > 100 && random.IntN(200) == 0 {
							begin[i][j] = nan
						}
					}
					x[i] = fences[i].last(begin[i])
					want[i] = append([]float32{}, begin[i]...)
					parts[i] = append([]float32{}, begin[i]...)
				}
				k.run(s, x[0], x[1], x[2], x[3])
				k.run(Loops[float32](), want[0], want[1], want[2], want[3])
				for i, what := range []string{"weights", "first kept", "second kept", "gradient"} {
					fences[i].intact(t, n)
					mustMatch(t, k.name+"'s "+what, x[i], want[i], rounded)
				}
				mustMatch(t, k.name+"'s gradient", x[3], begin[3], sameBits)
				if k.kept < 2 {
					mustMatch(t, k.name+"'s second kept", x[2], begin[2], sameBits)
				}
				at := random.IntN(n + 1)
				k.run(s, parts[0][:at], parts[1][:at], parts[2][:at], parts[3][:at])
				k.run(s, parts[0][at:], parts[1][at:], parts[2][at:], parts[3][at:])
				for i := range parts {
					mustMatch(t, k.name+" in parts", x[i], parts[i], sameBits)
				}
			}
		}
	})
}

// rounded is same, or within some rounding errors of numbers around 1.
func rounded(got, want float32) bool {
	return same(got, want) || math.Abs(float64(got)-float64(want)) <= 5e-7*max(1, math.Abs(float64(want)))
}
