package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/models"
)

// census is what a program writes, and the model it is compared with, or nil.
type census struct {
	bug    string // empty: none
	also   string // a second one
	what   string
	arrays []npz.Array
	model  *models.Model
}

// mistakenBatches are programs with one mistake that take the mini-batch at once.
var mistakenBatches = []program{
	{bug: "eta-inside", eta: .3}, {bug: "eta-inside", eta: .01, loss: "log-likelihood"}, {bug: "mean-of-outputs", loss: "cross-entropy", sizes: []int{20, 7, 5}},
	{bug: "softmax-axis", loss: "log-likelihood"}, {bug: "softmax-of-all", loss: "log-likelihood"}, {bug: "softmax-twice", loss: "log-likelihood"},
	{bug: "softmax-twice", loss: "log-likelihood", through: true}, {bug: "softmax-of-activation", loss: "log-likelihood", hidden: "tanh"},
	{bug: "softmax-of-activation", loss: "log-likelihood", through: true}, {bug: "softmax-of-error", loss: "log-likelihood"},
	{bug: "softmax-diagonal", loss: "log-likelihood"}, {bug: "softmax-diagonal", softmax: true},
	{bug: "log-epsilon", loss: "log-likelihood", epsilon: 1e-3}, {bug: "log-epsilon", loss: "cross-entropy", epsilon: 1e-3},
	{bug: "error-handed-back"}, {bug: "error-handed-back", loss: "log-likelihood", hidden: "tanh"},
	{bug: "relu-at-zero", hidden: "relu", loss: "log-likelihood"},
	{bug: "other-slope", other: "tanh"}, {bug: "other-slope", hidden: "relu", other: "leaky-relu", loss: "cross-entropy"},
	{bug: "other-slope", hidden: "leaky-relu", other: "relu", loss: "log-likelihood"},
	{bug: "other-activation", other: "relu", loss: "cross-entropy"}, {bug: "other-activation", hidden: "relu", other: "leaky-relu", loss: "log-likelihood"},
	{bug: "other-forward", hidden: "relu", other: "leaky-relu", loss: "log-likelihood"}, {bug: "other-forward", hidden: "tanh", other: "sigmoid"},
	{bug: "other-mask-back", dropout: true, loss: "log-likelihood", sizes: []int{20, 9, 8, 4}}, {bug: "lambda-in-some-layers", lambda: 5, n: 100},
	{bug: "missing-prime", hidden: "leaky-relu", loss: "log-likelihood"}, {bug: "missing-output-prime", softmax: true},
}

// twice are programs with two mistakes, in different layers or of different kinds.
var twice = []program{
	{bug: "missing-output-prime", also: "half-prime", only: 3}, {bug: "missing-output-prime", also: "no-bias-gradient"},
	{bug: "missing-prime", also: "half-prime", only: 2, loss: "cross-entropy"}, {bug: "bias-forgotten", also: "sigma-for-prime", loss: "log-likelihood"},
	{bug: "labels-shifted", also: "bias-one-number", loss: "cross-entropy"}, {bug: "pixels", also: "missing-prime", loss: "log-likelihood"},
	{bug: "softmax-axis", also: "z-for-activation", loss: "log-likelihood"}, {bug: "softmax-twice", also: "no-bias-gradient", only: 1, loss: "log-likelihood"},
	{bug: "missing-output-prime", also: "bias-forgotten"}, {bug: "other-slope", other: "tanh", also: "no-bias-gradient", loss: "cross-entropy"},
	{bug: "missing-output-prime", also: "w-for-transpose", sizes: []int{12, 5, 5, 5}}, {bug: "error-handed-back", also: "bias-one-number", loss: "cross-entropy"},
	{bug: "softmax-of-all", also: "other-mask-back", dropout: true, loss: "log-likelihood", sizes: []int{20, 9, 8, 4}},
	{bug: "bias-forgotten", also: "lambda-in-some-layers", lambda: 5, n: 100}, {bug: "softmax-of-error", also: "pixels", loss: "log-likelihood"},
}

