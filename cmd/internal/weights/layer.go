package weights

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/safetensors"
)

// The kinds of layers that other programs have too.
const (
	dense     = "dense"
	conv      = "conv"
	transpose = "convtranspose"
	batchNorm = "batchnorm"
	layerNorm = "layernorm"
	prelu     = "prelu"
	recurrent = "recurrent" // an RNN, an LSTM or a GRU in one direction; they differ in their shapes
	vectors   = "vectors"   // tokens and positions, whose weight is the same in any layout
)

// layer is a layer of the network, with its parameters by part, in order.
type layer struct {
	name, kind string
	parts      []string
	params     []*graph.Param
}

// ownName matches the names of layers that other programs have too. Attention is two dense layers, in and out.
var ownName = regexp.MustCompile(`^((?:.*\.)?(dense|conv|convtranspose|batchnorm|layernorm|prelu|embedding|positions|attention|rnn|lstm|gru)\d+(?:\.in|\.out|\.reverse)?)\.(w|u|b|c|gamma|beta|mean|variance|slope)$`)

// kindOf is the kind of layers with this name.
func kindOf(name string) string {
	switch name {
	case "embedding", "positions":
		return vectors
	case "attention":
		return dense
	case "rnn", "lstm", "gru":
		return recurrent
	}
	return name
}

// layersOf is the network's layers in the order of the forward pass, and the parameters of layers that only this program has.
func layersOf(n *graph.Net, values []graph.Value) (layers []*layer, others []*graph.Param) {
	for _, p := range n.Tensors() {
		m := ownName.FindStringSubmatch(p.Name)
		if m == nil {
			others = append(others, p)
			continue
		}
		i := slices.IndexFunc(layers, func(l *layer) bool { return l.name == m[1] })
		if i < 0 {
			i, layers = len(layers), append(layers, &layer{name: m[1], kind: kindOf(m[2])})
		}
		layers[i].parts, layers[i].params = append(layers[i].parts, m[3]), append(layers[i].params, p)
	}
	if len(n.Fixed) == 0 { // tensors are in order, except for those that are not trained
		return layers, others
	}
	first := func(l *layer) int {
		return slices.IndexFunc(values, func(v graph.Value) bool { return strings.HasPrefix(v.Name, l.name+".") })
	}
	slices.SortStableFunc(layers, func(a, b *layer) int { return cmp.Compare(first(a), first(b)) })
	return layers, others
}

// group is a layer of the file.
type group struct {
	name, kind string
	parts      []string
	tensors    []safetensors.Tensor
}

// groupsOf is a file's layers by its names, in the file's order, and the tensors whose names do not say a part.
func groupsOf(file []safetensors.Tensor) (groups []*group, loose []safetensors.Tensor, err error) {
	for _, x := range file {
		name, part := parse(x.Name)
		if part == "" {
			loose = append(loose, x)
			continue
		}
		i := slices.IndexFunc(groups, func(g *group) bool { return g.name == name })
		if i < 0 {
			i, groups = len(groups), append(groups, &group{name: name})
		}
		if k := slices.Index(groups[i].parts, part); k >= 0 {
			return nil, nil, fmt.Errorf("%s and %s have names for the same part of a layer; rename one", groups[i].tensors[k].Name, x.Name)
		}
		groups[i].parts, groups[i].tensors = append(groups[i].parts, part), append(groups[i].tensors, x)
	}
	for _, g := range groups {
		g.settle()
	}
	return groups, loose, nil
}

// settle finds the kind of the layer. A norm's weight and bias are gamma and beta; a vector without a bias is slopes.
func (g *group) settle() {
	if slices.Contains(g.parts, state) {
		g.kind = recurrent
		g.addBiases()
		return
	}
	if len(g.parts) == 1 && (g.parts[0] == slope || g.parts[0] == weight && len(g.tensors[0].Shape) == 1) {
		g.kind, g.parts[0] = prelu, slope
		return
	}
	rank := 1
	if k := slices.Index(g.parts, weight); k >= 0 {
		rank = len(g.tensors[k].Shape)
	}
	switch rank {
	case 2:
		g.kind = dense
	case 4:
		g.kind = conv
	case 1:
		g.kind = layerNorm
		if slices.Contains(g.parts, variance) {
			g.kind = batchNorm
		}
		for k, part := range g.parts {
			switch part {
			case weight:
				g.parts[k] = gamma
			case bias:
				g.parts[k] = beta
			}
		}
	}
}

// part is the tensor for a part of the layer.
func (g *group) part(name string) (safetensors.Tensor, bool) {
	k := slices.Index(g.parts, name)
	if k < 0 {
		return safetensors.Tensor{}, false
	}
	return g.tensors[k], true
}

// fits reports whether a layer of the file can be this layer of the network.
func (g *group) fits(l *layer, layout string) bool {
	same := g.kind == l.kind || g.kind == conv && l.kind == transpose || // a file's shapes do not tell these two
		l.kind == vectors && g.kind == dense
	if !same || len(g.parts) != len(l.parts) {
		return false
	}
	for i, part := range l.parts {
		x, ok := g.part(part)
		if ok {
			_, ok = turn(layout, l.kind, l.params[i], x.Shape)
		}
		if !ok {
			return false
		}
	}
	return true
}
