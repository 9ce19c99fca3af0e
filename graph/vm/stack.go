package vm

import (
	"slices"

	"github.com/stheno-ml/stheno/graph/op"
)

// stack finds sums of products aᵀ b, such as the gradient of weights that are used in many time steps. It replaces each sum by one product: all a
// stacked, times all b stacked. So no matrices of the weights' size are written for each step and added up.
func stack(p *program) {
	if p.rule != nil || !p.stock {
		return
	}
	s := stacker{program: p, parts: map[*instr]bool{}}
	for _, in := range slices.Backward(p.code) { // a sum before the sums inside it
		if in.own == op.Add && !s.parts[in] {
			s.sum(in)
		}
	}
	if s.found {
		p.prune()
	}
}

type stacker struct {
	*program
	parts map[*instr]bool // sums inside a larger one
	found bool
}

// sum rewrites the sum whose last addition is in, if it adds up several products.
func (s *stacker) sum(in *instr) {
	var a, b, rest []*value
	var visit func(*instr)
	visit = func(add *instr) {
		s.parts[add] = true
		for _, x := range add.x {
			switch by := x.by; {
			case by == nil || by.y != x || x.keep || x.uses != 1 || by.own != op.Add && by.own != op.TMul:
				rest = append(rest, x)
			case by.own == op.Add:
				visit(by)
			default:
				a, b = append(a, by.x[0]), append(b, by.x[1])
			}
		}
	}
	visit(in)
	if len(a) < 2 {
		return
	}
	s.found = true
	before := []*instr{under(in.y, a), under(in.y, b)}
	in.own, in.x = op.TMul, []*value{before[0].y, before[1].y}
	for _, x := range rest { // what is added to the product
		product := &instr{own: in.own, x: in.x, y: &value{node: in.y.node, shape: in.y.shape, dtype: in.y.dtype}}
		product.y.by = product
		before = append(before, product)
		in.own, in.x = op.Add, []*value{product.y, x}
	}
	for _, b := range before {
		s.values = append(s.values, b.y)
	}
	s.code = slices.Insert(s.code, slices.Index(s.code, in), before...)
}

// under returns the instruction that stacks the matrices x.
func under(like *value, x []*value) *instr {
	shape := op.Shape{0, x[0].shape[1]}
	for _, v := range x {
		shape[0] += v.shape[0]
	}
	in := &instr{own: op.Join(0, len(x)), x: x, y: &value{node: like.node, shape: shape, dtype: like.dtype}}
	in.y.by = in
	return in
}
