package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// spec is a network that a file is compared with.
type spec struct {
	name   string
	layers []graph.Layer // without sequences in sequences
	loss   *graph.Loss
	input  graph.Shape
	params []parameter
	names  []string // of the layers with parameters; nil without a model

	// Of a fully connected network: the neurons, the activation of each layer after the first, and for each dropout layer the
	// layer whose activations it multiplies. sizes is nil for any other network.
	sizes []int
	act   []activation
	sites []int
}

// parameter is what a spec needs of a graph.Param.
type parameter struct {
	name   string
	shape  graph.Shape
	weight bool // rather than bias
}

// activation is a name: of one of graph's activations, or softmax or linear.
type activation string

// layer is the activation in a graph; nil where the graph has it in the cost, or needs none.
func (a activation) layer() graph.Layer {
	for _, l := range []graph.Layer{graph.Sigmoid, graph.Tanh, graph.ReLU} {
		if models.Text(l) == string(a) {
			return l
		}
	}
	return nil
}

// ofModel is the spec of a model.
func ofModel(m models.Model) (*spec, error) {
	net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
	if err != nil {
		return nil, err
	}
	s := &spec{name: m.Name, layers: plain(m.Net), loss: m.Loss, input: m.Input}
	for _, p := range net.Params {
		s.params = append(s.params, parameter{p.Name, p.Shape, p.Decay})
		name, _, _ := strings.Cut(p.Name, ".")
		if !slices.Contains(s.names, name) {
			s.names = append(s.names, name)
		}
	}
	s.connect()
	return s, nil
}

// connect sets sizes, act and sites if the network is fully connected.
func (s *spec) connect() {
	sizes := []int{s.input.TotalSize()}
	var act []activation
	var sites []int
	for _, l := range s.layers {
		switch d := l.(type) {
		case graph.Dense:
			if d.NoBias {
				return
			}
			sizes, act = append(sizes, d.Out), append(act, "linear")
		case graph.Dropout:
			sites = append(sites, len(act))
		case graph.Flatten:
		default:
			a := activation(models.Text(l))
			if a.layer() != l || len(act) == 0 || act[len(act)-1] != "linear" || slices.Contains(sites, len(act)) {
				return
			}
			act[len(act)-1] = a
		}
	}
	output := map[*graph.Loss]activation{graph.CrossEntropy: "sigmoid", graph.LogLikelihood: "softmax"}[s.loss]
	if last := len(act) - 1; output != "" && act[last] == "linear" && !slices.Contains(sites, len(act)) {
		act[last] = output
	} else if s.loss != graph.Quadratic { // one of the user's own, or activations twice
		return
	}
	s.sizes, s.act, s.sites = sizes, act, sites
}

// ofSizes is the spec of a fully connected network. Each hidden layer can have a mask.
func ofSizes(sizes []int, hidden, output activation, loss *graph.Loss) *spec {
	text := make([]string, len(sizes))
	for i, n := range sizes {
		text[i] = fmt.Sprint(n)
	}
	s := &spec{loss: loss, input: graph.Shape{sizes[0]}}
	s.name = strings.Join(text, "-")
	last := len(sizes) - 1
	for l, n := range sizes[1:] {
		name := fmt.Sprintf("dense%d", l+1)
		s.params = append(s.params, parameter{name + ".w", graph.Shape{sizes[l], n}, true}, parameter{name + ".b", graph.Shape{n}, false})
		s.layers = append(s.layers, graph.Dense{Out: n})
		if l+1 < last {
			s.layers = append(s.layers, hidden.layer(), graph.Dropout{})
		} else if a := output.layer(); a != nil && loss == graph.Quadratic {
			s.layers = append(s.layers, a)
		}
	}
	if last > 1 {
		s.name += fmt.Sprintf(", %s", hidden)
	}
	s.name += fmt.Sprintf(", %s output, %s cost", output, loss.Name)
	s.connect()
	return s
}

// ending is an output with its cost, and the names that a file can give the cost, in small letters without hyphens.
type ending struct {
	output activation
	loss   *graph.Loss
	names  []string
}

var endings = []ending{
	{"sigmoid", graph.Quadratic, []string{"quadratic", "quadraticcost"}},
	{"sigmoid", graph.CrossEntropy, []string{"crossentropy", "crossentropycost"}},
	{"softmax", graph.LogLikelihood, []string{"loglikelihood", "nll", "softmax"}},
	{"linear", graph.Quadratic, []string{"quadratic", "quadraticcost"}},
}

