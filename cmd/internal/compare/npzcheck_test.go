package compare

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/npz"
)

var styles = []style{
	{name: "book", bias: 1, columns: true},
	{name: "rows", inOut: true},
	{name: "torch", plain: true},
	{name: "columns", inOut: true, columns: true, bias: 2, from0: true},
	{name: "float32", inOut: true, single: true, bias: 2},
	{name: "float32 book", columns: true, single: true, bias: 1},
}

// sound are programs without a mistake.
var sound = []program{
	{sizes: []int{20, 7, 4}, m: 6, hidden: "sigmoid", loss: "quadratic"},
	{sizes: []int{20, 7, 4}, m: 6, hidden: "sigmoid", loss: "cross-entropy"},
	{sizes: []int{20, 7, 4}, m: 6, hidden: "relu", loss: "log-likelihood"},
	{sizes: []int{12, 5, 5, 5, 3}, m: 4, hidden: "tanh", loss: "cross-entropy"},
	{sizes: []int{12, 5, 3}, m: 4, hidden: "relu", loss: "quadratic", linear: true},
	{sizes: []int{10, 10, 10}, m: 10, hidden: "sigmoid", loss: "quadratic"}, // where every layout has one shape
	{sizes: []int{10, 10, 10, 10}, m: 10, hidden: "relu", loss: "log-likelihood"},
	{sizes: []int{2, 3, 1}, m: 4, hidden: "sigmoid", loss: "quadratic"},
	{sizes: []int{5, 3}, m: 1, hidden: "sigmoid", loss: "cross-entropy"},
	{sizes: []int{1, 1}, m: 1, hidden: "sigmoid", loss: "quadratic"},
	{sizes: []int{20, 7, 4}, m: 6, hidden: "sigmoid", loss: "cross-entropy", lambda: 5, n: 100},
	{sizes: []int{20, 7, 4}, m: 6, hidden: "sigmoid", loss: "cross-entropy", lambda: 5, n: 100, inGradient: true},
	{sizes: []int{20, 9, 9, 4}, m: 6, hidden: "relu", loss: "log-likelihood", dropout: true},
	{sizes: []int{784, 30, 10}, m: 10, hidden: "sigmoid", loss: "quadratic"},
}

// TestFileRight: no difference and no name for what is right, in every layout, whether the file says what network it is or not.
func TestFileRight(t *testing.T) {
	for _, p := range sound {
		for _, s := range styles {
			if s.plain && p.sizes[len(p.sizes)-1] == 1 {
				continue
			}
			for _, told := range []bool{true, false} {
				q := p
				arrays := q.begin().run().arrays(s)
				if told {
					arrays = q.told(arrays)
				}
				f, err := file(t, arrays).Check(nil, 0)
				if err != nil {
					t.Errorf("%v %s: %v", p.sizes, s.name, err)
					continue
				}
				what := fmt.Sprintf("%v %s, %s, %s, told %v, as %s", p.sizes, p.hidden, p.loss, s.name, told, f.Network)
				if f.First != nil || f.Diagnosis != nil {
					t.Errorf("%s: %+v, %+v", what, f.First, f.Diagnosis)
				}
				if limit := map[bool]float64{false: 1e-12, true: tolerance32}[s.single]; f.Gradients > limit {
					t.Errorf("%s: differs by %v", what, f.Gradients)
				}
			}
		}
	}
}

