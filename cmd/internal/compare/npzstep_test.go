package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/npz"
)

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
		if mistake == "lambda-in-some-layers" && l == 1 {
			c = 0
		}
		w, b := make([]float64, len(p.w[l])), make([]float64, len(p.b[l]))
		for k := range w {
			w[k] = p.w[l][k] - rate*p.dw[l][k] - p.eta*c*p.w[l][k]
			if mistake == "sum" || mistake == "sign" || mistake == "mean-twice" {
				w[k] = p.w[l][k] - rate*(p.dw[l][k]+c*p.w[l][k])
			}
		}
		for j := range b {
			if b[j] = p.b[l][j] - rate*p.db[l][j]; mistake == "regularized-bias" {
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
	for _, mistake := range []string{"", "sum", "mean-twice", "sign", "no-lambda", "lambda-without-n", "lambda-sign", "lambda-by-batch", "lambda-per-example", "lambda-in-some-layers", "regularized-bias", "no-bias-gradient"} {
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
		f, err := file(t, p.told(all)).Check(t.Context(), nil, 0)
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
		f, err := file(t, arrays).Check(t.Context(), nil, 0)
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
