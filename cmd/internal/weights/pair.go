package weights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/safetensors"
)

// pairs finds a tensor for each parameter, in the network's order.
func (f *finder) pairs(layout string) ([]pair, error) {
	if len(f.groups) == 0 && len(f.loose) > 0 && len(f.others) == 0 {
		return f.byOrder(layout)
	}
	var list []pair
	left := side{}
	loose := slices.Clone(f.loose)
	for _, p := range f.others { // these have their own names in any layout
		i := slices.IndexFunc(loose, func(x safetensors.Tensor) bool { return x.Name == p.Name && slices.Equal(x.Shape, p.Shape) })
		if i < 0 {
			left.params = append(left.params, p)
			continue
		}
		list, loose = append(list, pair{loose[i], p, ""}), slices.Delete(loose, i, i+1)
	}
	groups, alphabetic := f.ordered()
	for _, l := range f.layers {
		i := slices.IndexFunc(groups, func(g *group) bool { return g.fits(l, layout) })
		if i < 0 {
			left.params = append(left.params, l.params...)
			continue
		}
		g := groups[i]
		groups = slices.Delete(groups, i, i+1)
		if alphabetic {
			if k := slices.IndexFunc(groups, func(o *group) bool { return o.fits(l, layout) && !counted(o.name, g.name) }); k >= 0 {
				return nil, fmt.Errorf("%s and %s both fit %s, and the file sorts its tensors by name; number the names in the order of the layers",
					g.tensors[0].Name, groups[k].tensors[0].Name, l.name)
			}
		}
		for i, part := range l.parts {
			x, _ := g.part(part)
			list = append(list, pair{x, l.params[i], l.kind})
		}
	}
	for _, g := range groups {
		left.tensors = append(left.tensors, g.tensors...)
	}
	left.tensors = append(left.tensors, loose...)
	return list, f.misfit(left, layout)
}

// ordered is the file's layers in order. If a program has sorted its tensors by name, the numbers in the names show the order.
func (f *finder) ordered() (groups []*group, alphabetic bool) {
	groups = slices.Clone(f.groups)
	if f.own { // by name
		slices.SortStableFunc(groups, func(a, b *group) int {
			place := func(g *group) int { return slices.IndexFunc(f.layers, func(l *layer) bool { return l.name == g.name }) }
			return place(a) - place(b)
		})
		return groups, false
	}
	alphabetic = slices.IsSortedFunc(f.file, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
	if alphabetic {
		slices.SortStableFunc(groups, func(a, b *group) int { return natural(a.name, b.name) })
	}
	return groups, alphabetic
}

// byOrder takes tensors whose names say nothing, one after another.
func (f *finder) byOrder(layout string) ([]pair, error) {
	file := slices.Clone(f.loose)
	if counted(file[0].Name, file[len(file)-1].Name) {
		slices.SortStableFunc(file, func(a, b safetensors.Tensor) int { return natural(a.Name, b.Name) })
	}
	var list []pair
	left := side{}
	for _, l := range f.layers {
		for _, part := range []string{weight, state, bias, gamma, beta, mean, variance, slope} {
			i := slices.Index(l.parts, part)
			if i < 0 {
				continue
			}
			if len(left.params) == 0 && len(file) > 0 { // after a misfit, the rest is left too
				if _, ok := turn(layout, l.kind, l.params[i], file[0].Shape); ok {
					list, file = append(list, pair{file[0], l.params[i], l.kind}), file[1:]
					continue
				}
			}
			left.params = append(left.params, l.params[i])
		}
	}
	left.tensors = file
	return list, f.misfit(left, layout)
}

// side is what remains of the two sides.
type side struct {
	params  []*graph.Param
	tensors []safetensors.Tensor
}

// misfit is the error that lists both sides, if anything is left.
func (f *finder) misfit(left side, layout string) error {
	if len(left.params) == 0 && len(left.tensors) == 0 {
		return nil
	}
	const most = 12
	var params, tensors []string
	for _, p := range left.params {
		params = append(params, fmt.Sprint(p.Name, " ", p.Shape))
	}
	for _, x := range left.tensors {
		tensors = append(tensors, fmt.Sprint(x.Name, " ", graph.Shape(x.Shape)))
	}
	for _, x := range f.unused {
		if !numbers(x) && len(x.Shape) > 0 { // it may have been intended
			tensors = append(tensors, fmt.Sprintf("%s %v, of %T", x.Name, graph.Shape(x.Shape), x.Data))
		}
	}
	return &Misfit{Layout: layout, Params: shortened(params, most), Tensors: shortened(tensors, most)}
}

// Misfit is the error for a file that does not fit a network. It has what remains of the two sides, with shapes.
type Misfit struct {
	Layout          string
	Params, Tensors []string
}

// Error lists both sides.
func (m *Misfit) Error() string {
	none := func(list []string) string {
		if len(list) == 0 {
			return "nothing"
		}
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("left of the network, as %s: %s; left of the file: %s; use a model with the layers of the file", m.Layout, none(m.Params), none(m.Tensors))
}

// shortened is a list cut to a number of entries.
func shortened(list []string, most int) []string {
	if len(list) <= most {
		return list
	}
	return append(list[:most:most], fmt.Sprintf("and %d more", len(list)-most))
}
