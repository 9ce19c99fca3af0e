package compare

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/internal/npz"
)

// style is how a program lays its arrays out in a file.
type style struct {
	name           string
	inOut, columns bool // weights (in, out); x and y with an example a column
	bias           int  // 0: (n), 1: (n, 1), 2: (1, n)
	plain          bool // labels as numbers
	single         bool // float32
	from0          bool // layers count from 0
}

// arrays are the file's.
func (p *program) arrays(s style) []npz.Array {
	var all []npz.Array
	add := func(name string, shape []int, x []float64) {
		if s.single {
			y := make([]float32, len(x))
			for i, v := range x {
				y[i] = float32(v)
			}
			all = append(all, npz.Array{Name: name, Shape: shape, Data: y})
			return
		}
		all = append(all, npz.Array{Name: name, Shape: shape, Data: x})
	}
	examples := func(name string, x [][]float64) {
		if n := len(x[0]); s.columns {
			add(name, []int{n, p.m}, turned(slices.Concat(x...), p.m))
		} else {
			add(name, []int{p.m, n}, slices.Concat(x...))
		}
	}
	examples("x", p.x)
	if s.plain {
		labels := make([]int64, p.m)
		for i, l := range p.label {
			labels[i] = int64(l)
		}
		all = append(all, npz.Array{Name: "y", Shape: []int{p.m}, Data: labels})
	} else {
		examples("y", p.y)
	}
	for l := range p.w {
		in, out := p.sizes[l], p.sizes[l+1]
		number := string(rune('1' + l))
		if s.from0 {
			number = string(rune('0' + l))
		}
		for name, x := range map[string][]float64{"w": p.w[l], "dw": p.dw[l]} {
			wrong := p.is("transposed") && name == "dw"
			switch {
			case s.inOut != wrong:
				add(name+number, []int{in, out}, turned(x, out))
			default:
				add(name+number, []int{out, in}, x)
			}
		}
		shape := [][]int{{out}, {out, 1}, {1, out}}[s.bias]
		add("b"+number, shape, p.b[l])
		if p.bug == "bias-unsummed" {
			var rows [][]float64
			for i := range p.m {
				rows = append(rows, p.δ[i][l])
			}
			examples("db"+number, rows)
		} else {
			add("db"+number, shape, p.db[l])
		}
		if p.dropout && l+1 < len(p.w) {
			var rows [][]float64
			for i := range p.m {
				rows = append(rows, p.mask[i][l])
			}
			examples("mask"+string(rune('1'+l)), rows)
		}
	}
	if p.lambda != 0 {
		add("lmbda", []int{}, []float64{p.lambda})
		add("n", []int{}, []float64{p.n})
	}
	if p.eta != 0 {
		add("eta", []int{}, []float64{p.eta})
	}
	return all
}

// named adds to the arrays what network it is.
func (p *program) told(arrays []npz.Array) []npz.Array {
	return append(arrays, npz.Array{Name: "loss", Shape: []int{}, Data: []string{p.loss}},
		npz.Array{Name: "activation", Shape: []int{}, Data: []string{p.hidden}})
}

// file writes arrays, and reads them back.
func file(t *testing.T, arrays []npz.Array) *File {
	t.Helper()
	f, _, err := written(t, arrays)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func written(t *testing.T, arrays []npz.Array) (*File, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.npz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := npz.Write(f, arrays); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	return got, path, err
}