// factored are mistakes that come with a factor.
var factored = []program{
	{bug: "missing-prime", also: "mean-of-outputs", loss: "cross-entropy"}, {bug: "sigma-for-prime", also: "eta-inside", eta: .3, loss: "log-likelihood"},
	{bug: "half-prime", also: "sum", loss: "log-likelihood"},
}

// begun is the program of a seed, filled up.
func (p program) begun(seed int) *program {
	q := p.complete()
	q.seed = uint64(seed)
	q.begin()
	if q.bug == "relu-at-zero" {
		clear(q.w[0][:q.sizes[0]])
		q.b[0][0] = 0
	}
	return &q
}

// mistakenFiles are files of programs with one mistake each.
func mistakenFiles() []census {
	var all []census
	for seed, s := range styles {
		for _, p := range mistaken {
			q := p.begun(seed)
			all = append(all, census{bug: p.bug, what: s.name, arrays: q.told(q.run().arrays(s))})
		}
		for _, p := range mistakenBatches {
			q := p.begun(seed)
			c := census{bug: p.bug, what: s.name, arrays: q.told(q.batch().arrays(s))}
			if p.softmax {
				c.model = q.model() // A file that says quadratic can mean sigmoids.
			}
			all = append(all, c)
		}
		for _, f := range oddFiles {
			all = append(all, census{bug: f.bug, what: fmt.Sprintf("seed %d", seed), arrays: f.arrays(seed)})
		}
	}
	return all
}

// oddFiles are of mistakes that it takes more than one run to make.
var oddFiles = []struct {
	bug    string
	arrays func(seed int) []npz.Array
}{
	{"not-reset", notResetFile},
	{"no-lambda", func(seed int) []npz.Array {
		p := (program{loss: "cross-entropy", eta: .5, lambda: 5, n: 1000}).begun(seed)
		return p.step(p.told(p.run().arrays(styles[1])), "no-lambda")
	}},
	{"adam-uncorrected", func(seed int) []npz.Array {
		p := (program{loss: "cross-entropy", eta: .01}).begun(seed)
		return p.moved(p.told(p.run().arrays(styles[1])), "vm", func(w, g, v, m float64) float64 {
			m, v = .9*m+.1*g, .999*v+.001*g*g
			return w - .01*m/(math.Sqrt(v)+1e-8)
		})
	}},
	{"after-update", func(seed int) []npz.Array {
		p := (program{loss: "cross-entropy", eta: .5}).begun(seed)
		p.run()
		for l := range p.w {
			axpy(p.w[l], -p.eta, p.dw[l])
			axpy(p.b[l], -p.eta, p.db[l])
		}
		return p.told(p.arrays(styles[1]))
	}},
	{"factors", func(seed int) []npz.Array {
		p := (program{loss: "log-likelihood"}).begun(seed)
		p.run()
		p.dw[0], p.dw[1] = scaled(p.dw[0], 1.3), scaled(p.dw[1], .7)
		return p.told(p.arrays(styles[1]))
	}},
	{"cost", func(seed int) []npz.Array {
		p := (program{loss: "log-likelihood"}).begun(seed)
		p.run()
		return append(p.told(p.arrays(styles[1])), npz.Array{Name: "cost", Shape: []int{}, Data: []float64{2 * p.cost}})
	}},
	{"label-sum", func(seed int) []npz.Array {
		p := (program{loss: "log-likelihood", bug: "label-sum"}).begun(seed)
		for i, y := range p.y {
			for j := range y {
				y[j] = .5*y[j] + .03*float64(i+j)
			}
		}
		return p.told(p.run().arrays(styles[1]))
	}},
	{"float32", func(seed int) []npz.Array {
		p := (program{loss: "cross-entropy"}).begun(seed)
		p.run()
		for l := range p.w {
			toFloat32(p.dw[l])
			toFloat32(p.db[l])
		}
		return p.told(p.arrays(styles[1]))
	}},
}

