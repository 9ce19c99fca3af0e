package vm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// passes make up the compiler. Each rewrites the program.
var passes = []func(*program){order, lower, reshapes, stack, fuseActivations, sink, sparse, fuseUpdates, groups, place}

// program is what the passes work on: instructions over values, in the order of execution.
type program struct {
	outs       op.Nodes // the requested outputs
	params     op.Nodes // parameters whose gradients are written or, with a rule, used for a step
	dual       op.Nodes // parameters whose gradients are added up
	nodes      op.Nodes // nodes to compute in any case; those that no other node reads are outputs, too
	statements []statement

	rule     *Descent // how parameters are updated; nil: gradients are outputs
	alone    bool     // every instruction's result must be visible: nothing is fused, and each block is one instruction
	stock    bool     // some ops were Gorgonia's own
	of       map[*op.Node]*value
	values   []*value
	code     []*instr
	blocks   [][]*instr           // code in runs that are executed together, example by example
	arena    map[tensor.Dtype]int // elements of memory for intermediate values
	slicings []slicing            // Gorgonia's slices that became ours
	moving   map[uintptr]bool     // slices that must stay Gorgonia's
	lists    int                  // bytes of the lists of nonzero elements
	relied   map[*value]bool      // roots that our own ops read, which therefore must have their declared shape
}

// value is a tensor of the program.
type value struct {
	node  *op.Node
	shape op.Shape
	dtype tensor.Dtype
	of    *value // the value whose memory this one shares, in another shape
	by    *instr // the instruction that makes it; nil for a leaf and for a value seen in another shape
	uses  int    // how many instructions read it
	keep  bool   // it is an output, with memory of its own
	at    int    // its place in the arena
	born  int    // the block that writes it
	dies  int    // the last block that reads it

	placed bool // its place is fixed
	inner  bool // only its own block reads it, tile by tile, so it needs no place
}

// root returns the value whose memory v uses.
func (v *value) root() *value {
	for v.of != nil {
		v = v.of
	}
	return v
}

// numeric reports whether v's elements have a type that the program has memory for.
func (v *value) numeric() bool { return v.dtype == tensor.Float32 || v.dtype == tensor.Float64 }

// leaf reports whether v is a variable or constant of the graph, which has memory already.
func (v *value) leaf() bool { return v.node.Op() == nil || op.IsConstant(v.node) }

// instr is an op applied to values.
type instr struct {
	op     gorgonia.Op
	own    *op.Op // op as one of ours; nil: it runs through Gorgonia's interfaces
	y      *value
	x      []*value
	act    *op.Op   // an activation that is applied to the result at once
	sparse []*lists // lists of x[0]'s nonzero elements, if the op uses them
	tiled  bool     // it runs tile by tile with the rest of its block
	update *value   // the parameter that the result, a gradient, updates at once
	decay  bool     // regularization shrinks that parameter
}

func (in *instr) name() string {
	if in.own != nil {
		return in.own.Name
	}
	return in.op.String()
}

// order lists what the outputs need, inputs before their users.
func order(p *program) {
	for i := range slices.Backward(p.params) { // the last layer's gradients come first
		if d := p.params[i].Deriv(); d != nil && p.rule == nil {
			p.outs = append(p.outs, d)
		}
	}
	for _, n := range p.nodes {
		p.visit(n)
	}
	for _, v := range p.values {
		if p.nodes != nil && v.uses == 0 && !v.leaf() {
			p.outs = append(p.outs, v.node)
		}
	}
	for _, n := range p.outs {
		v := p.visit(n)
		v.keep = true
		v.uses++
	}
	if p.rule != nil {
		p.updates()
	}
}

