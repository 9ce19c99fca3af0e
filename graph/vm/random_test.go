package vm_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// choices makes a random graph's decisions: by chance, or from a fuzzer's bytes.
type choices func(n int) int

func chance(seed uint64) choices { return rand.New(rand.NewPCG(seed, 1)).IntN }

func bytesOf(data []byte) choices {
	return func(n int) int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b) % n
	}
}

// randomOps are the ops of random graphs, with the number of inputs and the number of axes. Reshape is left out, because the TapeMachine lets its
// result share memory with the input and then overwrites it.
var randomOps = []struct {
	axes  int // of all inputs; -1: any, but the same for all
	takes int
	apply func(x G.Nodes) (*G.Node, error)
}{
	{-1, 1, func(x G.Nodes) (*G.Node, error) { return G.Tanh(x[0]) }},
	{-1, 1, func(x G.Nodes) (*G.Node, error) { return G.Sigmoid(x[0]) }},
	{-1, 1, func(x G.Nodes) (*G.Node, error) { return G.Sin(x[0]) }},
	{-1, 1, func(x G.Nodes) (*G.Node, error) { return G.Cos(x[0]) }},
	{-1, 1, func(x G.Nodes) (*G.Node, error) { return G.Neg(x[0]) }},
	{-1, 1, func(x G.Nodes) (*G.Node, error) { return G.Square(x[0]) }},
	{-1, 1, func(x G.Nodes) (*G.Node, error) { return G.Softplus(x[0]) }},
	{-1, 1, func(x G.Nodes) (*G.Node, error) { return G.Exp(G.Must(G.Neg(G.Must(G.Square(x[0]))))) }},
	{-1, 2, func(x G.Nodes) (*G.Node, error) { return G.Add(x[0], x[1]) }},
	{-1, 2, func(x G.Nodes) (*G.Node, error) { return G.Sub(x[0], x[1]) }},
	{-1, 2, func(x G.Nodes) (*G.Node, error) { return G.HadamardProd(x[0], x[1]) }},
	{-1, 2, func(x G.Nodes) (*G.Node, error) {
		return G.HadamardDiv(x[0], G.Must(G.Exp(G.Must(G.Sin(x[1])))))
	}},
	{-1, 3, func(x G.Nodes) (*G.Node, error) { return G.ReduceAdd(x) }},
	{1, 1, func(x G.Nodes) (*G.Node, error) { return G.Sum(x[0]) }},
	{1, 2, func(x G.Nodes) (*G.Node, error) { return G.Mul(x[0], x[1]) }},
	{1, 1, func(x G.Nodes) (*G.Node, error) { return G.Slice(x[0], G.S(1, 3)) }},
	{1, 3, func(x G.Nodes) (*G.Node, error) { return G.Concat(0, x...) }},
	{2, 1, func(x G.Nodes) (*G.Node, error) { return G.Sum(x[0]) }},
	{2, 1, func(x G.Nodes) (*G.Node, error) { return G.Mean(x[0]) }},
	{2, 1, func(x G.Nodes) (*G.Node, error) { return G.Sum(x[0], 0) }},
	{2, 1, func(x G.Nodes) (*G.Node, error) { return G.Sum(x[0], 1) }},
	{2, 1, func(x G.Nodes) (*G.Node, error) { return G.Transpose(x[0], 1, 0) }},
	{2, 1, func(x G.Nodes) (*G.Node, error) { return G.Rectify(x[0]) }},
	{2, 1, func(x G.Nodes) (*G.Node, error) { return G.SoftMax(x[0]) }},
	{2, 1, func(x G.Nodes) (*G.Node, error) { return G.Slice(x[0], G.S(0, 2)) }},
	{2, 1, func(x G.Nodes) (*G.Node, error) { return G.Slice(x[0], nil, G.S(1, 3)) }},
	{2, 2, func(x G.Nodes) (*G.Node, error) { return G.Mul(x[0], x[1]) }},
	{2, 2, func(x G.Nodes) (*G.Node, error) { return G.Concat(1, x...) }},
	{2, 3, func(x G.Nodes) (*G.Node, error) { return G.Concat(0, x...) }},
}