// candidates are the networks of such sizes that a file may mean. The empty text means that it does not say.
func candidates(sizes []int, hidden, loss string) ([]*spec, error) {
	hiddens := []activation{"sigmoid", "tanh", "relu"}
	if hidden != "" {
		if hiddens = []activation{activation(hidden)}; hiddens[0].layer() == nil {
			return nil, fmt.Errorf("activation %q; use sigmoid, tanh or relu", hidden)
		}
	}
	if len(sizes) == 2 {
		hiddens = hiddens[:1] // There is no hidden layer.
	}
	var all []*spec
	for _, h := range hiddens {
		ends := endings
		if h != "sigmoid" { // The same activation at the output.
			ends = append(slices.Clip(ends), ending{h, graph.Quadratic, ends[0].names})
		}
		for _, e := range ends {
			if loss == "" || slices.Contains(e.names, loss) {
				all = append(all, ofSizes(sizes, h, e.output, e.loss))
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("loss %q; use quadratic, cross-entropy or log-likelihood", loss)
	}
	return all, nil
}

// outcome is what the graph of a problem gave, and the derivation by hand.
type outcome struct {
	done      bool
	cost      float64
	gradients [][]float64
	err       error

	pass  *pass
	right [][]float64
}

// onGraph is the mean cost and the gradients of p's mini-batch by the graph, in float64.
func (p *problem) onGraph() (cost float64, gradients [][]float64, err error) {
	if o := p.graph; !o.done {
		o.cost, o.gradients, o.err = p.step()
		o.done = true
	}
	return p.graph.cost, p.graph.gradients, p.graph.err
}

func (p *problem) step() (cost float64, gradients [][]float64, err error) {
	seq := graph.Seq{given{"x", p.m, p.input, p.x}}
	dropout := 0
	for _, l := range p.layers {
		if _, ok := l.(graph.Dropout); !ok {
			seq = append(seq, l)
			continue
		}
		if mask := p.masks[dropout]; mask != nil {
			seq = append(seq, masked{given{fmt.Sprint("mask ", dropout), p.m, nil, mask}})
		}
		dropout++
	}
	net, err := graph.New(seq, target(p.loss, p.m, p.y), p.input, graph.Config{Float64: true, Init: graph.Zero})
	if err != nil {
		return 0, nil, err
	}
	byName := map[string]*graph.Param{}
	for _, q := range net.Params {
		byName[q.Name] = q
	}
	for i, q := range p.params {
		if err := byName[q.name].Set(p.values[i]); err != nil {
			return 0, nil, err
		}
	}
	stats, err := net.Step(make([]float32, p.m*p.input.TotalSize()), make([]byte, p.m))
	for _, q := range p.params {
		gradients = append(gradients, byName[q.name].GradFloat64s())
	}
	return stats.Cost, gradients, err
}

// given is numbers of each example as a layer that takes no notice of its input: Net.Step takes float32, and a file has float64. The
// numbers are a parameter, because that is what a layer can bring; their gradient is not used.
type given struct {
	name  string
	m     int
	shape graph.Shape // of one example; nil: the input's
	data  []float64   // of m examples
}

// Build returns the numbers, or those of the first examples: a network is built for one example first.
func (g given) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	shape := x.Shape().Clone()
	if g.shape != nil {
		shape = append(graph.Shape{shape[0]}, g.shape...)
	}
	if len(g.data)/g.m != shape.TotalSize()/shape[0] {
		b.Fail("%s has %d numbers an example, and %v are needed", g.name, len(g.data)/g.m, shape[1:])
	}
	n := b.Param(fmt.Sprintf("given %s of %d", g.name, shape[0]), shape, 0, false)
	copy(n.Value().Data().([]float64), g.data)
	return n
}

// masked multiplies by the mask of a dropout layer.
type masked struct{ mask given }

// Build multiplies x by the mask.
func (l masked) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return maskedOp.Apply(x, l.mask.Build(b, x))
}

// target is a loss whose labels are y: Net.Step takes classes, and a file may have anything.
func target(l *graph.Loss, m int, y []float64) *graph.Loss {
	return &graph.Loss{Name: l.Name, Cost: func(b *graph.Builder, out, _ *graph.Node) *graph.Node {
		label := given{"y", m, nil, y}.Build(b, out)
		return l.Cost(b, besideOp.Apply(out, label), label)
	}}
}

var (
	timesOp = pair("times", times)
	zeroOp  = pair("zero", func(_, _ float64) float64 { return 0 })
	// maskedOp is x ⊙ mask.
	maskedOp = forFirst(pair("masked", times), func(x graph.Nodes, _, dy *graph.Node) *graph.Node { return timesOp.Apply(dy, x[1]) })
	// besideOp is its first input. A cost has no gradient for labels, and a parameter needs a path to it.
	besideOp = forFirst(pair("beside", func(x, _ float64) float64 { return x }), func(_ graph.Nodes, _, dy *graph.Node) *graph.Node { return dy })
)

func times(a, b float64) float64 { return a * b }

// pair is an op y = f(a, b) element by element.
func pair(name string, f func(a, b float64) float64) *graph.Op {
	return &graph.Op{
		Name:  "compare/" + name,
		Shape: func(x []graph.Shape) (graph.Shape, error) { return x[0].Clone(), nil },
		F64: func(y graph.Array[float64], x []graph.Array[float64]) {
			for i := range y.Data {
				y.Data[i] = f(x[0].Data[i], x[1].Data[i])
			}
		},
	}
}

// forFirst gives op a gradient rule for its first input, and none to speak of for its second.
func forFirst(op *graph.Op, rule graph.Grad) *graph.Op {
	op.Grad = []graph.Grad{rule, func(x graph.Nodes, _, _ *graph.Node) *graph.Node { return zeroOp.Apply(x[1], x[1]) }}
	return op
}

// of is the activation at the weighted input z.
func (a activation) of(z float64) float64 {
	switch a {
	case "sigmoid":
		return 1 / (1 + math.Exp(-z))
	case "tanh":
		return math.Tanh(z)
	case "relu":
		return max(0, z)
	}
	return z
}

// prime is the activation's derivative at z.
func (a activation) prime(z float64) float64 {
	switch a {
	case "sigmoid":
		return a.of(z) * (1 - a.of(z))
	case "tanh":
		return 1 - math.Tanh(z)*math.Tanh(z)
	case "relu":
		if z > 0 {
			return 1
		}
		return 0
	}
	return 1
}
