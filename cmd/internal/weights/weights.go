// Package weights assigns the tensors of other programs' files to a network's parameters. It goes by the order, the shapes and the names in the
// file. What these leave open is an error, not a guess.
package weights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/safetensors"
)

// Place is a tensor of a file, and where it goes.
type Place struct {
	Tensor string
	Shape  []int // in the file
	To     *graph.Param
	How    string // how it was turned
	Data   any    // the numbers for To: []float32 or []float64
}

// Match is a file that fits a network.
type Match struct {
	Layout   string
	By       string // what decided the layout
	OurNames bool   // the arrays have the names that this program gives them
	Places   []Place
	Unused   []safetensors.Tensor
	Notes    []string // where the two programs compute differently
}

// Find finds each of a network's tensors in a file. The layout is the flag's, or what the file says about itself. If neither is known, the names or
// the shapes decide. Nothing is written to the network.
func Find(n *graph.Net, file []safetensors.Tensor, flag, said string) (*Match, error) {
	values, err := n.Forward()
	if err != nil {
		return nil, err
	}
	f := &finder{net: n, values: values}
	f.sort(file)
	if f.groups, f.loose, err = groupsOf(f.file); err != nil {
		return nil, err
	}
	f.layers, f.others = layersOf(n, values)
	if flag != "" {
		m, err := f.match(flag)
		return m.by("as asked for"), err
	}
	style, by := said, "by what the file says of itself"
	if style == "" {
		style, by = f.style(), "by the names"
	}
	return f.choose(style, by)
}

// finder is the two sides.
type finder struct {
	net    *graph.Net
	values []graph.Value
	layers []*layer
	others []*graph.Param // parameters of layers that only this program has

	file   []safetensors.Tensor // the tensors that may be weights
	unused []safetensors.Tensor // the others
	own    bool                 // the file has this program's names
	groups []*group
	loose  []safetensors.Tensor
}

// sort separates weights from counters and the like. If the file has all of the network's names, tensors with other names, such as an optimizer's,
// are not needed.
func (f *finder) sort(file []safetensors.Tensor) {
	names := map[string]bool{}
	for _, x := range file {
		names[x.Name] = true
	}
	f.own = !slices.ContainsFunc(f.net.Tensors(), func(p *graph.Param) bool { return !names[p.Name] })
	for _, x := range file {
		mine := !f.own || slices.ContainsFunc(f.net.Tensors(), func(p *graph.Param) bool { return p.Name == x.Name })
		if numbers(x) && len(x.Shape) > 0 && mine {
			f.file = append(f.file, x)
		} else {
			f.unused = append(f.unused, x)
		}
	}
}

// numbers reports whether a tensor has floating-point numbers.
func numbers(x safetensors.Tensor) bool {
	switch x.Data.(type) {
	case []float32, []float64:
		return true
	}
	return false
}

// style is the layout of the program that uses such names; "" if they do not say.
func (f *finder) style() string {
	if f.own {
		return Stheno
	}
	keras, torch := false, false
	for _, x := range f.file {
		name := strings.ToLower(x.Name)
		keras = keras || strings.Contains(name, "kernel") || strings.Contains(name, "moving_") || suffix.MatchString(name)
		torch = torch || strings.Contains(name, "running_") || strings.HasSuffix(name, ".weight")
	}
	switch {
	case keras == torch:
		return ""
	case keras:
		return Keras
	}
	return Torch
}

// choose tries the layouts: the style's if it fits, and otherwise the one that fits. If several fit, they must give the same numbers.
func (f *finder) choose(style, by string) (*Match, error) {
	var fit []*Match
	var misfit error
	for _, layout := range Layouts {
		m, err := f.match(layout)
		if layout == style && err == nil {
			return m.by(by), nil
		}
		if layout == style || misfit == nil {
			misfit = err
		}
		if err == nil {
			fit = append(fit, m)
		}
	}
	if len(fit) == 0 {
		return nil, misfit
	}
	for _, m := range fit[1:] {
		if i := slices.IndexFunc(m.Places, func(p Place) bool { return !same(p.Data, fit[0].at(p.To)) }); i >= 0 {
			p := m.Places[i]
			return nil, fmt.Errorf("%s %v fits as %s and as %s, and neither names nor other shapes decide; use --layout %s or --layout %s",
				p.Tensor, p.Shape, fit[0].Layout, m.Layout, Torch, Keras)
		}
	}
	return fit[0].by("by the shapes"), nil
}

// same reports whether two tensors have the same numbers.
func same(a, b any) bool {
	if x, ok := a.([]float32); ok {
		y, ok := b.([]float32)
		return ok && slices.Equal(x, y)
	}
	x, okX := a.([]float64)
	y, okY := b.([]float64)
	return okX && okY && slices.Equal(x, y)
}

// by records what decided the layout.
func (m *Match) by(what string) *Match {
	if m != nil {
		m.By = what
	}
	return m
}

// at is the place for a parameter.
func (m *Match) at(p *graph.Param) any {
	return m.Places[slices.IndexFunc(m.Places, func(other Place) bool { return other.To == p })].Data
}

// match reads the file in a layout.
func (f *finder) match(layout string) (*Match, error) {
	var rows map[string]order
	if layout == Keras {
		var err error
		if rows, err = channelsLast(f.values); err != nil {
			return nil, err
		}
	}
	pairs, err := f.pairs(layout)
	if err != nil {
		return nil, err
	}
	m := &Match{Layout: layout, OurNames: f.own, Unused: f.unused}
	for _, p := range pairs {
		axes, _ := turn(layout, p.kind, p.to, p.from.Shape)
		m.Places = append(m.Places, place(p, axes, rows[p.row()]))
	}
	if layout == Keras {
		m.Notes = differences(f.values)
	}
	return m, nil
}

// pair is a tensor and its parameter, with the kind of its layer.
type pair struct {
	from safetensors.Tensor
	to   *graph.Param
	kind string
}

// row is the parameter's key in orders.
func (p pair) row() string {
	for _, part := range []string{mean, variance} {
		if name, ok := strings.CutSuffix(p.to.Name, "."+part); ok && p.kind == batchNorm {
			return name + ".moments"
		}
	}
	return p.to.Name
}

// differences are things that Keras computes differently, which the weights do not show.
func differences(values []graph.Value) (notes []string) {
	for _, v := range values {
		switch {
		case v.Op == "normalize" && len(v.Args) == 1 && v.Args[0] != "0.001":
			notes = append(notes, fmt.Sprintf("batch norm has eps %s here and 0.001 in Keras, if nothing else was said: write batchnorm(eps=0.001)", v.Args[0]))
		case v.Op == "conv" && len(v.Args) >= 2 && v.Args[0] != "1" && v.Args[1] != "0":
			notes = append(notes, "a convolution with stride and pad: Keras pads below and to the right first, and sees other pixels")
		case v.Op == "convTranspose" && len(v.Args) > 0 && v.Args[0] != "0":
			notes = append(notes, "a transposed convolution with outpad: Keras cuts off below and on the right first, and makes other pixels")
		case (v.Op == "maxWindows" || v.Op == "avgWindows") && len(v.Args) == 1 && !strings.HasSuffix(v.Args[0], " 0 0 0 0}"):
			notes = append(notes, "a pool with pad: Keras pads below and to the right first, and leaves the padding out of a mean")
		}
	}
	slices.Sort(notes)
	return slices.Compact(notes)
}
