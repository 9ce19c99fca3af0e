package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/npz"
)

// moved adds the weights after a step of an optimizer, from the gradient with the term of λ and from what was kept, which it draws and
// writes if their names, after which the number of the layer comes, are in kept: v or mv.
func (p *program) moved(arrays []npz.Array, kept string, f func(w, g, v, m float64) float64) []npz.Array {
	r := newRand(p.seed)
	for l := range p.w {
		for _, t := range []struct {
			name  string
			shape []int
			w, g  []float64
			decay float64
		}{
			{"w", []int{p.sizes[l], p.sizes[l+1]}, turned(p.w[l], p.sizes[l+1]), turned(p.dw[l], p.sizes[l+1]), p.decayed()},
			{"b", []int{p.sizes[l+1]}, p.b[l], p.db[l], 0},
		} {
			after, v, m := make([]float64, len(t.w)), make([]float64, len(t.w)), make([]float64, len(t.w))
			for k, w := range t.w {
				if kept != "" {
					v[k], m[k] = r.Float64()/10, r.NormFloat64()/10
				}
				after[k] = f(w, t.g[k]+t.decay*w, v[k], m[k])
			}
			name := fmt.Sprintf("%s%d", t.name, l+1)
			arrays = append(arrays, npz.Array{Name: name + "_after", Shape: t.shape, Data: after})
			if strings.Contains(kept, "v") {
				arrays = append(arrays, npz.Array{Name: "v" + name, Shape: t.shape, Data: v})
			}
			if strings.Contains(kept, "m") {
				arrays = append(arrays, npz.Array{Name: "m" + name, Shape: t.shape, Data: m})
			}
		}
	}
	return arrays
}

// optimizedFiles have steps of optimizers.
func optimizedFiles(hidden string, seed int) map[string][]npz.Array {
	p := (program{loss: "cross-entropy", hidden: hidden, eta: .05, lambda: 5, n: 1000}).begun(seed)
	told := p.told(p.batch().arrays(styles[1]))
	all := map[string][]npz.Array{}
	for _, o := range optimized {
		all[o.name] = p.moved(slices.Clone(told), o.kept, o.step)
	}
	return all
}

// optimized are rules of η = 0.05.
var optimized = []struct {
	name, kept, note string
	step             func(w, g, v, m float64) float64
}{
	{"momentum of the book", "v", "momentum 0.9", func(w, g, v, _ float64) float64 { return w + .9*v - .05*g }},
	{"momentum of PyTorch", "v", "momentum 0.5", func(w, g, v, _ float64) float64 { return w - .05*(.5*v+g) }},
	{"momentum as a mean", "v", "momentum 0.9", func(w, g, v, _ float64) float64 { return w - .05*(.9*v+.1*g) }},
	{"Nesterov", "v", "Nesterov's momentum 0.9", func(w, g, v, _ float64) float64 { return w - .05*(g+.9*(.9*v+g)) }},
	{"Nesterov, first step", "", "Nesterov's momentum 0.9", func(w, g, _, _ float64) float64 { return w - .05*1.9*g }},
	{"Adam", "", "Adam (β₁ 0.9, β₂ 0.999, ε 1e-08)", func(w, g, _, _ float64) float64 { return w - .05*g/(math.Abs(g)+1e-8) }},
	{"RMSProp", "v", "RMSProp (α 0.9, ε 1e-08)", func(w, g, v, _ float64) float64 { return w - .05*g/(math.Sqrt(.9*v+.1*g*g)+1e-8) }},
	{"AdaGrad", "v", "AdaGrad (ε 1e-08)", func(w, g, v, _ float64) float64 { return w - .05*g/(math.Sqrt(v+g*g)+1e-8) }},
	{"Adam with m and v", "vm", "Adam (β₁ 0.9, β₂ 0.999, ε 1e-08)", func(w, g, v, m float64) float64 {
		m, v = .9*m+.1*g, .999*v+.001*g*g
		return w - .05*(m/.1)/(math.Sqrt(v/.001)+1e-8)
	}},
}

// TestFileOptimizers: the weights after a step of an optimizer are right, and it is said whose they are.
func TestFileOptimizers(t *testing.T) {
	for seed, hidden := range []string{"sigmoid", "relu"} {
		files := optimizedFiles(hidden, seed)
		for _, o := range optimized {
			for _, alone := range []bool{false, true} {
				arrays := files[o.name]
				if alone {
					arrays = slices.DeleteFunc(slices.Clone(arrays), func(a npz.Array) bool { return strings.HasPrefix(a.Name, "d") })
				}
				f, err := file(t, arrays).Check(t.Context(), nil, 0)
				if err != nil {
					t.Fatal(err)
				}
				if f.First != nil || f.Diagnosis != nil || !strings.Contains(strings.Join(f.Notes, "\n"), o.note) {
					t.Errorf("%s, alone %v: %+v, %+v, %q", o.name, alone, f.First, f.Diagnosis, f.Notes)
				}
			}
		}
	}
}
