package weights

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph"
)

// order is the place of each number of an example in a program that keeps images as (rows, columns, maps); nil: the same place.
type order []int

// orders follows the order through a network's ops. A flattened image has another order, and so have the parameters that meet it. They are kept by
// the parameter's name or, for a batch norm, by the name of its moments.
type orders struct {
	of   []order // for each value
	rows map[string]order
}

// channelsLast finds the parameters whose first axis has another order in such a program.
func channelsLast(values []graph.Value) (map[string]order, error) {
	o := orders{make([]order, len(values)), map[string]order{}}
	for i, v := range values {
		var err error
		if o.of[i], err = o.value(values, v); err != nil {
			return nil, fmt.Errorf("%s: %w", v.Layer, err)
		}
	}
	return o.rows, nil
}

// value is the order of a value's numbers.
func (o *orders) value(values []graph.Value, v graph.Value) (order, error) {
	switch v.Op {
	case "":
		return nil, nil
	case "reshape":
		return o.reshape(values[v.X[0]].Shape, v.Shape, o.of[v.X[0]])
	case "concat":
		return o.concat(values, v), nil
	case "affine":
		return nil, o.meet(o.of[v.X[0]], values[v.X[1]].Name)
	case "prelu":
		x, slopes := o.of[v.X[0]], values[v.X[1]]
		if slopes.Shape[0] == 1 {
			return x, nil
		}
		return x, o.meet(x, slopes.Name)
	case "normalize", "layerNorm":
		x := o.of[v.X[0]]
		for _, p := range v.X[1:] {
			if err := o.meet(x, values[p].Name); err != nil {
				return nil, err
			}
		}
		return x, nil
	}
	return o.each(values, v)
}

// meet records that a parameter's first axis has an order.
func (o *orders) meet(x order, name string) error {
	old, ok := o.rows[name]
	if ok && !slices.Equal(old, x) {
		return fmt.Errorf("%s follows two flattened images of different sizes, which Keras flattens in another order; save the weights in PyTorch's layout", name)
	}
	o.rows[name] = x
	return nil
}

// reshape is the order after a reshape, which may flatten an image, or restore one.
func (o *orders) reshape(from, to graph.Shape, x order) (order, error) {
	image, flat := from, to
	if len(from) == 2 {
		image, flat = to, from
	}
	if len(image) != 4 || len(flat) != 2 {
		if x == nil {
			return nil, nil
		}
		return nil, fmt.Errorf("a flattened image is reshaped to %v, whose order is unknown; save the weights in PyTorch's layout", to)
	}
	last := mapsLast(image[1], image[2]*image[3])
	if len(to) == 2 {
		return last, nil
	}
	if !slices.Equal(x, last) {
		return nil, fmt.Errorf("images %v made from numbers have another order in Keras; save the weights in PyTorch's layout", to)
	}
	return nil, nil
}

// mapsLast is the order of an image with that many maps and pixels.
func mapsLast(maps, pixels int) order {
	if maps == 1 || pixels == 1 {
		return nil
	}
	var o order
	for m := range maps {
		for p := range pixels {
			o = append(o, p*maps+m)
		}
	}
	return o
}

// concat joins orders.
func (o *orders) concat(values []graph.Value, v graph.Value) order {
	var all order
	other := false
	for _, x := range v.X {
		if len(values[x].Shape) != 2 {
			return nil // images are joined by their maps
		}
		begin := len(all)
		for k := range values[x].Shape[1] {
			if o.of[x] != nil {
				k, other = o.of[x][k], true
			}
			all = append(all, begin+k)
		}
	}
	if !other {
		return nil
	}
	return all
}

// products mix the numbers of an example.
var products = []string{"dot", "mulT", "tMul", "batchMul"}

// each is the order of an op that treats all numbers alike.
func (o *orders) each(values []graph.Value, v graph.Value) (order, error) {
	var same order
	for _, x := range v.X {
		if o.of[x] == nil {
			continue
		}
		if !slices.Equal(values[x].Shape, v.Shape) || slices.Contains(products, v.Op) {
			return nil, fmt.Errorf("%s of a flattened image has an unknown order; save the weights in PyTorch's layout", v.Op)
		}
		same = o.of[x]
	}
	if same == nil {
		return nil, nil
	}
	for _, x := range v.X {
		if slices.Equal(values[x].Shape, v.Shape) && !slices.Equal(o.of[x], same) && values[x].Op != "" {
			return nil, fmt.Errorf("%s of a flattened image and other numbers has an unknown order; save the weights in PyTorch's layout", v.Op)
		}
	}
	return same, nil
}
