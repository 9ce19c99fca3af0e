package compare

import (
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
				f, err := file(t, arrays).Check(t.Context(), nil, 0)
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
	{bug: "regularized-bias", lambda: 5, n: 100}, {bug: "lambda-per-example", lambda: 5, n: 100}, {bug: "lambda-without-n", lambda: 5, n: 100},
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

// check is Check of what a program says of itself.
func (p *program) check(t *testing.T, change func([]npz.Array) []npz.Array) *Finding {
	t.Helper()
	f, err := file(t, change(p.told(p.arrays(styles[1])))).Check(t.Context(), nil, 0)
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

// TestFileSoft: labels may be any numbers. Those of the log-likelihood need not sum to 1, but then δ is not a−y.
func TestFileSoft(t *testing.T) {
	for _, c := range []struct {
		loss, bug string
	}{{"quadratic", ""}, {"cross-entropy", ""}, {"log-likelihood", ""}, {"log-likelihood", "label-sum"}} {
		for _, s := range styles {
			if s.plain {
				continue
			}
			p := (program{loss: c.loss, bug: c.bug, hidden: "tanh"}).complete()
			p.begin()
			for i, y := range p.y {
				for j := range y {
					y[j] = .5*y[j] + .03*float64(i+j)
				}
			}
			arrays := p.run().arrays(s)
			for _, told := range []bool{false, true} {
				if told {
					arrays = p.told(arrays)
				} else if c.bug != "" {
					continue // A softmax in place of sigmoids would explain it too.
				}
				f, err := file(t, arrays).Check(t.Context(), nil, 0)
				if err != nil {
					t.Fatal(err)
				}
				name := ""
				if f.Diagnosis != nil {
					name = f.Diagnosis.Name
				}
				limit := map[bool]float64{false: 1e-12, true: tolerance32}[s.single]
				if right := f.First == nil && f.Gradients < limit; right != (c.bug == "") || name != c.bug {
					t.Errorf("%s %s, %s: %v, %+v, %+v", c.loss, c.bug, s.name, f.Gradients, f.First, f.Diagnosis)
				}
			}
		}
	}
}

// TestFileSquare: where the labels are a square, they lie so that they are one-hot, also if the gradients do not tell.
func TestFileSquare(t *testing.T) {
	p := program{sizes: []int{10, 7, 10}, m: 10, hidden: "sigmoid", loss: "quadratic"}
	for _, s := range styles[:2] {
		q := p
		arrays := edited(q.begin().run().arrays(s), "dw2", func(x []float64) { x[1] *= 2 })
		f, err := file(t, arrays).Check(t.Context(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: "y (examples, out)", true: "y (out, examples)"}[s.columns]
		if !strings.HasSuffix(f.Layout, want) || f.First == nil || f.First.Tensor != "dw2" {
			t.Errorf("%s: %s, %+v", s.name, f.Layout, f.First)
		}
	}
}

// TestFileLost: what float32 loses next to 1 is no difference, and it is said.
func TestFileLost(t *testing.T) {
	for _, rounding := range []bool{true, false} {
		p := (program{rounding: rounding, large: 300}).complete()
		arrays := p.begin().run().arrays(styles[4])
		f, err := file(t, p.told(arrays)).Check(t.Context(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if f.First != nil || f.Diagnosis != nil || rounding != (f.Gradients > tolerance32) || rounding != strings.Contains(fmt.Sprint(f.Notes), "hides some gradients") {
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

// TestFileNoise: gradients that are wrong in no known way get no name, whatever the network and the type of the numbers.
func TestFileNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for k, kind := range []string{"noise", "one element", "random"} {
		for i, p := range sound {
			s := styles[(i+k)%len(styles)]
			if p.sizes[0] == 1 || s.plain && p.sizes[len(p.sizes)-1] == 1 {
				continue // Two numbers say nothing.
			}
			p.begin().run()
			for l := range p.dw {
				for _, g := range [][]float64{p.dw[l], p.db[l]} {
					spoil(g, kind, r)
				}
			}
			arrays := p.arrays(s)
			if p.sizes[0] == 784 { // There are many networks of those sizes to try.
				arrays = p.told(arrays)
			}
			f, err := file(t, arrays).Check(t.Context(), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			if f.First == nil || f.Diagnosis != nil {
				t.Errorf("%s, %v %s %s, %s: %+v, %+v", kind, p.sizes, p.hidden, p.loss, s.name, f.First, f.Diagnosis)
			}
		}
	}
}

// spoil makes a gradient wrong in no known way.
func spoil(g []float64, kind string, r *rand.Rand) {
	for k := range g {
		switch {
		case kind == "noise":
			g[k] *= 1 + .1*r.NormFloat64()
		case kind == "random":
			g[k] = r.NormFloat64()
		case k == 0:
			g[k]++
		}
	}
}

// TestFileSaturated: what float64 loses next to 1 is no difference either: here another order of multiplications is enough.
func TestFileSaturated(t *testing.T) {
	lost := 0
	for seed := range 30 {
		p := (program{softmax: true, large: 20, hidden: "leaky-relu"}).begun(seed)
		f, err := file(t, p.batch().arrays(styles[1])).Check(t.Context(), p.model(), 0)
		if err != nil || f.First != nil || f.Diagnosis != nil {
			t.Errorf("%d: %v, %+v, %+v", seed, err, f.First, f.Diagnosis)
		} else if f.Gradients > tolerance {
			lost++
		}
	}
	if lost == 0 {
		t.Error("nothing was lost")
	}
}

// TestLikeliest: rank before error, error before order, order among those that are about as good.
func TestLikeliest(t *testing.T) {
	for _, c := range []struct {
		all  []suspect
		bugs []int
	}{
		{nil, nil},
		{[]suspect{{bug: 3, rank: 1, err: 1e-15}, {bug: 5, err: 1e-10}}, []int{5}},
		{[]suspect{{bug: 3, err: 9e-5}, {bug: 5, err: 1e-7}}, []int{5}},
		{[]suspect{{bug: 5, err: 1e-7}, {bug: 3, err: 9e-7}}, []int{3, 5}},
		{[]suspect{{bug: 3, err: 1e-15, problem: 1}, {bug: 5, err: 1e-14}}, []int{5, 3}},
	} {
		var bugs []int
		for _, s := range likeliest(c.all) {
			bugs = append(bugs, s.bug)
		}
		if !slices.Equal(bugs, c.bugs) {
			t.Errorf("%v, want %v", bugs, c.bugs)
		}
	}
}