// visit returns the value of n, after listing the instructions that compute it.
func (p *program) visit(n *op.Node) *value {
	if v, ok := p.of[n]; ok {
		if v == nil {
			op.Fail("node %s is its own input; a graph must not have a cycle", label(n))
		}
		return v
	}
	if n.Graph() == nil {
		op.Fail("node %d was removed from its graph, as numerical stabilization does; build what reads it anew, or call gorgonia.UseNonStable before", n.ID())
	}
	if n.Type() == nil {
		op.Fail("node %s has no type; gorgonia.ApplyOp gives one", label(n))
	}
	p.of[n] = nil // being visited
	v := &value{node: n, shape: n.Shape(), dtype: n.Dtype()}
	if !v.leaf() {
		v.by = &instr{op: n.Op(), own: op.Of(n.Op()), y: v}
		for _, c := range op.Inputs(n) {
			x := p.visit(c)
			x.uses++
			v.by.x = append(v.by.x, x)
		}
		if !v.by.alike() {
			v.by.own = nil
		}
		p.code = append(p.code, v.by)
	} else if v.node.Value() == nil {
		op.Fail("input %s has no value; bind one with gorgonia.Let before the run", label(n))
	}
	if slices.Contains(v.shape, 0) {
		op.Fail("node %s has shape %v and so no elements; every axis must have at least 1", label(n), v.shape)
	}
	p.of[n] = v
	p.values = append(p.values, v)
	return v
}

// alike reports whether all elements that the instruction reads and writes are of the same type, one that our kernels support.
func (in *instr) alike() bool {
	return in.y.numeric() && !slices.ContainsFunc(in.x, func(x *value) bool { return x.dtype != in.y.dtype })
}

// remove drops instructions.
func (p *program) remove(drop func(*instr) bool) { p.code = slices.DeleteFunc(p.code, drop) }

// reshapes turns the result of a reshape into another view of its input.
func reshapes(p *program) {
	p.remove(func(in *instr) bool {
		if in.own == nil || !in.own.View {
			return false
		}
		if x := in.x[0]; in.y.keep && (x.keep || x.leaf()) {
			return false // an output that is also another output or an input needs memory of its own
		}
		in.y.of, in.y.by = in.x[0], nil
		if in.y.keep {
			in.y.root().keep = true
		}
		return true
	})
}

// fuseActivations lets affine apply an activation if nothing else reads affine's result.
func fuseActivations(p *program) {
	p.remove(func(in *instr) bool {
		if in.own == nil || in.own.Point == nil || p.alone {
			return false
		}
		z := in.x[0]
		if z.uses != 1 || z.by == nil || !z.by.affine() || z.by.act != nil {
			return false
		}
		z.by.act, z.by.y, in.y.by = in.own, in.y, z.by
		return true
	})
}

// groups divides the code into blocks. A block is one instruction, or a run of instructions that work example by example and are worth grouping.
// Such a block processes one example after another, so that an image's maps stay in the cache.
func groups(p *program) {
	made := map[*value]*instr{} // what the run p.code[i:j] writes
	heavy, j := 0, 0            // how many of its instructions are worth it, and its end
	for i := 0; i < len(p.code); {
		for !p.alone && j < len(p.code) && p.code[j].own != nil && cuttable(p.code[j]) && (j == i || p.code[i].joins(p.code[j], made)) {
			made[p.code[j].y.root()] = p.code[j]
			heavy += p.code[j].weight()
			j++
		}
		if heavy > 0 {
			p.blocks = append(p.blocks, p.code[i:j])
			clear(made)
			i, heavy = j, 0
			continue
		}
		n := 1
		if p.stock {
			n = max(1, flatRun(p.code[i:]))
		}
		if n > 1 {
			p.tile(p.code[i : i+n])
		}
		p.blocks = append(p.blocks, p.code[i:i+n])
		for _, in := range p.code[i : i+n] {
			delete(made, in.y.root())
		}
		i += n
		j = max(i, j)
	}
}

// weight returns 1 for an instruction that makes a group worthwhile.
func (in *instr) weight() int {
	if in.convolves() {
		return 1
	}
	return 0
}

func cuttable(in *instr) bool {
	return in.own.Cut.Sum || in.own.Cut.Each != nil && !in.y.shape.IsScalar()
}

