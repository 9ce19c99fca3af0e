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
		if text, err := graph.Kinds.Print(l); err == nil && text == string(a) {
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
			text, _ := graph.Kinds.Print(l) // what has no text is no activation
			a := activation(text)
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
	net, x, err := p.network()
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
	stats, err := net.Step64(x, p.y)
	for _, q := range p.params {
		gradients = append(gradients, byName[q.name].GradFloat64s())
	}
	return stats.Cost, gradients, err
}

// network is the graph, and its inputs (m, …): those of the file and, in the columns after them, the masks of the dropout layers.
func (p *problem) network() (net *graph.Net, x []float64, err error) {
	parts, columns := [][]float64{p.x}, p.input.TotalSize()
	seq := graph.Seq{graph.Slice{To: columns}, graph.Reshape{Shape: p.input}}
	dropout := 0
	for _, l := range p.layers {
		if _, ok := l.(graph.Dropout); !ok {
			seq = append(seq, l)
			continue
		}
		if mask := p.masks[dropout]; mask != nil {
			to := columns + len(mask)/p.m
			seq, parts, columns = append(seq, masked{dropout, graph.Slice{From: columns, To: to}}), append(parts, mask), to
		}
		dropout++
	}
	for i := range p.m {
		for _, part := range parts {
			x = append(x, p.row(part, i)...)
		}
	}
	loss := &graph.Loss{Name: p.loss.Name, Cost: p.loss.Cost} // The file's y is smooth already, if it is to be.
	net, err = graph.New(seq, loss, graph.Shape{columns}, graph.Config{Float64: true, Init: graph.Zero})
	return net, x, err
}

// row is example i of x (m, n).
func (p *problem) row(x []float64, i int) []float64 {
	n := len(x) / p.m
	return x[i*n : (i+1)*n]
}

// masked multiplies by the mask of a dropout layer, which is in these columns of the network's input.
type masked struct {
	number  int
	columns graph.Slice
}

// Build multiplies x by the mask.
func (l masked) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	shape := x.Shape()[1:]
	if n := l.columns.To - l.columns.From; n != shape.TotalSize() {
		b.Fail("mask %d has %d numbers an example, and %v are needed", l.number, n, shape)
	}
	return maskedOp().Apply(x, graph.Reshape{Shape: shape}.Build(b, l.columns.Build(b, b.Input())))
}

// maskedOp is x ⊙ mask. The mask has no gradient.
func maskedOp() *graph.Op {
	return &graph.Op{
		Name:  "compare/masked",
		Shape: func(x []graph.Shape) (graph.Shape, error) { return x[0].Clone(), nil },
		F64: func(y graph.Array[float64], x []graph.Array[float64]) {
			for i := range y.Data {
				y.Data[i] = x[0].Data[i] * x[1].Data[i]
			}
		},
		Grad: []graph.Rule{func(x graph.Nodes, _, dy *graph.Node) *graph.Node { return maskedOp().Apply(dy, x[1]) }, nil},
	}
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
