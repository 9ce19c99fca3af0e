package byhand

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
)

// The limits for reading and writing. They leave room for a network of
// 784-1000-1000-10. The worst file within them is refused within a second of
// processor time and 256 MiB of memory.
const (
	maxNumbers = 2 << 20  // The sizes, weights and biases of a network.
	maxLayers  = 4096     // In a file that is read.
	maxFile    = 64 << 20 // Bytes, with at most 28 for each number.
)

// Save writes the network to the file path in the JSON of network2.py:
//
//	{"sizes": [784, 30, 10], "weights": [...], "biases": [...], "cost": "CrossEntropyCost"}
//
// where each layer's weights are (Sizes[l+1], Sizes[l]) and its biases are
// (Sizes[l+1], 1). If shapes do not fit or numbers are not finite, it returns an
// error and writes nothing.
func (net *Network2) Save(path string) error {
	data, err := net.Encode()
	if err != nil {
		return fmt.Errorf("byhand: %s: not saved: %w", path, err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return fmt.Errorf("byhand: %w", err)
	}
	return nil
}

// saved is a network as network2.py writes it: matrices as lists of rows.
type saved struct {
	Sizes   []int         `json:"sizes"`
	Weights [][][]float64 `json:"weights"`
	Biases  [][][]float64 `json:"biases"`
	Cost    string        `json:"cost"`
}

// Encode returns the contents of the file that Save writes.
func (net *Network2) Encode() ([]byte, error) {
	if err := net.check(); err != nil {
		return nil, err
	}
	if net.Cost == nil {
		return nil, errors.New("cost: none; set QuadraticCost or CrossEntropyCost")
	}
	s := saved{Sizes: net.Sizes, Cost: fmt.Sprint(net.Cost)}
	for l := range net.Weights {
		s.Weights = append(s.Weights, slices.Collect(slices.Chunk(net.Weights[l], net.Sizes[l])))
		s.Biases = append(s.Biases, slices.Collect(slices.Chunk(net.Biases[l], 1)))
	}
	return json.Marshal(s)
}

// check returns an error unless all shapes fit the sizes, and all numbers are
// finite.
func (net *Network2) check() error {
	if len(net.Sizes) < 2 {
		return fmt.Errorf("sizes: %v, at least 2 layers needed", net.Sizes)
	}
	if i := slices.IndexFunc(net.Sizes, func(n int) bool { return n < 1 || n > maxNumbers }); i >= 0 {
		return fmt.Errorf("sizes: %d neurons, and a layer has 1 to %d", net.Sizes[i], maxNumbers)
	}
	numbers := len(net.Sizes)
	for _, part := range []struct {
		name   string
		layers [][]float64
		inputs func(l int) int
	}{
		{"weights", net.Weights, func(l int) int { return net.Sizes[l] }},
		{"biases", net.Biases, func(int) int { return 1 }},
	} {
		if len(part.layers) != len(net.Sizes)-1 {
			return fmt.Errorf("%s: %d layers, not %d as in sizes", part.name, len(part.layers), len(net.Sizes)-1)
		}
		for l, x := range part.layers {
			if rows, columns := net.Sizes[l+1], part.inputs(l); len(x) != rows*columns {
				return fmt.Errorf("%s[%d]: %d numbers, not %d×%d as in sizes", part.name, l, len(x), rows, columns)
			}
			if i := slices.IndexFunc(x, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }); i >= 0 {
				return fmt.Errorf("%s[%d]: number %d is %v, which is not finite", part.name, l, i, x[i])
			}
			numbers += len(x)
		}
	}
	if numbers > maxNumbers {
		return fmt.Errorf("%d sizes, weights and biases, the limit is %d", numbers, maxNumbers)
	}
	return nil
}
