package cli

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/stheno-ml/stheno/cmd/internal/compare"
	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/diagram"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// maxTraced is the most parameters of a network whose step is shown op by op.
const maxTraced = 1 << 20

// gradient answers GET /api/gradient?run=ID: the ops of a training step on the first mini-batch with their results, and the same step by hand
// if there is one.
func (s *server) gradient(r *http.Request) (any, error) {
	path, err := s.path(r.URL.Query().Get("run"))
	if err != nil {
		return nil, err
	}
	leave, err := s.longTurn(r.Context())
	if err != nil {
		return nil, err
	}
	defer leave()
	t, err := s.app.trained(path)
	if err != nil {
		return nil, err
	}
	if t.net.Size() > maxTraced {
		return nil, usagef("%s: %s parameters; use a network of at most %s to see a step op by op", path, count(t.net.Size()), count(maxTraced))
	}
	data, err := s.dataOf(t)
	if err != nil {
		return nil, err
	}
	x, y := firstBatch(t, data.Train.Data())
	d, values, err := t.net.Trace(x, y)
	if err != nil {
		return nil, err
	}
	boxes := []object{}
	for i, b := range d.Boxes {
		boxes = append(boxes, boxObject(b, values[i]))
	}
	o := object{{"run", filepath.Base(path)}, {"batch", len(x) / t.net.Input.TotalSize()}, {"svg", diagram.Numbered(t.model.Name, "", d)}, {"boxes", boxes}}
	return append(o, byHandFields(r, t, data)...), nil
}

// firstBatch is the first mini-batch of a training, as the network takes it.
func firstBatch(t *trained, data train.Data) (x, y []float32) {
	var labels []byte
	if images, ok := data.(train.Images); ok {
		labels = images.Labels
	}
	n := min(max(t.model.Recipe.Batch, t.net.SmallestBatch()), data.Len(), 32)
	order := train.Order(data.Len(), labels, max(1, t.model.Recipe.Batch), 0, 0)[:n]
	x, y = make([]float32, n*t.net.Input.TotalSize()), make([]float32, n*t.net.Targets)
	data.Batch(x, y, order)
	return x, y
}

// boxObject is a box with its numbers.
func boxObject(b graph.Box, values []float64) object {
	o := object{{"label", b.Label}, {"role", b.Role}, {"shape", b.Shape}, {"of", b.Of}}
	name, _, _ := strings.Cut(strings.TrimSuffix(b.Label, "/"), "/")
	if f, ok := formulas[name]; ok && b.Role != graph.ParamRole && b.Role != graph.InputRole {
		o = append(o, field{"formula", f.is}, field{"rule", f.rule})
	}
	if len(values) == 0 {
		return o
	}
	const first = 8
	cols := len(values)
	if n := len(b.Shape); n > 1 {
		cols = b.Shape[n-1]
	}
	rows := min(len(values)/cols, 64)
	shown := make([]float64, 0, rows*min(cols, 64))
	for i := range rows {
		shown = append(shown, values[i*cols:i*cols+min(cols, 64)]...)
	}
	return append(o, field{"histogram", histogramOf(values)}, field{"norm", norm(values)}, field{"first", numbers(values[:min(first, len(values))])},
		field{"rows", rows}, field{"cols", min(cols, 64)}, field{"values", signedBytes(shown)})
}

// byHandFields compare a step of the graph with a step by hand, tensor by tensor, in float64 from the run's weights. Or they say why there is
// no such step.
func byHandFields(r *http.Request, t *trained, data *dataset.Data) object {
	net, err := graph.New(t.model.Net, t.model.Loss, t.model.Input, graph.Config{Init: graph.Zero, Float64: true})
	for i, p := range t.net.Params {
		if err == nil {
			err = net.Params[i].Set(p.Float64s())
		}
	}
	var l *compare.Lockstep
	if err == nil {
		l, err = compare.New(net, t.model, data.Train.Data(), 0, tolerances["float64"])
	}
	if err == nil {
		err = l.Run(r.Context(), 1)
	}
	if err != nil {
		return object{{"hand_error", fmt.Sprintf("This step does not exist by hand: %v", err)}}
	}
	list := []object{}
	for _, p := range l.Report.Tensors {
		list = append(list, object{{"tensor", p.Name}, {"shape", p.Shape}, {"rel_grad", p.Gradient.Rel}, {"rel_weight", p.Weight.Rel}})
	}
	return object{{"hand", l.Referee()}, {"tensors", list}}
}

// formula is what an op computes, and its gradient rule; ∂y means ∂C/∂y, and so on.
type formula struct{ is, rule string }

