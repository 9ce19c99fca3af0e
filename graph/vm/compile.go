package vm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Config is how a program is to be made.
type Config struct {
	Threads int      // 0: one a processor. The program computes the same sums in the same order for any number
	Descent *Descent // nil: the program leaves the gradients; otherwise it makes the step of gradient descent in their place
}

// Compile turns a graph into a program for outs and for the gradients of params, as gorgonia.Grad made them (none if it was not
// asked). Everything else in the graph is left out.
func Compile(outs, params op.Nodes, c Config) (vm *VM, err error) {
	defer op.Catch(&err)
	if len(outs) == 0 {
		return nil, errors.New("vm: nothing to compile; name at least one output")
	}
	p := &program{outs: slices.Clone(outs), params: params, rule: c.Descent, byID: map[int64]*value{}}
	for _, pass := range passes {
		pass(p)
	}
	if p.values[0].node.Dtype() == tensor.Float64 {
		return link[float64](p, c.Threads)
	}
	return link[float32](p, c.Threads)
}

// passes are the compiler: each takes the program one step on.
var passes = []func(*program){order, sums, reshapes, fuseActivations, sparse, fuseUpdates, groups, place}

// program is what the passes work on: instructions in the order of execution, over values.
type program struct {
	outs   op.Nodes
	params op.Nodes
	rule   *Descent         // how parameters are updated; nil: gradients are outputs
	byID   map[int64]*value // by the node's ID
	values []*value
	code   []*instr
	blocks [][]*instr // code in runs that are executed together, example by example
	arena  int        // elements of memory for intermediate values
	lists  int        // bytes of the lists of what is not zero
}

// value is a tensor of the program.
type value struct {
	node  *op.Node
	shape op.Shape
	of    *value // shares the memory of another value, in another shape
	uses  int    // instructions that read it
	keep  bool   // an output: its memory is its own
	at    int    // its place in the arena
	born  int    // the block that writes it
	dies  int    // the last block that reads it
}

// root is the value whose memory v has.
func (v *value) root() *value {
	for v.of != nil {
		v = v.of
	}
	return v
}

// leaf says that v is a variable or constant of the graph: it has memory already.
func (v *value) leaf() bool { return v.node.Op() == nil || op.IsConstant(v.node) }

// instr is one op on values.
type instr struct {
	op     gorgonia.Op
	own    *op.Op // op as one of ours; nil: it runs through Gorgonia's interfaces
	y      *value
	x      []*value
	act    *op.Op   // the activation that is applied to the result at once
	sparse []*lists // the non-zero elements of x[0], where the op walks those
	update *value   // the parameter that the result, its gradient, updates at once
	decay  bool     // whether regularisation shrinks that parameter
}

func (in *instr) name() string {
	if in.own != nil {
		return in.own.Name
	}
	return in.op.String()
}

