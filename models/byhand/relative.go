package byhand

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// read makes a network of its parts.
func read(parts map[string]member) (net *Network2, notes []string, err error) {
	for _, need := range [][2]string{
		{"weights", "add the matrices of all layers, each as a list of rows"},
		{"biases", "add a list of numbers for each layer but the first, zeros where the network has none"},
	} {
		if _, ok := parts[need[0]]; !ok {
			return nil, nil, fmt.Errorf("no key %q; %s", need[0], need[1])
		}
	}
	if err := checkActivation(parts["activation"]); err != nil {
		return nil, nil, err
	}
	net = &Network2{}
	if net.Cost, err = costOf(parts["cost"]); err != nil {
		return nil, nil, err
	}
	weights, err := parts["weights"].matrices()
	if err != nil {
		return nil, nil, err
	}
	for l, w := range weights {
		if w.list {
			return nil, nil, fmt.Errorf("weights[%d]: a list of numbers where a list of rows is needed", l)
		}
		net.Weights = append(net.Weights, w.x)
	}
	if net.Biases, err = biasesOf(parts["biases"]); err != nil {
		return nil, nil, err
	}
	if sizes, ok := parts["sizes"]; ok {
		err = sizes.into(&net.Sizes)
	} else {
		net.Sizes, err = sizesOf(weights, net.Biases)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := net.check(); err != nil {
		return nil, nil, err
	}
	notes, err = net.orient(weights)
	return net, notes, err
}

// biasesOf reads the biases. Each layer has a column, a row, or a list.
func biasesOf(m member) (biases [][]float64, err error) {
	layers, err := m.matrices()
	for l, b := range layers {
		if !b.list && b.rows > 1 && b.columns != 1 {
			return nil, fmt.Errorf("biases[%d]: rows of %d numbers, not of 1", l, b.columns)
		}
		biases = append(biases, b.x)
	}
	return biases, err
}

// sizesOf returns the sizes of a network whose file does not give them. Each
// neuron has a bias, and the inputs are the other side of the first weights.
func sizesOf(weights []matrix, biases [][]float64) ([]int, error) {
	if len(weights) == 0 || len(biases) == 0 {
		return nil, errors.New(`no key "sizes", and no weights or biases to tell them; add "sizes": [784, 30, 10]`)
	}
	rows, columns, first := weights[0].rows, weights[0].columns, len(biases[0])
	inputs := columns
	if rows != first {
		inputs = rows
	}
	if rows != first && columns != first {
		return nil, fmt.Errorf("weights[0] is %d×%d, and there are %d biases[0]; one side must be as long", rows, columns, first)
	}
	sizes := []int{inputs}
	for _, b := range biases {
		sizes = append(sizes, len(b))
	}
	return sizes, nil
}

// orient transposes weights that are (in, out) in the file. All layers must lie
// the same way. If all are square, it assumes network2.py's way and makes a note.
func (net *Network2) orient(weights []matrix) (notes []string, err error) {
	var out, in []string // Layers that can lie only one way.
	square := false
	for l, w := range weights {
		rows, columns := w.rows, w.columns
		name := fmt.Sprintf("weights[%d]", l)
		switch ins, outs := net.Sizes[l], net.Sizes[l+1]; {
		case ins == outs && rows == ins:
			square = square || ins > 1
		case rows == outs && columns == ins:
			out = append(out, name)
		case rows == ins && columns == outs:
			in = append(in, name)
		default:
			return nil, fmt.Errorf("%s: %d×%d, not %d×%d as in sizes", name, rows, columns, outs, ins)
		}
	}
	switch {
	case in != nil && out != nil:
		return nil, fmt.Errorf("%s is (out, in), %s is (in, out); write all layers the same way", out[0], in[0])
	case in != nil:
		for l, w := range weights {
			net.Weights[l] = w.columnsFirst()
		}
	case out == nil && square:
		notes = append(notes, "weights: all layers are squares, taken as (out, in), as network2.py writes them; write (in, out) transposed")
	}
	return notes, nil
}

// costs lists the names of each cost, in lower case, without punctuation and
// without words such as cost or loss at the end.
var costs = []struct {
	cost  Cost
	names []string
}{
	{QuadraticCost{}, []string{"quadratic", "mse", "se", "sse", "squarederror", "meansquarederror", "meansquared", "squared"}},
	{CrossEntropyCost{}, []string{"crossentropy", "crossentropyerror", "ce", "bce", "binarycrossentropy"}},
}

// costOf returns the cost that the file names, or nil if it names none. Anything
// but text, such as a list of a training's losses, does not count as a name.
func costOf(m member) (Cost, error) {
	if len(m.value) == 0 || m.value[0] != '"' {
		return nil, nil
	}
	var name string
	if err := m.into(&name); err != nil {
		return nil, err
	}
	short := plain(name[strings.LastIndexByte(name, '.')+1:]) // As in network2.CrossEntropyCost.
	for _, word := range []string{"function", "fn", "cost", "loss"} {
		short = strings.TrimSuffix(short, word)
	}
	for _, c := range costs {
		if slices.Contains(c.names, short) {
			return c.cost, nil
		}
	}
	return nil, fmt.Errorf("cost: %.40q is neither QuadraticCost nor CrossEntropyCost", name)
}

// text matches a JSON string.
var text = regexp.MustCompile(`"(\\.|[^"\\])*"`)

// checkActivation returns an error if the file names neurons other than
// sigmoid ones.
func checkActivation(m member) error {
	const most = 1 << 16 // Bytes.
	if len(m.value) > most {
		return fmt.Errorf("%s: more than %d bytes", m.key, most)
	}
	for _, word := range text.FindAll(m.value, -1) {
		switch plain(string(bytes.Trim(word, `"`))) {
		case "sigmoid", "logistic", "sigmoidfunction", "sigmoidactivation":
		default:
			return fmt.Errorf("%s: %.40s, and sigmoid neurons only are read; import the arrays as .npz, with the network in one line", m.key, word)
		}
	}
	return nil
}
