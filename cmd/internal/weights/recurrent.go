package weights

import (
	"regexp"
	"slices"

	"github.com/stheno-ml/stheno/internal/safetensors"
)

// The names of a recurrent layer's tensors, in lower case: this program's, with the direction in the layer's name, and PyTorch's, which end with the
// layer's number and the direction.
var (
	ownRecurrent   = regexp.MustCompile(`^((?:.*\.)?(?:rnn|lstm|gru)\d+(?:\.reverse)?)\.(w|u|b|c)$`)
	torchRecurrent = regexp.MustCompile(`^(.*?)[.]?(weight_ih|weight_hh|bias_ih|bias_hh)_l(\d+)(_reverse)?$`)
)

// torchParts are PyTorch's names of the parts.
var torchParts = map[string]string{"weight_ih": weight, "weight_hh": state}

// addBiases replaces the two biases of a recurrent layer of PyTorch by their sum. The part that a GRU adds to the state in its third gate remains a
// bias of its own.
func (g *group) addBiases() {
	i, k := slices.Index(g.parts, biasIn), slices.Index(g.parts, biasHid)
	if i < 0 || k < 0 {
		return
	}
	own := 0 // numbers of the second bias that are not added
	if u, _ := g.part(state); len(u.Shape) == 2 && u.Shape[0] == 3*u.Shape[1] {
		own = u.Shape[1]
	}
	b, c := g.tensors[i], g.tensors[k]
	sum := safetensors.Tensor{Name: b.Name + " + " + c.Name, Shape: b.Shape}
	rest := safetensors.Tensor{Name: c.Name, Shape: []int{own}}
	var ok bool
	switch x := b.Data.(type) {
	case []float32:
		sum.Data, rest.Data, ok = added(x, c.Data, own)
	case []float64:
		sum.Data, rest.Data, ok = added(x, c.Data, own)
	}
	if !ok {
		return
	}
	g.parts[i], g.tensors[i] = bias, sum
	g.parts[k], g.tensors[k] = second, rest
	if own == 0 {
		g.parts, g.tensors = slices.Delete(g.parts, k, k+1), slices.Delete(g.tensors, k, k+1)
	}
}

// added is x + y without the last numbers of y, which are returned separately. It is false if the two differ in type or size.
func added[T float32 | float64](x []T, other any, own int) (sum, rest any, ok bool) {
	y, same := other.([]T)
	if !same || len(x) != len(y) || own > len(y) {
		return nil, nil, false
	}
	z := slices.Clone(x)
	for i, y := range y[:len(y)-own] {
		z[i] += y
	}
	return z, y[len(y)-own:], true
}