// notResetFile has two steps, and in the gradients of the second those of the first.
func notResetFile(seed int) []npz.Array {
	first := (program{loss: "cross-entropy"}).begun(seed)
	first.run()
	second := (program{loss: "cross-entropy"}).begun(seed + 100)
	second.w, second.b = first.w, first.b
	second.run()
	for l := range second.w {
		axpy(second.dw[l], 1, first.dw[l])
		axpy(second.db[l], 1, first.db[l])
	}
	var all []npz.Array
	for i, p := range []*program{first, second} {
		for _, a := range p.arrays(styles[1]) {
			a.Name = fmt.Sprintf("%d/%s", i, a.Name)
			all = append(all, a)
		}
	}
	return first.told(all)
}

// decayed is λ/n, or 0.
func (p *program) decayed() float64 {
	if p.lambda == 0 {
		return 0
	}
	return p.lambda / p.n
}

// named is the name that the file's mistake gets, "differs" where it has none, or empty.
func (c census) named(t *testing.T) string {
	t.Helper()
	f, err := file(t, c.arrays).Check(t.Context(), c.model, 0)
	switch {
	case err != nil:
		t.Errorf("%s, %s: %v", c.bug, c.what, err)
		return "error"
	case f.Diagnosis != nil && f.Diagnosis.Beside != "":
		return f.Diagnosis.Name + " and " + f.Diagnosis.Beside
	case f.Diagnosis != nil:
		return f.Diagnosis.Name
	case f.First != nil:
		return "differs"
	}
	return ""
}

// tally is how many files a mistake was put into, and in how many it was named.
type tally struct{ files, found int }

var (
	counting sync.Once
	counts   map[string]tally
)

// countMistakes runs the mistaken programs, once for all tests.
func countMistakes(t *testing.T) map[string]tally {
	t.Helper()
	counting.Do(func() {
		counts = map[string]tally{}
		for _, c := range slices.Concat(mistakenFiles(), twiceFiles(), rightFiles()) {
			name := c.bug
			if c.also != "" {
				name = "two mistakes"
			}
			n := counts[name]
			n.files++
			if got := c.named(t); got == c.bug && c.also == "" || c.also != "" && (got == c.bug+" and "+c.also || got == c.also+" and "+c.bug) {
				n.found++
			} else {
				t.Errorf("%s %s, %s: %q", c.bug, c.also, c.what, got)
			}
			counts[name] = n
		}
	})
	return counts
}

// TestFileMistakes: each mistake is caught in every layout, and named, and so are two; no program without a mistake gets a name.
func TestFileMistakes(t *testing.T) {
	counts := countMistakes(t)
	for _, b := range Bugs {
		if n := counts[b.Name]; n.files < len(styles) || n.found != n.files {
			t.Errorf("%s: found in %d of %d", b.Name, n.found, n.files)
		}
	}
	if right := counts[""].files; right < 100 {
		t.Errorf("only %d right programs", right)
	}
}

// twiceFiles are files of programs with two mistakes.
func twiceFiles() []census {
	var all []census
	for seed, s := range styles {
		for i, p := range twice {
			if (seed+i)%2 > 0 {
				continue
			}
			q := p.begun(seed)
			all = append(all, census{bug: p.bug, also: p.also, what: s.name, arrays: q.told(q.batch().arrays(s))})
		}
	}
	return all
}

// TestFileFactor: a mistake is named with the factor that comes with it.
func TestFileFactor(t *testing.T) {
	for seed, s := range styles {
		for _, p := range factored {
			q := p.begun(seed)
			f, err := file(t, q.told(q.batch().arrays(s))).Check(t.Context(), nil, 0)
			if err != nil || f.Diagnosis == nil || f.Diagnosis.Name != p.bug || !strings.Contains(f.Diagnosis.Text, " Besides, ") {
				t.Errorf("%s, %s: %v, %+v", p.bug, s.name, err, f.Diagnosis)
			}
		}
	}
}

