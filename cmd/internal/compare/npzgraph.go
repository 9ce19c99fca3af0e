package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
)

// spec is a network that a file is compared with.
type spec struct {
	name   string
	layers []graph.Layer // with nested sequences flattened
	loss   *graph.Loss
	input  graph.Shape
	params []parameter
	fixed  []parameter // without gradients: running statistics, and frozen weights
	names  []string    // of the layers with parameters; nil without a model

	// For a fully connected network: the numbers of neurons, the activation of each layer after the first, and for each dropout layer
	// the layer whose activations it multiplies. sizes is nil for other networks.
	sizes []int
	act   []*activation
	sites []int
}

// parameter is the part of a graph.Param that a spec needs.
type parameter struct {
	name   string
	shape  graph.Shape
	weight bool // rather than bias
	layer  int  // among those with weights, from 0
}

// of is the name of the layer.
func (q parameter) of() string {
	name, _, _ := strings.Cut(q.name, ".")
	return name
}

// bias reports whether the parameter is added to weighted inputs.
func (q parameter) bias() bool {
	return strings.HasSuffix(q.name, ".b") || strings.HasSuffix(q.name, ".beta")
}

// activation is the activation of a layer of neurons, as a graph and by hand.
type activation struct {
	name  string
	layer graph.Layer // nil if the graph has it in the cost, or needs none
	byhand.Activation
}

var (
	sigmoid = &activation{"sigmoid", graph.Sigmoid, byhand.Sigmoid}
	tanh    = &activation{"tanh", graph.Tanh, byhand.Tanh}
	relu    = &activation{"relu", graph.ReLU, byhand.ReLU}
	linear  = &activation{"linear", nil, byhand.Activation{F: func(z float64) float64 { return z }, Prime: func(float64) float64 { return 1 }}}
	softmax = &activation{"softmax", nil, linear.Activation} // it is not element by element
)

// leaks are leaky ReLUs with the slopes of PyTorch and of other libraries.
var leaks = []*activation{leaky(.01), leaky(.1), leaky(.2), leaky(.3)}

func leaky(slope float64) *activation {
	by := func(z float64) float64 { return slope + (1-slope)*byhand.ReLU.Prime(z) }
	return &activation{fmt.Sprintf("leaky ReLU (slope %g)", slope), graph.LeakyReLU{Slope: slope}, byhand.Activation{
		F:     func(z float64) float64 { return z * by(z) },
		Prime: by,
	}}
}

// ofHidden are the activations that hidden layers may have if the file does not say.
var ofHidden = []*activation{sigmoid, tanh, relu, leaks[0]}

// activations are these, and leaky ReLUs with other slopes.
var activations = slices.Concat(ofHidden, leaks[1:])

