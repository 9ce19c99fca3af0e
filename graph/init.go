package graph

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/stheno-ml/stheno/graph/op"
)

// An Init says how weights and biases are initialized. The same seed and parameter name give the same numbers, whatever else is drawn.
type Init struct {
	Name string
	// Weight and Bias return the scale of a layer's weights and biases, given the number of inputs and outputs of a neuron. For a
	// convolution these count all elements of its filters. Nil means 0.
	Weight, Bias func(in, out int) float64
	// Draw draws the weights; biases are always normal. Nil means Gaussian.
	Draw Draw
}

// A Draw fills x, a row-major matrix with the given number of rows, with random numbers of the given scale. The matrix is (in, out) for a dense
// layer and (out, maps × filter rows × filter columns) for a convolution.
type Draw func(x []float64, rows int, scale float64, r *rand.Rand)

func (i *Init) String() string { return i.Name }

// The book's initializations, zeros, and those for deeper networks.
var (
	// Large is N(0,1) for weights and biases (network.py; network2's large_weight_initializer).
	Large = &Init{Name: "large", Weight: unit, Bias: unit}
	// Default is N(0,1)/√n_in for weights, N(0,1) for biases (network2's default_weight_initializer).
	Default = &Init{Name: "default", Weight: func(in, _ int) float64 { return 1 / math.Sqrt(float64(in)) }, Bias: unit}
	// Output is N(0,1)/√n_out for weights and N(0,1) for biases, as in network3's fully connected layers.
	Output = &Init{Name: "output", Weight: func(_, out int) float64 { return 1 / math.Sqrt(float64(out)) }, Bias: unit}
	// Zero sets everything to 0, as network3's softmax layer does.
	Zero = &Init{Name: "zero"}
	// Glorot is uniform in ±√(6/(n_in+n_out)) for weights and 0 for biases (Glorot and Bengio 2010, eq. 16).
	Glorot = &Init{Name: "glorot", Weight: func(in, out int) float64 { return math.Sqrt(2 / float64(in+out)) }, Draw: Uniform}
	// He is N(0, 2/n_in) for weights and 0 for biases, for layers followed by ReLU (He, Zhang, Ren and Sun 2015, eq. 10).
	He = &Init{Name: "he", Weight: func(in, _ int) float64 { return math.Sqrt(2 / float64(in)) }}
	// Orthogonal is a random orthogonal matrix for weights and 0 for biases (Saxe, McClelland and Ganguli 2014): see [Orthonormal].
	Orthogonal = &Init{Name: "orthogonal", Weight: unit, Draw: Orthonormal}
)

// Normal returns N(0, std²) for weights and N(0,1) for biases.
func Normal(std float64) *Init {
	return &Init{Name: fmt.Sprintf("normal(%v)", std), Weight: func(int, int) float64 { return std }, Bias: unit}
}

func unit(int, int) float64 { return 1 }

// Gaussian draws independent numbers from N(0, scale²).
func Gaussian(x []float64, _ int, scale float64, r *rand.Rand) {
	for i := range x {
		x[i] = scale * r.NormFloat64()
	}
}

// Uniform draws independent numbers, uniform in ±√3·scale, which have mean 0 and standard deviation scale.
func Uniform(x []float64, _ int, scale float64, r *rand.Rand) {
	for i := range x {
		x[i] = scale * math.Sqrt(3) * (2*r.Float64() - 1)
	}
}

// Orthonormal draws a random matrix whose rows (or columns, if there are fewer) are orthogonal vectors of length scale. It is uniformly
// distributed over all such matrices: the Gram–Schmidt process applied to independent normal numbers.
func Orthonormal(x []float64, rows int, scale float64, r *rand.Rand) {
	cols := len(x) / rows
	n, length := min(rows, cols), max(rows, cols)
	q := make([]float64, len(x)) // the vectors, n rows
	Gaussian(q, n, 1, r)
	for i := range n {
		v := q[i*length : i*length+length]
		for j := range i {
			u := q[j*length : j*length+length]
			along := dot(u, v)
			for k := range v {
				v[k] -= along * u[k]
			}
		}
		size := math.Sqrt(dot(v, v))
		for k := range v {
			v[k] /= size
			if n == rows {
				x[i*cols+k] = scale * v[k]
			} else {
				x[k*cols+i] = scale * v[k]
			}
		}
	}
}

// dot uses four partial sums, so that an addition need not wait for the previous one.
func dot(a, b []float64) float64 {
	var s [4]float64
	b = b[:len(a)]
	k := 0
	for ; k+4 <= len(a); k += 4 {
		s[0] += a[k] * b[k]
		s[1] += a[k+1] * b[k+1]
		s[2] += a[k+2] * b[k+2]
		s[3] += a[k+3] * b[k+3]
	}
	for ; k < len(a); k++ {
		s[0] += a[k] * b[k]
	}
	return s[0] + s[1] + s[2] + s[3]
}

// fill draws the elements of x, a matrix with the given number of rows.
func (draw Draw) fill(x any, rows int, scale float64, seed uint64, name string) {
	h := fnv.New64a()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	numbers, ok := x.([]float64)
	if !ok {
		numbers = make([]float64, len(x.([]float32)))
	}
	draw(numbers, rows, scale, r)
	convert(x, numbers)
}

// part returns the elements [from, to) of x.
func part(x any, from, to int) any {
	if x, ok := x.([]float32); ok {
		return x[from:to]
	}
	return x.([]float64)[from:to]
}

// fill sets every element of x to value.
func fill(x any, value float64) {
	switch x := x.(type) {
	case []float32:
		op.Fill(x, float32(value))
	case []float64:
		op.Fill(x, value)
	}
}
