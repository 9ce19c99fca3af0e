package byhand

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"slices"
)

// What is read and written. There is room for a network of 784-1000-1000-10,
// and the worst file within these limits is refused within three seconds and
// 512 MiB of memory.
const (
	maxNumbers = 2 << 20  // The sizes, weights and biases of a network.
	maxFile    = 64 << 20 // Bytes, at 28 or fewer a number.
)

// Save writes the network to the file path in the JSON of network2.py:
//
//	{"sizes": [784, 30, 10], "weights": [...], "biases": [...], "cost": "CrossEntropyCost"}
//
// where each layer's weights are (Sizes[l+1], Sizes[l]) and its biases
// (Sizes[l+1], 1). Shapes that do not fit, and numbers that are not finite, are
// an error, and then nothing is written.
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

// Load reads a network from a file that Save or network2.py has written. Its
// Seed is 0. The error for a bad file names the file and the place in it.
func Load(path string) (*Network2, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("byhand: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("byhand: %w", err)
	}
	net, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("byhand: %s: %w; expected is a network saved by Save or network2.py", path, err)
	}
	return net, nil
}

// saved is a network as it stands in the file: matrices as lists of rows.
type saved struct {
	Sizes   []int         `json:"sizes"`
	Weights [][][]float64 `json:"weights"`
	Biases  [][][]float64 `json:"biases"`
	Cost    string        `json:"cost"`
}

// Encode is the file that Save writes.
func (net *Network2) Encode() ([]byte, error) {
	if err := net.check(); err != nil {
		return nil, err
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
			return fmt.Errorf("%s: those of %d layers, not of %d as in sizes", part.name, len(part.layers), len(net.Sizes)-1)
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

// decode reads a network from its JSON.
func decode(data []byte) (*Network2, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("larger than %d bytes", maxFile)
	}
	if bytes.Count(data, []byte(",")) > maxNumbers { // A good file has as many commas as numbers.
		return nil, fmt.Errorf("more than %d numbers", maxNumbers)
	}
	if err := checkKeys(data); err != nil {
		return nil, err
	}
	if i := bytes.Index(data, []byte("null")); i >= 0 { // It would pass for 0.
		return nil, fmt.Errorf("byte offset %d: null where a value is needed", i)
	}
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, located(err)
	}
	return s.network()
}

// ignored is a value that is not looked at.
type ignored struct{}

func (*ignored) UnmarshalJSON([]byte) error { return nil }

// checkKeys returns an error unless data is JSON with the keys of a network.
// Decoding a struct would pass over other keys, and take "Sizes" for "sizes".
// The last of a key's values counts, as in Python.
func checkKeys(data []byte) error {
	var keys map[string]ignored
	if err := json.Unmarshal(data, &keys); err != nil {
		return located(err)
	}
	for _, key := range []string{"sizes", "weights", "biases", "cost"} {
		if _, ok := keys[key]; !ok {
			return fmt.Errorf("no key %q", key)
		}
		delete(keys, key)
	}
	for key := range keys {
		return fmt.Errorf("unknown key %.40q", key)
	}
	return nil
}

// located is an error of encoding/json with the place in the file.
func located(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("byte offset %d: %w", e.Offset, e)
	}
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	needed := map[reflect.Kind]string{
		reflect.Map: "an object", reflect.Slice: "a list", reflect.String: "a string",
		reflect.Int: "a whole number", reflect.Float64: "a number up to 1.8e308",
	}
	return fmt.Errorf("byte offset %d: %s: %.40s where %s is needed", e.Offset, cmp.Or(e.Field, "file"), e.Value, needed[e.Type.Kind()])
}

// network returns the network if all its shapes fit its sizes.
func (s *saved) network() (*Network2, error) {
	net := &Network2{Network{Sizes: s.Sizes}}
	for _, cost := range []Cost{QuadraticCost{}, CrossEntropyCost{}} {
		if cost.String() == s.Cost {
			net.Cost = cost
		}
	}
	if net.Cost == nil {
		return nil, fmt.Errorf("cost: %.40q is neither QuadraticCost nor CrossEntropyCost", s.Cost)
	}
	for _, rows := range s.Weights {
		net.Weights = append(net.Weights, slices.Concat(rows...))
	}
	for _, rows := range s.Biases {
		net.Biases = append(net.Biases, slices.Concat(rows...))
	}
	if err := net.check(); err != nil {
		return nil, err
	}
	for l := range s.Weights { // As many numbers may lie otherwise.
		if err := checkRows(s.Weights[l], s.Sizes[l]); err != nil {
			return nil, fmt.Errorf("weights[%d]: %w", l, err)
		}
		if err := checkRows(s.Biases[l], 1); err != nil {
			return nil, fmt.Errorf("biases[%d]: %w", l, err)
		}
	}
	return net, nil
}

// checkRows returns an error unless all rows have so many columns.
func checkRows(rows [][]float64, columns int) error {
	for i, row := range rows {
		if len(row) != columns {
			return fmt.Errorf("row %d has %d numbers, not %d", i, len(row), columns)
		}
	}
	return nil
}
