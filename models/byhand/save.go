package byhand

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
)

// maxFile is the largest saved network that is read, in bytes. It leaves room
// beyond the 1.7 MB of 784-100-10, the largest of chapter 3, while the worst file of
// this length is refused within a second and 256 MiB of memory.
const maxFile = 3 << 20

// Save writes the network to the file path in the JSON of network2.py:
//
//	{"sizes": [784, 30, 10], "weights": [...], "biases": [...], "cost": "CrossEntropyCost"}
//
// where each layer's weights are (Sizes[l+1], Sizes[l]) and its biases
// (Sizes[l+1], 1). Shapes that do not fit, and numbers that are not finite, are
// an error, and then nothing is written.
func (net *Network2) Save(path string) error {
	data, err := net.encode()
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

// saved is a network as it stands in the file.
type saved struct {
	Sizes   []int         `json:"sizes"`
	Weights [][][]float64 `json:"weights"`
	Biases  [][][]float64 `json:"biases"`
	Cost    string        `json:"cost"`
}

func (net *Network2) encode() ([]byte, error) {
	s := saved{Sizes: net.Sizes, Cost: net.Cost.String()}
	for l, w := range net.Weights {
		s.Weights = append(s.Weights, slices.Collect(slices.Chunk(w, net.Sizes[l])))
	}
	for _, b := range net.Biases {
		s.Biases = append(s.Biases, slices.Collect(slices.Chunk(b, 1)))
	}
	if _, err := s.network(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(s)
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d bytes", maxFile)
	}
	return data, err
}

func decode(data []byte) (*Network2, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("larger than %d bytes", maxFile)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	s, err := parse(d)
	if err != nil {
		return nil, fmt.Errorf("near byte offset %d: %w", d.InputOffset(), err)
	}
	return s.network()
}

// network returns the network if all its shapes fit its sizes.
func (s *saved) network() (*Network2, error) {
	net := &Network2{Network{Sizes: s.Sizes}}
	if len(s.Sizes) < 2 {
		return nil, fmt.Errorf("sizes: %d layers, at least 2 needed", len(s.Sizes))
	}
	for _, cost := range []Cost{QuadraticCost{}, CrossEntropyCost{}} {
		if cost.String() == s.Cost {
			net.Cost = cost
		}
	}
	if net.Cost == nil {
		return nil, fmt.Errorf("cost: %q is neither QuadraticCost nor CrossEntropyCost", s.Cost)
	}
	var err error
	if net.Weights, err = flat("weights", s.Weights, s.Sizes, func(l int) int { return s.Sizes[l] }); err != nil {
		return nil, err
	}
	if net.Biases, err = flat("biases", s.Biases, s.Sizes, func(int) int { return 1 }); err != nil {
		return nil, err
	}
	return net, nil
}

// flat returns one slice for each of the matrices, of which the l-th must be
// (sizes[l+1], columns(l)) and finite.
func flat(name string, matrices [][][]float64, sizes []int, columns func(l int) int) ([][]float64, error) {
	if len(matrices) != len(sizes)-1 {
		return nil, fmt.Errorf("%s: %d matrices for %d layers, sizes has %d", name, len(matrices), len(matrices)+1, len(sizes))
	}
	var all [][]float64
	for l, rows := range matrices {
		if len(rows) != sizes[l+1] {
			return nil, fmt.Errorf("%s[%d]: %d rows, sizes[%d] is %d", name, l, len(rows), l+1, sizes[l+1])
		}
		for j, row := range rows {
			if len(row) != columns(l) {
				return nil, fmt.Errorf("%s[%d][%d]: %d numbers, not %d", name, l, j, len(row), columns(l))
			}
			for k, x := range row {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					return nil, fmt.Errorf("%s[%d][%d][%d]: %v is not finite", name, l, j, k, x)
				}
			}
		}
		all = append(all, slices.Concat(rows...))
	}
	return all, nil
}

// parse reads the JSON of a saved network token by token. json.Unmarshal would
// take null for 0, "Sizes" for "sizes", and the last of two "sizes".
func parse(d *json.Decoder) (*saved, error) {
	s := &saved{}
	matrices := list(list(list(number)))
	fields := map[string]func() error{
		"sizes":   func() (err error) { s.Sizes, err = list(size)(d); return err },
		"weights": func() (err error) { s.Weights, err = matrices(d); return err },
		"biases":  func() (err error) { s.Biases, err = matrices(d); return err },
		"cost":    func() (err error) { s.Cost, err = token[string](d, "a string"); return err },
	}
	if err := delim(d, '{'); err != nil {
		return nil, err
	}
	for d.More() {
		key, err := token[string](d, "a key")
		if err != nil {
			return nil, err
		}
		field, ok := fields[key]
		if !ok {
			return nil, fmt.Errorf("key %q is unknown or comes twice", key)
		}
		delete(fields, key)
		if err := field(); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if err := delim(d, '}'); err != nil {
		return nil, err
	}
	if len(fields) > 0 {
		return nil, fmt.Errorf("no keys %q", slices.Sorted(maps.Keys(fields)))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more follows after the network")
	}
	return s, nil
}

// list returns a reader of arrays, not empty, of what element reads.
func list[T any](element func(*json.Decoder) (T, error)) func(*json.Decoder) ([]T, error) {
	return func(d *json.Decoder) ([]T, error) {
		if err := delim(d, '['); err != nil {
			return nil, err
		}
		var all []T
		for len(all) == 0 || d.More() {
			x, err := element(d)
			if err != nil {
				return nil, err
			}
			all = append(all, x)
		}
		return all, delim(d, ']')
	}
}

func number(d *json.Decoder) (float64, error) {
	return token[float64](d, "a number")
}

// size reads a number of neurons.
func size(d *json.Decoder) (int, error) {
	x, err := number(d)
	if err == nil && (x < 1 || x > maxFile || x != math.Trunc(x)) {
		err = fmt.Errorf("%v is not a number of neurons", x)
	}
	return int(x), err
}

// delim reads the bracket want.
func delim(d *json.Decoder, want json.Delim) error {
	got, err := token[json.Delim](d, want.String())
	if err == nil && got != want {
		err = fmt.Errorf("%v is not %v", got, want)
	}
	return err
}

// token reads a token of type T, called what in the error.
func token[T any](d *json.Decoder, what string) (T, error) {
	t, err := d.Token()
	x, ok := t.(T)
	if err == nil && !ok {
		err = fmt.Errorf("not %s", what)
	}
	return x, err
}