// mistaken are programs with one mistake each, which has the Bug's name.
var mistaken = []program{
	{bug: "sum"}, {bug: "mean-twice"}, {bug: "sign"}, {bug: "twice"}, {bug: "half"}, {bug: "mean-of-outputs"}, {bug: "constant"},
	{bug: "missing-output-prime", linear: false}, {bug: "label-subtracted"}, {bug: "labels-shifted"}, {bug: "labels-permuted"},
	{bug: "sigma-for-prime"}, {bug: "missing-prime"}, {bug: "prime-of-activation"}, {bug: "formula-of-z"}, {bug: "half-prime"},
	{bug: "transposed"}, {bug: "own-activation", sizes: []int{12, 5, 5, 4}}, {bug: "z-for-activation"}, {bug: "pixels"},
	{bug: "w-for-transpose", sizes: []int{12, 5, 5, 5}}, {bug: "prime-of-other-layer", sizes: []int{12, 5, 5, 4}},
	{bug: "no-bias-gradient"}, {bug: "bias-unsummed"}, {bug: "bias-sum"}, {bug: "bias-mean"}, {bug: "bias-one-number"}, {bug: "bias-one-example"},
	{bug: "bias-broadcast", sizes: []int{12, 6, 6}}, {bug: "bias-forgotten"}, {bug: "one-example"},
	{bug: "softmax-for-sigmoid"}, {bug: "decay"},
	{bug: "extra-output-prime", loss: "cross-entropy"}, {bug: "cost-derivative", loss: "cross-entropy"},
	{bug: "softmax-for-sigmoid", loss: "cross-entropy"}, {bug: "sigmoid-for-softmax", loss: "log-likelihood"},
	{bug: "sum", loss: "log-likelihood"}, {bug: "extra-output-prime", loss: "log-likelihood"}, {bug: "label-subtracted", loss: "log-likelihood"},
	{bug: "missing-prime", hidden: "relu", loss: "cross-entropy"}, {bug: "wrong-side", hidden: "relu", loss: "log-likelihood"},
	{bug: "relu-of-gradient", hidden: "relu", loss: "cross-entropy"}, {bug: "half-prime", hidden: "tanh", loss: "log-likelihood"},
	{bug: "no-mask-back", dropout: true, loss: "log-likelihood"}, {bug: "updated-w", m: 1, eta: .7},
	{bug: "regularised-bias", lambda: 5, n: 100}, {bug: "lambda-per-example", lambda: 5, n: 100}, {bug: "lambda-without-n", lambda: 5, n: 100},
	{bug: "l1-for-l2", lambda: 5, n: 100}, {bug: "bias-mean-twice"}, {bug: "bias-other-axis", sizes: []int{12, 6, 6}}, {bug: "other-labels"},
	{bug: "unscaled-mask-back", dropout: true, hidden: "relu"}, {bug: "other-layer", sizes: []int{12, 5, 5, 5, 4}},
	{bug: "lambda-sign", lambda: 5, n: 100}, {bug: "lambda-by-batch", lambda: 5, n: 100}, {bug: "lambda-twice", lambda: 5, n: 100},
}

// complete fills what a mistaken program does not say.
func (p program) complete() program {
	if p.sizes == nil {
		p.sizes = []int{20, 7, 5, 4}
	}
	if p.m == 0 {
		p.m = 6
	}
	if p.hidden == "" {
		p.hidden = "sigmoid"
	}
	if p.loss == "" {
		p.loss = "quadratic"
	}
	return p
}

// TestFileMistakes: each mistake is caught in every layout, and named. All that have names are here, but for those of other tests.
func TestFileMistakes(t *testing.T) {
	seen := map[string]bool{"no-lambda": true, "after-update": true, "factors": true, "cost": true, "float32": true}
	for _, p := range mistaken {
		seen[p.bug] = true
		for _, s := range styles {
			q := p.complete()
			f, err := file(t, q.told(q.begin().run().arrays(s))).Check(nil, 0)
			if err != nil {
				t.Errorf("%s, %s: %v", p.bug, s.name, err)
				continue
			}
			if f.First == nil {
				t.Errorf("%s, %s: not seen", p.bug, s.name)
			}
			if f.Diagnosis == nil || f.Diagnosis.Name != p.bug {
				t.Errorf("%s, %s: %+v", p.bug, s.name, f.Diagnosis)
			}
		}
	}
	for _, b := range Bugs {
		if !seen[b.Name] {
			t.Errorf("%s has no program", b.Name)
		}
	}
}