// grow builds a random program of some ops on scalars, vectors and matrices; several share their inputs. If nodes do not fit an op, Gorgonia says
// so, and the op is left out.
func grow(pick choices, size int) *session {
	m := newMaker([]tensor.Dtype{tensor.Float64, tensor.Float32}[pick(4)/3])
	nodes := G.Nodes{m.in(), m.in(), m.in(4), m.in(4), m.in(3, 4), m.in(4, 3), m.in(4, 4), m.in(3, 4)}
	for range size {
		add(pick, &nodes)
	}
	var cost *G.Node
	read := map[*G.Node]bool{}
	for _, n := range nodes[8:] {
		for it := m.g.Subgraph(n, n).From(n.ID()); it.Next(); {
			read[it.Node().(*G.Node)] = true
		}
	}
	for _, n := range nodes[8:] {
		if !read[n] {
			c := squares(n)
			if cost == nil {
				cost = c
			} else {
				cost = G.Must(G.Add(cost, c))
			}
		}
	}
	if cost == nil {
		return nil
	}
	// what the cost depends on
	var params G.Nodes
	reached := reach(m.g, cost)
	for _, p := range m.params {
		if reached[p] {
			params = append(params, p)
		}
	}
	s := &session{graph: m.g, steps: 2, loose: 1e3}
	if _, err := G.Grad(cost, params...); err != nil {
		return s
	}
	s.params, s.solver = params, G.NewVanillaSolver(G.WithLearnRate(.01))
	return s
}

// reach returns the nodes that n is computed from.
func reach(g *G.ExprGraph, n *G.Node) map[*G.Node]bool {
	seen := map[*G.Node]bool{n: true}
	for todo := (G.Nodes{n}); len(todo) > 0; {
		n := todo[0]
		todo = todo[1:]
		for it := g.Subgraph(n, n).From(n.ID()); it.Next(); {
			if c := it.Node().(*G.Node); !seen[c] {
				seen[c] = true
				todo = append(todo, c)
			}
		}
	}
	return seen
}

// add applies an op to nodes if it fits.
func add(pick choices, nodes *G.Nodes) {
	defer func() { recover() }() // Gorgonia's Must does not return its errors
	o := randomOps[pick(len(randomOps))]
	var x G.Nodes
	for range o.takes {
		n := (*nodes)[pick(len(*nodes))]
		axes := o.axes
		if axes < 0 && len(x) > 0 {
			axes = x[0].Dims()
		}
		for i := 0; axes >= 0 && n.Dims() != axes && i < 8; i++ {
			n = (*nodes)[pick(len(*nodes))]
		}
		if axes >= 0 && n.Dims() != axes || n.Shape().TotalSize() > 64 {
			return
		}
		x = append(x, n)
	}
	if y, err := o.apply(x); err == nil {
		*nodes = append(*nodes, y)
	}
}

// rare are the seeds from 4,000 to 10,000 whose graphs go through parts of the compiler that earlier graphs do not reach.
var rare = []uint64{8532, 9177}

// TestRandomGraphs: random graphs give the same on both machines.
func TestRandomGraphs(t *testing.T) {
	n := uint64(4_000)
	if testing.Short() || race {
		n = 500
	}
	seeds := slices.Clone(rare)
	for seed := range n {
		seeds = append(seeds, seed)
	}
	ran := 0
	for _, seed := range seeds {
		if compareRandom(t, fmt.Sprint("seed ", seed), func() choices { return chance(seed) }) {
			ran++
		}
		if t.Failed() {
			return
		}
	}
	if ran < len(seeds)*9/10 {
		t.Errorf("%d of %d graphs ran on the TapeMachine", ran, len(seeds))
	}
}

// compareRandom compares a random graph on both machines. It returns false if the TapeMachine cannot run it.
func compareRandom(t *testing.T, name string, pick func() choices) bool {
	build := func() *session {
		p := pick()
		return grow(p, 1+p(4))
	}
	s := build()
	if s == nil {
		return false
	}
	want, err := safely(s, tape)
	if err != nil {
		return false
	}
	got, err := safely(build(), ours)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return true
	}
	for step := range want {
		if d := want[step].differs(got[step], 1e3); d != "" {
			t.Errorf("%s, step %d: %s", name, step, d)
			return true
		}
	}
	return true
}

// safely runs a graph on a machine that may panic. Ours must not.
func safely(s *session, machine func(*session) G.VM) (r []result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return run(s, machine)
}

// FuzzGraphs looks for graphs on which the machines differ.
func FuzzGraphs(f *testing.F) {
	f.Add([]byte{0, 5, 8, 4, 7, 20, 4, 11, 9, 8})
	f.Add([]byte{3, 9, 26, 4, 5, 0, 8, 14, 2, 3, 12, 9, 9, 9})
	f.Fuzz(func(t *testing.T, data []byte) {
		compareRandom(t, fmt.Sprint(data), func() choices { return bytesOf(data) })
	})
}