// rightFiles are files of programs without a mistake: of each activation and each output, in each layout, with and without λ, dropout,
// normalization, and with the steps of optimizers.
func rightFiles() []census {
	var all []census
	add := func(what string, arrays []npz.Array, m *models.Model) {
		all = append(all, census{what: what, arrays: arrays, model: m})
	}
	outputs := []program{{loss: "quadratic"}, {loss: "cross-entropy"}, {loss: "log-likelihood"}, {loss: "quadratic", softmax: true}, {loss: "quadratic", linear: true}}
	for i, hidden := range []string{"sigmoid", "tanh", "relu", "leaky-relu"} {
		for k, o := range outputs {
			for f, feature := range []program{{}, {dropout: true}, {lambda: 5, n: 100}, {lambda: 5, n: 100, inGradient: true}} {
				p := feature
				p.loss, p.softmax, p.linear, p.hidden = o.loss, o.softmax, o.linear, hidden
				seed := i + 4*k + 20*f
				q, s := p.begun(seed), styles[seed%len(styles)]
				arrays := q.batch().arrays(s)
				if seed%3 > 0 || p.hidden == "leaky-relu" { // of another slope than is tried without a name
					arrays = q.told(arrays)
				}
				add(fmt.Sprintf("%s, %+v, %s", hidden, o.loss, s.name), arrays, nil)
			}
			for n, norm := range []string{"batch", "layer"} {
				p := o
				p.hidden, p.norm = hidden, norm
				q := p.begun(n + 2*k + 10*i)
				add(hidden+", "+norm, q.batch().inModel(k%2 == 1), q.model())
			}
		}
		for name, arrays := range optimizedFiles(hidden, i) {
			add(hidden+", "+name, arrays, nil)
		}
	}
	return all
}

// model is the model of a program.
func (p *program) model() *models.Model {
	act := map[string]graph.Layer{"sigmoid": graph.Sigmoid, "tanh": graph.Tanh, "relu": graph.ReLU, "leaky-relu": graph.LeakyReLU{Slope: leak}}[p.hidden]
	var net graph.Seq
	for l := range p.w {
		if net = append(net, graph.Dense{Out: p.sizes[l+1]}); l == len(p.w)-1 {
			break
		}
		norm := map[string]graph.Layer{"batch": graph.BatchNorm{}, "layer": graph.LayerNorm{}}[p.norm]
		if net = append(net, act); norm != nil {
			net = slices.Insert(net, len(net)-1, norm)
		}
	}
	loss := map[string]*graph.Loss{"quadratic": graph.Quadratic, "cross-entropy": graph.CrossEntropy, "log-likelihood": graph.LogLikelihood}[p.loss]
	switch {
	case p.softmax:
		net = append(net, graph.Softmax)
	case p.loss == "quadratic" && !p.linear:
		net = append(net, graph.Sigmoid)
	}
	return &models.Model{Name: "normal", Net: net, Loss: loss, Input: graph.Shape{p.sizes[0]}}
}

// inModel are the arrays with the names of a model's parameters, or with short ones, and the running statistics before and after.
func (p *program) inModel(short bool) []npz.Array {
	all := p.arrays(styles[1])
	add := func(name, abbreviated string, x []float64) {
		if short {
			name = abbreviated
		}
		all = append(all, npz.Array{Name: name, Shape: []int{len(x)}, Data: x})
	}
	for l := range p.dgamma {
		name, n := fmt.Sprintf("%snorm%d.", p.norm, l+1), fmt.Sprint(l+1)
		add(name+"gamma", "gamma"+n, p.gamma[l])
		add(name+"beta", "beta"+n, p.shift[l])
		add(name+"gamma.grad", "dgamma"+n, p.dgamma[l])
		add(name+"beta.grad", "dbeta"+n, p.dbeta[l])
		if p.norm == "batch" {
			k, m := len(p.gamma[l]), float64(p.m)
			mean, variance, meanAfter, varianceAfter := make([]float64, k), make([]float64, k), make([]float64, k), make([]float64, k)
			for j := range k {
				mean[j], variance[j] = float64(j)/10, 1+float64(j)/20
				meanAfter[j] = .9*mean[j] + .1*p.means[l][j]
				varianceAfter[j] = .9*variance[j] + .1*m/(m-1)*(1/(p.spread[l][j]*p.spread[l][j])-1e-5)
			}
			add(name+"mean", "running_mean"+n, mean)
			add(name+"variance", "running_var"+n, variance)
			add(name+"mean.after", "running_mean"+n+"_after", meanAfter)
			add(name+"variance.after", "running_var"+n+"_after", varianceAfter)
		}
	}
	return all
}