// check is Check of what a program says of itself.
func (p *program) check(t *testing.T, change func([]npz.Array) []npz.Array) *Finding {
	t.Helper()
	f, err := file(t, change(p.told(p.arrays(styles[1])))).Check(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func unchanged(arrays []npz.Array) []npz.Array { return arrays }

// edited changes the array of that name.
func edited(arrays []npz.Array, name string, f func(x []float64)) []npz.Array {
	for i, a := range arrays {
		if a.Name == name {
			x := slices.Clone(a.Data.([]float64))
			f(x)
			arrays[i].Data = x
		}
	}
	return arrays
}

// TestFileUnknown: what has no name gets none, and the first wrong tensor is found from the output backwards.
func TestFileUnknown(t *testing.T) {
	p := (program{}).complete()
	p.begin().run()
	f := p.check(t, func(arrays []npz.Array) []npz.Array {
		arrays = edited(arrays, "dw2", func(x []float64) { x[3] *= 1.5 })
		return edited(arrays, "db1", func(x []float64) { x[0], x[1], x[2] = 1, 2, 4 })
	})
	if f.Diagnosis != nil || f.First == nil || f.First.Tensor != "dw2" || !f.First.Gradient {
		t.Errorf("%+v, %+v", f.First, f.Diagnosis)
	}
	var names, wrong []string
	for _, c := range f.Tensors {
		if names = append(names, c.Name); !c.Same {
			wrong = append(wrong, c.Name)
		}
	}
	if got := strings.Join(names, " ") + ": " + strings.Join(wrong, " "); got != "db3 dw3 db2 dw2 db1 dw1: dw2 db1" {
		t.Error(got)
	}
	f = p.check(t, func(arrays []npz.Array) []npz.Array {
		return edited(arrays, "dw3", func(x []float64) { x[0] = math.NaN() })
	})
	if f.Diagnosis != nil || f.First == nil || f.First.Tensor != "dw3" || !math.IsInf(f.Gradients, 1) {
		t.Errorf("NaN: %+v, %+v", f.First, f.Diagnosis)
	}
}

// TestFileSquare: where the labels are a square, they lie so that they are one-hot, also if the gradients do not tell.
func TestFileSquare(t *testing.T) {
	p := program{sizes: []int{10, 7, 10}, m: 10, hidden: "sigmoid", loss: "quadratic"}
	for _, s := range styles[:2] {
		q := p
		arrays := edited(q.begin().run().arrays(s), "dw2", func(x []float64) { x[1] *= 2 })
		f, err := file(t, arrays).Check(nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: "y (examples, out)", true: "y (out, examples)"}[s.columns]
		if !strings.HasSuffix(f.Reading, want) || f.First == nil || f.First.Tensor != "dw2" {
			t.Errorf("%s: %s, %+v", s.name, f.Reading, f.First)
		}
	}
}

// TestFileLost: what float32 loses next to 1 is no difference, and it is said.
func TestFileLost(t *testing.T) {
	for _, rounding := range []bool{true, false} {
		p := (program{rounding: rounding, large: 300}).complete()
		arrays := p.begin().run().arrays(styles[4])
		f, err := file(t, p.told(arrays)).Check(nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if f.First != nil || f.Diagnosis != nil || rounding != (f.Gradients > tolerance32) || rounding != strings.Contains(fmt.Sprint(f.Notes), "lost in the rounding") {
			t.Errorf("%v: %v, %+v, %+v, %v", rounding, f.Gradients, f.First, f.Diagnosis, f.Notes)
		}
	}
}

// TestFilePlace: a mistake in one place is told from one everywhere, and one beside a factor from both.
func TestFilePlace(t *testing.T) {
	for _, c := range []struct {
		p          program
		also       string // another mistake
		name, text string
	}{
		{program{bug: "sigma-for-prime", only: 1, sizes: []int{20, 7, 6, 4}, loss: "cross-entropy"}, "", "sigma-for-prime", "in hidden layer 1 only"},
		{program{bug: "missing-prime", only: 2, sizes: []int{20, 7, 6, 4}, loss: "cross-entropy"}, "", "missing-prime", "in hidden layer 2 only"},
		{program{bug: "missing-prime", sizes: []int{20, 7, 6, 4}, loss: "cross-entropy"}, "", "missing-prime", "in the hidden layers."},
		{program{bug: "missing-prime"}, "", "missing-prime", "in the hidden layers and at the output."},
		{program{bug: "missing-prime", loss: "cross-entropy"}, "sum", "missing-prime", "Besides, 1/m is missing."},
		{program{bug: "missing-output-prime"}, "sum", "missing-output-prime", "Besides, 1/m is missing."},
		{program{bug: "bias-forgotten"}, "uphill", "bias-forgotten", "Besides, the sign is wrong."},
		{program{}, "db2 zero", "no-bias-gradient", "with db2."},
		{program{}, "dw1 turned", "transposed", "with dw1."},
		{program{}, "db1 rows", "bias-unsummed", "a row for each example"}, // which have 1/m already
		{program{}, "dw2 uphill", "factors", "dw2 by -1."},
		{program{}, "constant", "constant", "It is 1.7."},
	} {
		p := c.p.complete()
		p.begin().run()
		f := p.check(t, func(arrays []npz.Array) []npz.Array {
			for _, a := range slices.Clone(arrays) {
				by := map[string]float64{"sum": float64(p.m), "uphill": -1, "constant": 1.7}[c.also]
				if c.also == "dw2 uphill" && a.Name == "dw2" {
					by = -1
				}
				if by != 0 && strings.HasPrefix(a.Name, "d") {
					arrays = edited(arrays, a.Name, func(x []float64) { copy(x, scaled(x, by)) })
				}
			}
			if c.also == "db2 zero" {
				arrays = edited(arrays, "db2", func(x []float64) { clear(x) })
			}
			if c.also == "db1 rows" {
				var rows []float64
				for i := range p.m {
					rows = append(rows, scaled(p.δ[i][0], 1/float64(p.m))...)
				}
				i := slices.IndexFunc(arrays, func(a npz.Array) bool { return a.Name == "db1" })
				arrays[i].Shape, arrays[i].Data = []int{p.m, p.sizes[1]}, rows
			}
			if c.also == "dw1 turned" {
				i := slices.IndexFunc(arrays, func(a npz.Array) bool { return a.Name == "dw1" })
				a := arrays[i]
				arrays[i] = npz.Array{Name: a.Name, Shape: []int{a.Shape[1], a.Shape[0]}, Data: turned(a.Data.([]float64), a.Shape[0])}
			}
			return arrays
		})
		if d := f.Diagnosis; d == nil || d.Name != c.name || !strings.Contains(d.Text, c.text) {
			t.Errorf("%s %s: %+v, want %s, %q", c.p.bug, c.also, d, c.name, c.text)
		}
	}
}

// step adds to the arrays the weights after a step, made with a mistake.
func (p *program) step(arrays []npz.Array, mistake string) []npz.Array {
	rate, m := p.eta, float64(p.m)
	decay := map[string]float64{"no-lambda": 0, "lambda-without-n": p.lambda, "lambda-sign": -p.lambda / p.n, "lambda-by-batch": p.lambda / m, "lambda-per-example": m * p.lambda / p.n}
	switch mistake {
	case "sum":
		rate *= m
	case "mean-twice":
		rate /= m
	case "sign":
		rate = -rate
	}
	for l := range p.w {
		c, ok := decay[mistake]
		if !ok {
			c = p.lambda / p.n
		}
		w, b := make([]float64, len(p.w[l])), make([]float64, len(p.b[l]))
		for k := range w {
			w[k] = p.w[l][k] - rate*p.dw[l][k] - p.eta*c*p.w[l][k]
			if mistake == "sum" || mistake == "sign" || mistake == "mean-twice" {
				w[k] = p.w[l][k] - rate*(p.dw[l][k]+c*p.w[l][k])
			}
		}
		for j := range b {
			if b[j] = p.b[l][j] - rate*p.db[l][j]; mistake == "regularised-bias" {
				b[j] -= p.eta * c * p.b[l][j]
			}
			if mistake == "no-bias-gradient" {
				b[j] = p.b[l][j]
			}
		}
		arrays = append(arrays, npz.Array{Name: fmt.Sprintf("w%d_after", l+1), Shape: []int{p.sizes[l], p.sizes[l+1]}, Data: turned(w, p.sizes[l+1])},
			npz.Array{Name: fmt.Sprintf("b%d_new", l+1), Shape: []int{p.sizes[l+1]}, Data: b})
	}
	return arrays
}

// TestFileUpdate: mistakes in the step itself are named too, with or without gradients in the file.
func TestFileUpdate(t *testing.T) {
	for _, mistake := range []string{"", "sum", "mean-twice", "sign", "no-lambda", "lambda-without-n", "lambda-sign", "lambda-by-batch", "lambda-per-example", "regularised-bias", "no-bias-gradient"} {
		for _, alone := range []bool{false, true} {
			p := (program{loss: "cross-entropy", eta: .5, lambda: 5, n: 1000}).complete()
			p.begin().run()
			f := p.check(t, func(arrays []npz.Array) []npz.Array {
				arrays = p.step(arrays, mistake)
				if alone {
					arrays = slices.DeleteFunc(arrays, func(a npz.Array) bool { return strings.HasPrefix(a.Name, "d") })
				}
				return arrays
			})
			name := ""
			if f.Diagnosis != nil {
				name = f.Diagnosis.Name
			}
			if name != mistake || (f.First == nil) != (mistake == "") || f.First != nil && f.First.Gradient {
				t.Errorf("%q, alone %v: %+v, %+v", mistake, alone, f.First, f.Diagnosis)
			}
			if mistake == "" && f.Weights > 1e-14 {
				t.Errorf("weights differ by %v", f.Weights)
			}
		}
	}
}

// TestFileSteps compares a sequence of steps, in which the weights after a step are those of the next.
func TestFileSteps(t *testing.T) {
	for _, wrong := range []string{"", "gradient", "weight"} {
		var all []npz.Array
		p := (program{loss: "cross-entropy", eta: .5}).complete()
		p.begin()
		for k := range 4 {
			p.bug = ""
			if k == 2 && wrong == "gradient" {
				p.bug = "sigma-for-prime"
			}
			for _, a := range p.run().arrays(styles[1]) {
				data := a.Data
				if x, ok := data.([]float64); ok {
					data = slices.Clone(x)
				}
				if a.Name != "eta" {
					a.Name = fmt.Sprintf("step%d/%s", k+8, a.Name)
				} else if k > 0 {
					continue
				}
				all = append(all, npz.Array{Name: a.Name, Shape: a.Shape, Data: data})
			}
			for l := range p.w {
				axpy(p.w[l], -p.eta, p.dw[l])
				axpy(p.b[l], -p.eta, p.db[l])
			}
			if k == 1 && wrong == "weight" {
				p.w[1][0] += 1e-5
			}
		}
		f, err := file(t, p.told(all)).Check(nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if f.Steps != 4 || f.Examples != 6 || len(f.Tensors) != 12 {
			t.Errorf("%+v", f)
		}
		switch wrong {
		case "":
			if f.First != nil || f.Diagnosis != nil || f.Gradients > 1e-12 || f.Weights > 1e-13 {
				t.Errorf("%+v, %+v", f.First, f.Diagnosis)
			}
		case "gradient":
			if f.First == nil || f.First.Step != 10 || f.First.Tensor != "db2" || f.Diagnosis == nil || f.Diagnosis.Name != "sigma-for-prime" {
				t.Errorf("%+v, %+v", f.First, f.Diagnosis)
			}
		case "weight":
			if f.First == nil || f.First.Step != 9 || f.First.Gradient || f.First.Tensor != "dense2.w after" || f.Diagnosis != nil {
				t.Errorf("%+v, %+v", f.First, f.Diagnosis)
			}
		}
	}
}

// TestFileAfter: gradients at other weights than those in the file.
func TestFileAfter(t *testing.T) {
	p := (program{loss: "cross-entropy", eta: .5}).complete()
	p.begin().run()
	before := slices.Clone(p.w)
	for l := range p.w {
		p.w[l], p.b[l] = slices.Clone(p.w[l]), slices.Clone(p.b[l])
		axpy(p.w[l], -p.eta, p.dw[l])
		axpy(p.b[l], -p.eta, p.db[l])
	}
	if f := p.check(t, unchanged); f.Diagnosis == nil || f.Diagnosis.Name != "after-update" { // The file was written too late.
		t.Errorf("%+v", f.Diagnosis)
	}
	b := p.b
	p.run() // gradients at the weights after the step, in a file with those before
	p.w = before
	for l := range b {
		p.b[l] = slices.Clone(b[l])
	}
	q := (program{loss: "cross-entropy", eta: .5}).complete()
	q.begin()
	p.b = q.b
	if f := p.check(t, unchanged); f.Diagnosis == nil || f.Diagnosis.Name != "after-update" {
		t.Errorf("%+v", f.Diagnosis)
	}
}

// TestFileFloat32Inside: rounding of float32 in a file of float64 is said, and is no difference.
func TestFileFloat32Inside(t *testing.T) {
	p := (program{}).complete()
	p.begin().run()
	f := p.check(t, func(arrays []npz.Array) []npz.Array {
		for _, a := range slices.Clone(arrays) {
			if strings.HasPrefix(a.Name, "d") {
				arrays = edited(arrays, a.Name, func(x []float64) {
					for i, v := range x {
						x[i] = float64(float32(v))
					}
				})
			}
		}
		return arrays
	})
	if f.First != nil || f.Diagnosis == nil || f.Diagnosis.Name != "float32" {
		t.Errorf("%+v, %+v", f.First, f.Diagnosis)
	}
}

// TestFileCost compares the cost, which also tells which network it is of.
func TestFileCost(t *testing.T) {
	for _, c := range []struct {
		loss, hidden string
		by           float64
		network      string // empty: not the same
	}{
		{"quadratic", "sigmoid", 1, "20-7-5-4, sigmoid, sigmoid output, quadratic cost"},
		{"cross-entropy", "tanh", 1, "20-7-5-4, tanh, sigmoid output, cross-entropy cost"},
		{"log-likelihood", "relu", 1, "20-7-5-4, relu, softmax output, log-likelihood cost"},
		{"quadratic", "sigmoid", 6, ""},
		{"quadratic", "sigmoid", -1, "20-7-5-4, sigmoid, sigmoid output, quadratic cost"}, // with the term of λ
	} {
		p := (program{loss: c.loss, hidden: c.hidden, bug: "missing-output-prime"}).complete()
		if c.loss != "quadratic" || c.network == "" {
			p.bug = ""
		}
		if c.by < 0 {
			c.by, p.lambda, p.n = 1, 50, 10
		}
		p.begin().run()
		for _, w := range p.w {
			for _, v := range w {
				if p.lambda != 0 {
					p.cost += p.lambda / p.n / 2 * v * v
				}
			}
		}
		arrays := append(p.arrays(styles[0]), npz.Array{Name: "cost", Shape: []int{}, Data: []float64{c.by * p.cost}})
		f, err := file(t, arrays).Check(nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case c.network == "" && (f.Diagnosis == nil || f.Diagnosis.Name != "cost" || !strings.HasSuffix(f.Diagnosis.Text, "Besides, 1/m is missing.") || f.First.Tensor != "cost"):
			t.Errorf("%+v, %+v", f.First, f.Diagnosis)
		case c.network != "" && f.Network != c.network:
			t.Errorf("%s for %s", f.Network, c.network)
		case p.bug != "" && (f.Diagnosis == nil || f.Diagnosis.Name != p.bug):
			t.Errorf("%+v, %+v", f.First, f.Diagnosis)
		}
	}
}

// TestFileBytes: bytes are divided by 256, and it is said when a program divides by 255.
func TestFileBytes(t *testing.T) {
	for _, c := range []struct{ bug, diagnosis string }{{"", ""}, {"pixels", "pixels"}} {
		p := (program{bug: c.bug, loss: "cross-entropy"}).complete()
		p.begin().run()
		f := p.check(t, func(arrays []npz.Array) []npz.Array {
			bytes := make([]uint8, len(arrays[0].Data.([]float64)))
			for i, v := range arrays[0].Data.([]float64) {
				bytes[i] = uint8(v * 256)
			}
			arrays[0].Data = bytes
			return arrays
		})
		if (f.Diagnosis == nil) != (c.diagnosis == "") || f.Diagnosis != nil && f.Diagnosis.Name != c.diagnosis {
			t.Errorf("%q: %+v", c.bug, f.Diagnosis)
		}
		if !slices.ContainsFunc(f.Notes, func(n string) bool { return strings.Contains(n, "byte/256") }) {
			t.Errorf("%v", f.Notes)
		}
	}
	p := (program{}).complete()
	p.begin()
	for _, x := range p.x {
		for j := range x {
			x[j] *= 256. / 255
		}
	}
	p.x[0][0] = 1
	if f := p.run().check(t, unchanged); f.First != nil || !strings.Contains(fmt.Sprint(f.Notes), "x looks like byte/255") {
		t.Errorf("%+v, %v", f.First, f.Notes)
	}
}

// TestFileErrors: what cannot be compared is said, with the file's name.
func TestFileErrors(t *testing.T) {
	number := func(name string, x float64) npz.Array {
		return npz.Array{Name: name, Shape: []int{}, Data: []float64{x}}
	}
	for _, c := range []struct {
		change func([]npz.Array) []npz.Array
		want   string
	}{
		{func(a []npz.Array) []npz.Array { return nil }, "no arrays"},
		{func(a []npz.Array) []npz.Array { return append(a, number("learning", 1)) }, `unknown keys ["learning"]`},
		{func(a []npz.Array) []npz.Array { return append(a, number("W1", 1)) }, `"w1" and "W1" are two names of one thing`},
		{func(a []npz.Array) []npz.Array { return append(a, number("dense1.w", 1)) }, `are two names of one thing`},
		{func(a []npz.Array) []npz.Array { return append(a, number("conv1.w", 1)) }, "without a model all layers are dense"},
		{func(a []npz.Array) []npz.Array { return append(a, number("dw9", 1)) }, "dw9 is of layer 9, and there are weights of 3 layers"},
		{func(a []npz.Array) []npz.Array { return append(a, number("activation_", 1)) }, "unknown keys"},
		{func(a []npz.Array) []npz.Array { return append(a, number("lmbda", 1)) }, "lambda needs n"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "b1_after", Shape: []int{7}, Data: make([]float64, 7)})
		}, "need eta"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "eta", Shape: []int{2}, Data: []float64{1, 2}})
		}, "eta has the shape [2]; it is one number"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "n", Shape: []int{}, Data: []string{"many"}})
		}, "all else has numbers"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "mask3", Shape: []int{6, 4}, Data: make([]float64, 24)})
		}, "mask3 is the mask of dropout layer 3"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "mask1", Shape: []int{6, 4}, Data: make([]float64, 24)})
		}, "mask1 has the shape [6 4]"},
		{func(a []npz.Array) []npz.Array { return edited(a, "w1", func(x []float64) { x[5] = math.NaN() }) }, "w1: number 5 is NaN"},
		{func(a []npz.Array) []npz.Array { return edited(a, "x", func(x []float64) { x[0] = math.Inf(1) }) }, "x: number 0 is +Inf"},
		{without("x"), "no x or no y"}, {without("y"), "no x or no y"}, {without("w1"), "no weights of the first layer"},
		{without("w2"), "is of layer"}, {without("dw1", "dw2", "dw3", "db1", "db2", "db3"), "no gradients"},
		{reshaped("x", 5, 24), "x has the shape [5 24]"}, {reshaped("y", 8, 3), "y has the shape [8 3]"}, {reshaped("w2", 5, 7), "w2 has the shape [5 7]"},
		{reshaped("w2", 35), "w2 has the shape [35]"}, {reshaped("b1", 1, 7, 1, 1), ""}, {reshaped("dw1", 14, 10), "dw1 has the shape [14 10]"},
		{reshaped("w1", 2, 10, 7), "w1 has the shape [2 10 7]; the weights of a dense layer are a matrix"},
	} {
		p := (program{}).complete()
		arrays := c.change(p.begin().run().arrays(styles[1]))
		path, err := checked(t, arrays)
		if c.want == "" && err == nil {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	var unknown *UnknownKeysError
	if _, err := checked(t, []npz.Array{number("a", 1), number("b", 2)}); !errors.As(err, &unknown) || !slices.Equal(unknown.Keys, []string{"a", "b"}) {
		t.Errorf("%v", err)
	}
}

// without leaves out arrays.
func without(names ...string) func([]npz.Array) []npz.Array {
	return func(arrays []npz.Array) []npz.Array {
		return slices.DeleteFunc(arrays, func(a npz.Array) bool { return slices.Contains(names, a.Name) })
	}
}

// reshaped gives an array another shape.
func reshaped(name string, shape ...int) func([]npz.Array) []npz.Array {
	return func(arrays []npz.Array) []npz.Array {
		for i, a := range arrays {
			if a.Name == name {
				n := 1
				for _, d := range shape {
					n *= d
				}
				x := a.Data.([]float64)
				arrays[i] = npz.Array{Name: name, Shape: shape, Data: slices.Repeat(x, n/len(x)+1)[:n]}
			}
		}
		return arrays
	}
}

// checked is the error of reading and checking a file, and its path.
func checked(t *testing.T, arrays []npz.Array) (path string, err error) {
	t.Helper()
	f, path, err := written(t, arrays)
	if err == nil {
		_, err = f.Check(nil, 0)
	}
	return path, err
}

// TestFileNoise: gradients that are wrong in no known way get no name, whatever the network and the type of the numbers.
func TestFileNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, kind := range []string{"noise", "one element", "random"} {
		for _, p := range sound {
			if len(p.sizes) == 2 && p.sizes[0] == 1 {
				continue // Two numbers say nothing.
			}
			for _, s := range styles {
				if s.plain && p.sizes[len(p.sizes)-1] == 1 {
					continue
				}
				q := p
				q.begin().run()
				for l := range q.dw {
					for _, g := range [][]float64{q.dw[l], q.db[l]} {
						for k := range g {
							switch kind {
							case "noise":
								g[k] *= 1 + .1*r.NormFloat64()
							case "one element":
								if k == 0 {
									g[k] += 1
								}
							case "random":
								g[k] = r.NormFloat64()
							}
						}
					}
				}
				arrays := q.arrays(s)
				if p.sizes[0] == 784 { // There are many networks of those sizes to try.
					arrays = q.told(arrays)
				}
				f, err := file(t, arrays).Check(nil, 0)
				if err != nil {
					t.Fatal(err)
				}
				if f.First == nil || f.Diagnosis != nil {
					t.Errorf("%s, %v %s %s, %s: %+v, %+v", kind, p.sizes, p.hidden, p.loss, s.name, f.First, f.Diagnosis)
				}
			}
		}
	}
}