// activationOf is the activation that a layer is, or nil.
func activationOf(l graph.Layer) *activation {
	if leak, ok := l.(graph.LeakyReLU); ok {
		return leaky(cmp.Or(leak.Slope, .01))
	}
	i := slices.IndexFunc(ofHidden, func(a *activation) bool { return a.layer == l })
	switch {
	case i >= 0:
		return ofHidden[i]
	case l == graph.Softmax:
		return softmax
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
	layer := -1
	for _, p := range net.Params {
		if p.Decay {
			layer++
		}
		s.params = append(s.params, parameter{p.Name, p.Shape, p.Decay, layer})
		name, _, _ := strings.Cut(p.Name, ".")
		if !slices.Contains(s.names, name) {
			s.names = append(s.names, name)
		}
	}
	for _, p := range net.Fixed {
		s.fixed = append(s.fixed, parameter{p.Name, p.Shape, p.Decay, len(s.params)})
	}
	s.connect()
	return s, nil
}

// connect sets sizes, act and sites if the network is fully connected.
func (s *spec) connect() {
	sizes := []int{s.input.TotalSize()}
	var act []*activation
	var sites []int
	for _, l := range s.layers {
		switch d := l.(type) {
		case graph.Dense:
			if d.NoBias {
				return
			}
			sizes, act = append(sizes, d.Out), append(act, linear)
		case graph.Dropout:
			sites = append(sites, len(act))
		case graph.Flatten:
		default:
			a := activationOf(l)
			if a == nil || len(act) == 0 || act[len(act)-1] != linear || slices.Contains(sites, len(act)) {
				return
			}
			act[len(act)-1] = a
		}
	}
	if i := slices.Index(act, softmax); i >= 0 && (i < len(act)-1 || s.loss != graph.Quadratic || slices.Contains(sites, len(act))) {
		return
	}
	output := map[*graph.Loss]*activation{graph.CrossEntropy: sigmoid, graph.LogLikelihood: softmax}[s.loss]
	if last := len(act) - 1; output != nil && act[last] == linear && !slices.Contains(sites, len(act)) {
		act[last] = output
	} else if s.loss != graph.Quadratic { // a cost of the user's own, or two activations
		return
	}
	s.sizes, s.act, s.sites = sizes, act, sites
}

// ofSizes is the spec of a fully connected network. Each hidden layer may have a mask.
func ofSizes(sizes []int, hidden *activation, end ending) *spec {
	s := &spec{loss: end.loss, input: graph.Shape{sizes[0]}}
	s.name = strings.ReplaceAll(strings.Trim(fmt.Sprint(sizes), "[]"), " ", "-")
	last := len(sizes) - 1
	for l, n := range sizes[1:] {
		name := fmt.Sprintf("dense%d", l+1)
		s.params = append(s.params, parameter{name + ".w", graph.Shape{sizes[l], n}, true, l}, parameter{name + ".b", graph.Shape{n}, false, l})
		s.layers = append(s.layers, graph.Dense{Out: n})
		if l+1 < last {
			s.layers = append(s.layers, hidden.layer, graph.Dropout{})
		}
	}
	switch {
	case end.loss != graph.Quadratic:
	case end.output == softmax:
		s.layers = append(s.layers, graph.Softmax)
	case end.output.layer != nil:
		s.layers = append(s.layers, end.output.layer)
	}
	if last > 1 {
		s.name += ", " + hidden.name
	}
	s.name += fmt.Sprintf(", %s output, %s cost", end.output.name, end.loss.Name)
	s.connect()
	return s
}

// ending is an output with its cost, and the cost's possible names in a file, in lower case without hyphens.
type ending struct {
	output *activation
	loss   *graph.Loss
	names  []string
}

var (
	quadraticNames = []string{"quadratic", "quadraticcost"}
	endings        = []ending{
		{sigmoid, graph.Quadratic, quadraticNames},
		{sigmoid, graph.CrossEntropy, []string{"crossentropy", "crossentropycost"}},
		{softmax, graph.LogLikelihood, []string{"loglikelihood", "nll", "softmax"}},
		{linear, graph.Quadratic, quadraticNames},
		{tanh, graph.Quadratic, quadraticNames}, // if the hidden layers have it too
		{relu, graph.Quadratic, quadraticNames},
		{softmax, graph.Quadratic, quadraticNames},
	}
)

// candidates are the networks of these sizes that a file may mean. An empty text means that the file does not say.
func candidates(sizes []int, hidden, loss string) ([]*spec, error) {
	var all []*spec
	tried := ofHidden
	switch {
	case strings.HasPrefix(hidden, "leaky"):
		tried = leaks
	case hidden != "":
		i := slices.IndexFunc(ofHidden, func(a *activation) bool { return a.name == hidden })
		if i < 0 {
			return nil, fmt.Errorf("activation %q; use sigmoid, tanh, relu or leaky-relu", hidden)
		}
		tried = ofHidden[i : i+1]
	}
	for _, h := range tried {
		for _, e := range endings {
			ofHiddenOnly := (e.output == tanh || e.output == relu) && e.output != h
			if (loss == "" || slices.Contains(e.names, loss)) && !ofHiddenOnly {
				all = append(all, ofSizes(sizes, h, e))
			}
		}
		if len(sizes) == 2 {
			break // without hidden layers, their activation does not matter
		}
	}
	if all == nil {
		return nil, fmt.Errorf("loss %q; use quadratic, cross-entropy or log-likelihood", loss)
	}
	return all, nil
}

// outcome is the result of a problem's graph, and of the derivation by hand.
type outcome struct {
	done      bool
	cost      float64
	gradients [][]float64
	fixed     [][]float64 // after the step
	err       error

	forward *pass
	right   [][]float64
}

// onGraph computes the mean cost and the gradients of p's mini-batch on the graph, in float64.
func (p *problem) onGraph() (cost float64, gradients [][]float64, err error) {
	if o := p.graph; !o.done {
		o.cost, o.gradients, o.fixed, o.err = p.compute()
		o.done = true
	}
	return p.graph.cost, p.graph.gradients, p.graph.err
}

func (p *problem) compute() (cost float64, gradients, fixed [][]float64, err error) {
	net, x, err := p.network()
	if err != nil {
		return 0, nil, nil, err
	}
	for i, q := range slices.Concat(net.Params, net.Fixed) {
		if value := slices.Concat(p.values, p.fixed)[i]; value != nil {
			if err := q.Set(value); err != nil {
				return 0, nil, nil, err
			}
		}
	}
	stats, err := net.Step64(x, p.y)
	if err != nil {
		return 0, nil, nil, err
	}
	return stats.Cost, each(net.Params, (*graph.Param).GradFloat64s), each(net.Fixed, (*graph.Param).Float64s), nil
}

// network is the graph, and its inputs (m, …): the file's, followed by columns with the masks of dropout layers.
func (p *problem) network() (net *graph.Net, x []float64, err error) {
	parts, columns := [][]float64{p.x}, p.input.TotalSize()
	seq := graph.Seq{graph.Slice{To: columns}, graph.Reshape{Shape: p.input}}
	dropout := 0
	for _, l := range p.layers {
		if !drops(l) {
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
	loss := &graph.Loss{Name: p.loss.Name, Cost: p.loss.Cost} // any label smoothing is in the file's y already
	net, err = graph.New(seq, loss, graph.Shape{columns}, graph.Config{Float64: true, Init: graph.Zero})
	return net, x, err
}

// row is example i of x (m, n).
func (p *problem) row(x []float64, i int) []float64 {
	n := len(x) / p.m
	return x[i*n : (i+1)*n]
}

// masked multiplies by a dropout layer's mask, which is in these columns of the network's input.
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
