package byhand

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
)

// What is read and written. There is room for a network of 784-1000-1000-10,
// and the worst file within these limits is refused within a second and 256 MiB
// of memory.
const (
	maxNumbers = 2 << 20  // The weights and biases of a network.
	maxLayers  = 1000     // Its layers of weights.
	maxFile    = 64 << 20 // Bytes, at 26 or fewer a number.
)

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
	if info, err := file.Stat(); err == nil && info.Size() > maxFile {
		return nil, fmt.Errorf("byhand: %s: larger than %d bytes; expected is a network saved by Save or network2.py", path, maxFile)
	}
	net, err := decode(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, fmt.Errorf("byhand: %s: %w; expected is a network saved by Save or network2.py", path, err)
	}
	return net, nil
}

func (net *Network2) encode() ([]byte, error) {
	if err := net.check(); err != nil {
		return nil, err
	}
	data := appendList([]byte(`{"sizes": `), net.Sizes, func(data []byte, n int) []byte {
		return strconv.AppendInt(data, int64(n), 10)
	})
	data = append(data, `, "weights": `...)
	data = appendMatrices(data, net.Weights, func(l int) int { return net.Sizes[l] })
	data = append(data, `, "biases": `...)
	data = appendMatrices(data, net.Biases, func(int) int { return 1 })
	return fmt.Appendf(data, `, "cost": %q}`, net.Cost), nil
}

// appendMatrices appends each layer's numbers as rows of so many columns.
func appendMatrices(data []byte, layers [][]float64, columns func(l int) int) []byte {
	number := func(data []byte, x float64) []byte { return strconv.AppendFloat(data, x, 'g', -1, 64) }
	row := func(data []byte, x []float64) []byte { return appendList(data, x, number) }
	l := -1
	return appendList(data, layers, func(data []byte, x []float64) []byte {
		l++
		return appendList(data, slices.Collect(slices.Chunk(x, columns(l))), row)
	})
}

func appendList[T any](data []byte, list []T, element func([]byte, T) []byte) []byte {
	data = append(data, '[')
	for i, x := range list {
		if i > 0 {
			data = append(data, ", "...)
		}
		data = element(data, x)
	}
	return append(data, ']')
}

// check returns an error unless all shapes fit the sizes, and all numbers are
// finite.
func (net *Network2) check() error {
	if len(net.Sizes) < 2 || slices.Min(net.Sizes) < 1 {
		return fmt.Errorf("sizes: %v, at least 2 layers of at least 1 neuron needed", net.Sizes)
	}
	numbers := 0
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
		return fmt.Errorf("%d weights and biases, the limit is %d", numbers, maxNumbers)
	}
	return nil
}

// decode reads a network from its JSON.
func decode(r io.Reader) (*Network2, error) {
	s := &scanner{r: bufio.NewReaderSize(r, 1<<16)}
	saved := s.network()
	if s.err != nil {
		return nil, fmt.Errorf("byte offset %d: %w", s.offset, s.err)
	}
	return saved.network()
}

// saved is a network as it stands in the file.
type saved struct {
	sizes           []int
	weights, biases []matrix
	cost            string
}

type matrix struct {
	rows, columns int
	x             []float64
}

// network returns the network if all its shapes fit its sizes.
func (s *saved) network() (*Network2, error) {
	net := &Network2{Network{Sizes: s.sizes}}
	for _, cost := range []Cost{QuadraticCost{}, CrossEntropyCost{}} {
		if cost.String() == s.cost {
			net.Cost = cost
		}
	}
	if net.Cost == nil {
		return nil, fmt.Errorf("cost: %q is neither QuadraticCost nor CrossEntropyCost", s.cost)
	}
	for _, w := range s.weights {
		net.Weights = append(net.Weights, w.x)
	}
	for l, b := range s.biases {
		if b.columns != 1 {
			return nil, fmt.Errorf("biases[%d]: %d×%d, and they are one column", l, b.rows, b.columns)
		}
		net.Biases = append(net.Biases, b.x)
	}
	if err := net.check(); err != nil {
		return nil, err
	}
	for l, w := range s.weights {
		if w.rows != s.sizes[l+1] { // As many numbers, but lying otherwise.
			return nil, fmt.Errorf("weights[%d]: %d×%d, not %d×%d as in sizes", l, w.rows, w.columns, s.sizes[l+1], s.sizes[l])
		}
	}
	return net, nil
}