// order lists what the outputs need, inputs before their users.
func order(p *program) {
	for i := range slices.Backward(p.params) { // the last layer's gradients are ready first
		if d := p.params[i].Deriv(); d != nil && p.rule == nil {
			p.outs = append(p.outs, d)
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

// visit is the value of n, with its instructions.
func (p *program) visit(n *op.Node) *value {
	if v := p.byID[n.ID()]; v != nil {
		return v
	}
	v := &value{node: n, shape: n.Shape()}
	if !v.leaf() {
		in := &instr{op: n.Op(), own: op.Of(n.Op()), y: v}
		for _, c := range op.Inputs(n) {
			x := p.visit(c)
			x.uses++
			in.x = append(in.x, x)
		}
		p.code = append(p.code, in)
	} else if v.node.Value() == nil && !op.IsConstant(n) {
		op.Fail("input %s has no value; bind one with gorgonia.Let before compiling", n.Name())
	}
	p.byID[n.ID()] = v
	p.values = append(p.values, v)
	return v
}

// remove drops instructions.
func (p *program) remove(drop func(*instr) bool) { p.code = slices.DeleteFunc(p.code, drop) }

// sums takes Gorgonia's own additions, which it makes where the gradients of a node's several uses meet, as our op.
func sums(p *program) {
	for _, in := range p.code {
		if in.own == nil && strings.HasPrefix(in.op.String(), "+ ") && in.x[0].shape.Eq(in.x[1].shape) {
			in.own = op.Add
		}
	}
}

// reshapes makes the result of a reshape another view of its input.
func reshapes(p *program) {
	p.remove(func(in *instr) bool {
		if in.own == nil || !in.own.View {
			return false
		}
		if x := in.x[0]; in.y.keep && (x.keep || x.leaf()) {
			return false // an output that is also another output or an input needs memory of its own
		}
		in.y.of = in.x[0]
		if in.y.keep {
			in.y.root().keep = true
		}
		return true
	})
}

// fuseActivations lets affine apply the activation that alone reads its result.
func fuseActivations(p *program) {
	p.remove(func(in *instr) bool {
		if in.own == nil || in.own.Point == nil {
			return false
		}
		z := in.x[0]
		if z.uses != 1 || z.of != nil {
			return false
		}
		i := slices.IndexFunc(p.code, func(c *instr) bool { return c.y == z })
		if i < 0 || !p.code[i].affine() || p.code[i].act != nil {
			return false
		}
		p.code[i].act, p.code[i].y = in.own, in.y
		return true
	})
}

// groups cuts the code into blocks. A block is one instruction, or a run of instructions that work example by example and are
// worth it: those go through the whole block with one example after the other, so that an image's maps stay in the cache.
func groups(p *program) {
	for i := 0; i < len(p.code); {
		j := i
		for j < len(p.code) && p.code[j].own != nil && cuttable(p.code[j]) && p.joins(p.code[i:j], p.code[j]) {
			j++
		}
		if run := p.code[i:j]; len(run) > 0 && slices.ContainsFunc(run, (*instr).convolves) {
			p.blocks = append(p.blocks, run)
			i = j
			continue
		}
		p.blocks = append(p.blocks, p.code[i:i+1])
		i++
	}
}

func cuttable(in *instr) bool {
	return in.own.Cut.Sum || in.own.Cut.Each != nil && !in.y.shape.IsScalar()
}

// convolves says that the instruction is heavy enough to make a group of.
func (in *instr) convolves() bool {
	for _, x := range in.x {
		if len(x.shape) == 4 && (in.own.Cut.Each != nil || in.own.Cut.Sum) {
			return true
		}
	}
	return false
}

// joins says that in can run in one block after the others: over as many examples, and without reading a whole of which the block
// has made a part only.
func (p *program) joins(block []*instr, in *instr) bool {
	if len(block) > 0 && examples(block[0]) != examples(in) {
		return false
	}
	for _, before := range block {
		for k, x := range in.x {
			if x.root() == before.y.root() && (before.own.Cut.Sum || !in.own.Cut.Sum && !in.own.Cut.Each[k]) {
				return false
			}
		}
	}
	return true
}

// examples is the number of examples over which a cuttable instruction runs.
func examples(in *instr) int {
	if in.own.Cut.Sum {
		return in.x[0].shape[0]
	}
	return in.y.shape[0]
}

// place gives each intermediate value a place in one arena. Values whose lives do not meet share memory; a life is counted in
// blocks, because the instructions of a block run side by side.
func place(p *program) {
	const never = -1
	var live []*value
	for _, v := range p.values {
		v.born = never
	}
	for t, block := range p.blocks {
		for _, in := range block {
			for _, x := range in.x {
				x.root().dies = t
			}
			if y := in.y.root(); y.born == never {
				y.born = t
			}
			in.y.root().dies = max(in.y.root().dies, t)
		}
	}
	for t, block := range p.blocks {
		live = slices.DeleteFunc(live, func(v *value) bool { return v.dies < t })
		for _, in := range block {
			if v := in.y.root(); v.born == t && !v.keep && !v.leaf() && !slices.Contains(live, v) {
				v.at = p.fit(live, size(v))
				live = append(live, v)
			}
		}
	}
}

// size is the memory of v in elements, in whole cache lines.
func size(v *value) int { return (max(1, v.shape.TotalSize()) + 15) / 16 * 16 }

// fit is the first gap of n elements between the live values.
func (p *program) fit(live []*value, n int) int {
	slices.SortFunc(live, func(a, b *value) int { return a.at - b.at })
	at := 0
	for _, v := range live {
		if v.at-at >= n {
			break
		}
		at = max(at, v.at+size(v))
	}
	p.arena = max(p.arena, at+n)
	return at
}

// String is the program's listing: a line an instruction, with the block's instructions indented.
func (p *program) String() string {
	var b strings.Builder
	names := map[*value]string{}
	name := func(v *value) string {
		if s, ok := names[v.root()]; ok {
			return s
		}
		return v.root().node.Name()
	}
	n := 0
	for _, block := range p.blocks {
		for k, in := range block {
			mark := " "
			if k > 0 {
				mark = "|"
			}
			label := in.name()
			if in.act != nil {
				label += "+" + in.act.Name
			}
			if in.sparse != nil {
				label += " sparse"
			}
			if in.update != nil {
				label += "+sgd"
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
			fmt.Fprintf(&b, "%s %-9s %-16s = %s(%s)\n", mark, y, fmt.Sprint(in.y.shape), label, strings.Join(args, ", "))
		}
	}
	fmt.Fprintf(&b, "arena %d elements\n", p.arena)
	return b.String()
}