var formulas = map[string]formula{
	"affine":        {"y = x W + b", "∂x = ∂y Wᵀ\n∂W = xᵀ ∂y\n∂b = the sum of ∂y over the mini-batch"},
	"linear":        {"y = x W", "∂x = ∂y Wᵀ\n∂W = xᵀ ∂y"},
	"mulT":          {"y = a bᵀ", "∂a = ∂y b\n∂b = ∂yᵀ a"},
	"tMul":          {"y = aᵀ b", "∂a = b ∂yᵀ\n∂b = a ∂y"},
	"sumRows":       {"y = the sum of x over the mini-batch", "∂x = ∂y in every row"},
	"sigmoid":       {"y = σ(x) = 1 / (1 + e⁻ˣ)", "∂x = ∂y · y (1 − y)"},
	"dSigmoid":      {"∂x = ∂y · y (1 − y)", ""},
	"tanh":          {"y = tanh x", "∂x = ∂y · (1 − y²)"},
	"dTanh":         {"∂x = ∂y · (1 − y²)", ""},
	"relu":          {"y = max(x, 0)", "∂x = ∂y where y > 0, else 0"},
	"dReLU":         {"∂x = ∂y where y > 0, else 0", ""},
	"softmax":       {"yⱼ = eˣʲ / Σₖ eˣᵏ", "∂xⱼ = yⱼ (∂yⱼ − Σₖ ∂yₖ yₖ)"},
	"nll":           {"C = −(1/m) Σ ln softmax(x) at the right class", "∂x = (softmax(x) − label) / m"},
	"dNLL":          {"∂x = ∂C · (softmax(x) − label) / m", ""},
	"quadratic":     {"C = (1/2m) Σ (y − label)²", "∂y = (y − label) / m"},
	"dQuadratic":    {"∂y = ∂C · (y − label) / m", ""},
	"conv":          {"y[k, i, j] = b[k] + Σ x[c, i+u, j+v] · w[k, c, u, v]", "∂x: ∂y convolved with the filters, turned over\n∂w: x correlated with ∂y\n∂b: the sums of ∂y over each map"},
	"convTranspose": {"y[k, i+u, j+v] = b[k] + Σ x[c, i, j] · w[c, k, u, v]", "∂x: ∂y convolved with the filters\n∂w: ∂y correlated with x\n∂b: the sums of ∂y over each map"},
	"dConvX":        {"∂x = ∂y convolved with the filters, turned over", ""},
	"dConvK":        {"∂w[k, c, u, v] = Σ x[c, i+u, j+v] · ∂y[k, i, j]", ""},
	"sumMaps":       {"∂b[k] = the sum of ∂y over map k and the mini-batch", ""},
	"maxPool":       {"y = the largest x in each window", "∂x = ∂y at the place of the largest, else 0"},
	"dMaxPool":      {"∂x = ∂y at the place of the largest, else 0", ""},
	"avgPool":       {"y = the mean of x in each window", "∂x = ∂y / the size of the window"},
	"dAvgPool":      {"∂x = ∂y / the size of the window", ""},
	"maxWindows":    {"y = the largest x in each window", "∂x = the sum of ∂y over the windows in which x is the largest"},
	"dMaxWindows":   {"∂x = the sum of ∂y over the windows in which x is the largest", ""},
	"avgWindows":    {"y = the mean of x in each window, with 0 around the image", "∂x = the sum of ∂y over the windows of x / the size of a window"},
	"dAvgWindows":   {"∂x = the sum of ∂y over the windows of x / the size of a window", ""},
	"scaleMaps":     {"y = x · k, map by map", "∂x = ∂y · k"},
	"leakyReLU":     {"y = x where x > 0, else x · the slope", "∂x = ∂y where y > 0, else ∂y · the slope"},
	"dLeakyReLU":    {"∂x = ∂y where y > 0, else ∂y · the slope", ""},
	"prelu":         {"y = x where x > 0, else a x, with a slope a for each map or feature", "∂x = ∂y where x > 0, else a ∂y\n∂a = the sum of ∂y · x where x ≤ 0"},
	"dPReLU":        {"∂x = ∂y where x > 0, else a ∂y", ""},
	"dSlopes":       {"∂a = the sum of ∂y · x where x ≤ 0", ""},
	"elu":           {"y = x where x > 0, else α (eˣ − 1)", "∂x = ∂y where y > 0, else ∂y · (y + α)"},
	"selu":          {"y = λ x where x > 0, else λ α (eˣ − 1)", "∂x = ∂y · λ where y > 0, else ∂y · (y + λ α)"},
	"dELU":          {"∂x = ∂y · λ where y > 0, else ∂y · (y + λ α); λ is 1 in ELU", ""},
	"softplus":      {"y = ln(1 + eˣ)", "∂x = ∂y · σ(x)"},
	"reshape":       {"y = the numbers of x in another shape", "∂x = ∂y in the shape of x"},
	"add":           {"y = a + b", "∂a = ∂y\n∂b = ∂y"},
	"hadamard":      {"y = a · b, element by element", "∂a = ∂y · b\n∂b = ∂y · a"},
	"mapMoments":    {"for each example and map: Σ x, and Σ of the squares about the mean", "part of that of batchNorm"},
	"joinMoments":   {"for each map: μ and σ² over the mini-batch", "part of that of batchNorm"},
	"mapSums":       {"for each example and map: Σ ∂y, and Σ ∂y · x̂", ""},
	"dBatchNorm":    {"∂x = γ / √(σ² + ε) · (∂y − mean(∂y) − x̂ · mean(∂y · x̂))", ""},
	"half":          {"∂β, the first half of the sums, or ∂γ, the second", ""},
	"batchNorm":     {"y = γ (x − μ) / √(σ² + ε) + β, map by map", "∂γ = Σ ∂y · x̂\n∂β = Σ ∂y\n∂x = γ / √(σ² + ε) · (∂y − mean(∂y) − x̂ · mean(∂y · x̂))"},
}
