package compare

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/models"
)

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
		{func(a []npz.Array) []npz.Array { return append(a, number("W1", 1)) }, `"w1" and "W1" are names for the same thing`},
		{func(a []npz.Array) []npz.Array { return append(a, number("dense1.w", 1)) }, `are names for the same thing`},
		{func(a []npz.Array) []npz.Array { return append(a, number("conv1.w", 1)) }, "without a model all layers are dense"},
		{func(a []npz.Array) []npz.Array { return append(a, number("dw9", 1)) }, "dw9 belongs to layer 9, but there are weights for 3 layers"},
		{func(a []npz.Array) []npz.Array { return append(a, number("activation_", 1)) }, "unknown keys"},
		{func(a []npz.Array) []npz.Array { return append(a, number("lmbda", 1)) }, "lambda needs n"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "b1_after", Shape: []int{7}, Data: make([]float64, 7)})
		}, "need eta"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "eta", Shape: []int{2}, Data: []float64{1, 2}})
		}, "eta has the shape [2]; give one number"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "n", Shape: []int{}, Data: []string{"many"}})
		}, "numbers for everything else"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "mask3", Shape: []int{6, 4}, Data: make([]float64, 24)})
		}, "mask3 is the mask of dropout layer 3"},
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "mask1", Shape: []int{6, 4}, Data: make([]float64, 24)})
		}, "mask1 has the shape [6 4]"},
		{func(a []npz.Array) []npz.Array { return edited(a, "w1", func(x []float64) { x[5] = math.NaN() }) }, "w1: number 5 is NaN"},
		{func(a []npz.Array) []npz.Array { return edited(a, "x", func(x []float64) { x[0] = math.Inf(1) }) }, "x: number 0 is +Inf"},
		{without("x"), "no x or no y"}, {without("y"), "no x or no y"}, {without("w1"), "no weights of the first layer"},
		{without("w2"), "belongs to layer"}, {without("dw1", "dw2", "dw3", "db1", "db2", "db3"), "no gradients"},
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
		_, err = f.Check(t.Context(), nil, 0)
	}
	return path, err
}

// TestFileInterrupted: a search for mistakes can be given up.
func TestFileInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := (program{bug: "constant"}).complete()
	if f, err := file(t, p.begin().run().arrays(styles[0])).Check(ctx, nil, 0); f != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", f, err)
	}
}

// TestFileAny: no file makes the comparison panic, whatever its arrays are.
func TestFileAny(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	names := append(slices.Clone(Keys), "w2", "b2", "dw2", "db2", "w2_after", "w0", "mask2", "0/x", "1/w1", "dense1.w", "conv1.b.grad", "dropout1.mask")
	compared := 0
	for range 200 {
		p := program{sizes: []int{3, 2, 3}, m: 3, hidden: "sigmoid", loss: "quadratic", eta: 1, dropout: true}
		arrays := p.begin().run().arrays(styles[r.IntN(len(styles))])
		for range 1 + r.IntN(3) {
			var shape []int
			n := 1
			for range r.IntN(4) {
				d := r.IntN(5)
				shape, n = append(shape, d), n*d
			}
			a := npz.Array{Name: names[r.IntN(len(names))], Shape: shape}
			if r.IntN(3) > 0 { // One that is there, of other numbers, and perhaps turned or flat.
				a = arrays[r.IntN(len(arrays))]
				n = 1
				for _, d := range a.Shape {
					n *= d
				}
				switch a.Shape = slices.Clone(a.Shape); r.IntN(3) {
				case 0:
					slices.Reverse(a.Shape)
				case 1:
					a.Shape = []int{n}
				}
			}
			switch r.IntN(8) {
			case 0:
				a.Data = make([]uint8, n)
			case 1:
				a.Data = make([]float32, n)
			case 2:
				a.Data = slices.Repeat([]string{"sigmoid"}, n)
			default:
				x := make([]float64, n)
				for i := range x {
					x[i] = r.NormFloat64()
				}
				a.Data = x
			}
			arrays = append(without(a.Name)(arrays), a)
		}
		model := []*models.Model{nil, nil, nil, &small}[r.IntN(4)]
		f, _, err := written(t, arrays)
		if err == nil {
			if _, err = f.Check(t.Context(), model, 0); err == nil {
				compared++
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d files were compared", compared)
	}
}