// convolves reports whether the instruction makes a group worthwhile.
func (in *instr) convolves() bool {
	for _, x := range in.x {
		if len(x.shape) == 4 && (in.own.Cut.Each != nil || in.own.Cut.Sum) {
			return true
		}
	}
	return false
}

// joins reports whether next can run in the same block after in, the block's first, given what the block has made. It must run over as many
// examples, and must not read the whole of a value that the block makes part by part.
func (in *instr) joins(next *instr, made map[*value]*instr) bool {
	if examples(in) != examples(next) || in.y.dtype != next.y.dtype {
		return false
	}
	for k, x := range next.x {
		if before := made[x.root()]; before != nil && (before.own.Cut.Sum || !next.own.Cut.Sum && !next.own.Cut.Each[k]) {
			return false
		}
	}
	return true
}

// examples returns how many examples a divisible instruction runs over.
func examples(in *instr) int {
	if in.own.Cut.Sum {
		return in.x[0].shape[0]
	}
	return in.y.shape[0]
}

// place gives each intermediate value a place in the arena of its element type. Values whose lifetimes do not overlap share memory. Lifetimes are
// counted in blocks, because the instructions of a block run side by side.
func place(p *program) {
	const never = -1
	for _, v := range p.values {
		v.born = never
	}
	for t, block := range p.blocks {
		for _, in := range block {
			for _, x := range in.x {
				x.root().dies = t
				p.relied[x.root()] = p.relied[x.root()] || in.own != nil
			}
			if y := in.y.root(); y.born == never {
				y.born = t
			}
			in.y.root().dies = max(in.y.root().dies, t)
		}
	}
	live := map[tensor.Dtype][]*value{} // sorted by place
	for t, block := range p.blocks {
		for dtype, l := range live {
			live[dtype] = slices.DeleteFunc(l, func(v *value) bool { return v.dies < t })
		}
		for _, in := range block {
			if v := in.y.root(); v.born == t && v.numeric() && !v.keep && !v.leaf() && !v.inner && !v.placed {
				v.placed = true
				live[v.dtype] = p.fit(live[v.dtype], v)
			}
		}
	}
}

// size returns v's memory in elements, rounded up to whole cache lines.
func size(v *value) int { return (v.elements() + 15) / 16 * 16 }

// elements returns how many elements v has.
func (v *value) elements() int { return max(1, v.shape.TotalSize()) }

// fit puts v into the first gap between live values that is large enough.
func (p *program) fit(live []*value, v *value) []*value {
	v.at = 0
	i := 0
	for ; i < len(live) && live[i].at-v.at < size(v); i++ {
		v.at = max(v.at, live[i].at+size(live[i]))
	}
	p.arena[v.dtype] = max(p.arena[v.dtype], v.at+size(v))
	return slices.Insert(live, i, v)
}

// String returns the program's listing, one line for each instruction. Further instructions of a block are marked.
func (p *program) String() string {
	var b strings.Builder
	names := map[*value]string{}
	name := func(v *value) string {
		if s, ok := names[v.root()]; ok {
			return s
		}
		return label(v.root().node)
	}
	n := 0
	for _, block := range p.blocks {
		for k, in := range block {
			mark := " "
			if k > 0 {
				mark = "|"
			}
			does := in.name()
			if in.own == nil {
				does += " (Gorgonia's own)"
			}
			if in.act != nil {
				does += "+" + in.act.Name
			}
			if in.sparse != nil {
				does += " sparse"
			}
			if in.update != nil {
				does += "+sgd"
			}
			var args []string
			for _, x := range in.x {
				args = append(args, name(x))
			}
			y := name(in.y)
			if !in.y.leaf() && in.own != guard {
				y = fmt.Sprintf("%%%d", n)
				names[in.y.root()] = y
				n++
			}
			fmt.Fprintf(&b, "%s %-9s %-16s = %s(%s)\n", mark, y, fmt.Sprint(in.y.shape), does, strings.Join(args, ", "))
		}
	}
	fmt.Fprintf(&b, "arena %d elements\n", p.arena[tensor.Float32]+p.arena[tensor.Float64])
	return b.String()
}
