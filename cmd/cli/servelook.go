package cli

import (
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
)

// The limits of a look.
const (
	looked     = 100 // images
	bins       = 40  // of a histogram
	maxFilters = 64
)

// look answers GET /api/runs/ID/look: the weights, gradients and outputs of a run's layers, for the weights that it saved last.
func (s *server) look(r *http.Request) (any, error) {
	path, err := s.path(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	leave, err := s.longTurn(r.Context())
	if err != nil {
		return nil, err
	}
	defer leave()
	t, err := s.app.trainedBy(path, (*rundir.Run).Latest)
	if err != nil {
		return nil, err
	}
	data, err := s.dataOf(t)
	if err != nil {
		return nil, err
	}
	units, err := observe(t.net, data)
	if err != nil {
		return nil, err
	}
	if err := gradients(t.net, data.Train.Slice(0, min(looked, data.Train.Len()))); err != nil {
		return nil, err
	}
	params, speeds := []object{}, []speed{}
	for _, p := range t.net.Params {
		params = append(params, paramObject(p))
		if g := gradsOf(p); strings.HasSuffix(p.Name, ".w") {
			speeds = append(speeds, speed{strings.TrimSuffix(p.Name, ".w"), norm(g)})
		}
	}
	words := append(unitWords(units), speedWords(speeds)...)
	o := object{{"run", filepath.Base(path)}, {"params", params}, {"units", unitObjects(units)}, {"words", words}}
	if filters, size := firstFilters(t.net); filters != nil {
		var images [][]byte
		for _, f := range filters[:min(len(filters), maxFilters)] {
			images = append(images, signedBytes(f))
		}
		o = append(o, field{"filters", object{{"rows", size[0]}, {"cols", size[1]}, {"all", len(filters)}, {"images", images}}})
	}
	return o, nil
}

// gradients makes a step without an update, so that the parameters have the gradients of the examples' mean cost.
func gradients(n *graph.Net, p dataset.Part) error {
	x, y := allOf(n, p)
	_, err := n.Step(x, y)
	return err
}

// allOf is the examples and targets of a part, as the network takes them.
func allOf(n *graph.Net, p dataset.Part) (x, y []float32) {
	x, y = make([]float32, p.Len()*n.Input.TotalSize()), make([]float32, p.Len()*n.Targets)
	order := make([]int32, p.Len())
	for i := range order {
		order[i] = int32(i)
	}
	p.Data().Batch(x, y, order)
	return x, y
}

// gradsOf is a parameter's gradient in float64.
func gradsOf(p *graph.Param) []float64 {
	g := graph.Param{Name: p.Name, Shape: p.Shape, Data: p.Grad}
	return g.Float64s()
}

func paramObject(p *graph.Param) object {
	w, g := p.Float64s(), gradsOf(p)
	return object{{"name", p.Name}, {"shape", p.Shape}, {"weights", histogramOf(w)}, {"gradients", histogramOf(g)}, {"norm", norm(w)}, {"gradient_norm", norm(g)}}
}

// histogramOf counts numbers in bins between the smallest and the largest.
func histogramOf(x []float64) object {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	counts := make([]int, bins)
	for _, v := range x {
		i := 0
		if high > low {
			i = min(bins-1, int((v-low)/(high-low)*bins))
		}
		if i >= 0 {
			counts[i]++
		}
	}
	return object{{"min", low}, {"max", high}, {"counts", counts}}
}

func norm(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// signedBytes maps numbers to bytes: 128 is zero, and the largest size is at 1 or 255.
func signedBytes(x []float64) []byte {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	b := make([]byte, len(x))
	for i, v := range x {
		b[i] = 128
		if top > 0 {
			b[i] = byte(128 + math.Round(127*v/top))
		}
	}
	return b
}

// units is how a layer's outputs behave over the images.
type units struct {
	name, layer string
	all, dead   int     // units, and units that gave 0 for every image
	saturated   float64 // the fraction of outputs at either end of a sigmoid or tanh
}

// observe looks at the outputs of activation layers for validation images, or test images if there are none.
func observe(n *graph.Net, data *dataset.Data) ([]units, error) {
	set := data.Validation
	if set.Len() == 0 {
		set = data.Test
	}
	set = set.Slice(0, min(looked, set.Len()))
	x, _ := allOf(n, set)
	p := n.LayerPredictor(set.Len())
	if err := p.Predict(make([]float32, set.Len()*n.Outputs), x); err != nil {
		return nil, err
	}
	var list []units
	layers := p.Layers()
	for _, l := range layers[:len(layers)-1] { // in the output layer, saturation only means that the network is sure
		if u, ok := behavior(l, set.Len()); ok {
			list = append(list, u)
		}
	}
	return list, nil
}

// behavior counts the dead units of a layer that cuts off at 0, and the saturated outputs of one with two ends.
func behavior(l graph.LayerOutput, images int) (u units, ok bool) {
	kind, _, _ := strings.Cut(l.Layer, "(")
	low := math.Inf(-1)
	switch kind {
	case "relu":
	case "sigmoid":
		low = 0
	case "tanh":
		low = -1
	default:
		return u, false
	}
	const near = 0.02 // of an end
	u = units{name: l.Name, layer: l.Layer, all: len(l.Y) / images}
	alive, ends := make([]bool, u.all), 0
	for i, v := range l.Y {
		alive[i%u.all] = alive[i%u.all] || v != 0
		if x := float64(v); x < low+near || x > 1-near && kind != "relu" {
			ends++
		}
	}
	for _, a := range alive {
		if !a {
			u.dead++
		}
	}
	u.saturated = float64(ends) / float64(len(l.Y))
	return u, true
}

func unitObjects(list []units) []object {
	objects := []object{}
	for _, u := range list {
		objects = append(objects, object{{"name", u.name}, {"layer", u.layer}, {"units", u.all}, {"dead", u.dead}, {"saturated", u.saturated}})
	}
	return objects
}

// unitWords describes the layers with dead or saturated units.
func unitWords(list []units) []string {
	words := []string{}
	for _, u := range list {
		if u.dead > 0 {
			words = append(words, fmt.Sprintf("Layer %s %s: %s of %s units are dead. They gave 0 for all of %d examples, so the weights that feed them do not change.",
				u.name, u.layer, count(u.dead), count(u.all), looked))
		}
		if u.saturated > .1 {
			words = append(words, fmt.Sprintf("Layer %s %s: %.0f%% of the outputs are saturated, within 0.02 of an end. The slope is nearly 0 there, so earlier weights learn slowly.",
				u.name, u.layer, 100*u.saturated))
		}
	}
	return words
}

// speed is how fast a layer learns: the length of the gradient of its weights.
type speed struct {
	layer string
	norm  float64
}

// speedWords compares the layers' speeds, as chapter 5 of the book does.
func speedWords(list []speed) []string {
	if len(list) < 2 {
		return nil
	}
	first, last := list[0], list[len(list)-1]
	if first.norm == 0 || last.norm == 0 {
		return []string{"A layer's gradient is 0, so it does not learn at all."}
	}
	switch ratio := last.norm / first.norm; {
	case ratio >= 3:
		return []string{fmt.Sprintf("The first layer, %s, learns %.1f times slower than the last, %s: the gradient vanishes on the way back.", first.layer, ratio, last.layer)}
	case ratio <= 1./3:
		return []string{fmt.Sprintf("The first layer, %s, learns %.1f times faster than the last, %s.", first.layer, 1/ratio, last.layer)}
	}
	return []string{fmt.Sprintf("The first layer, %s, and the last, %s, learn at about the same speed.", first.layer, last.layer)}
}
