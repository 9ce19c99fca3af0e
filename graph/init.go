package graph

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/stheno-ml/stheno/graph/op"
)

// An Init is a rule for first weights and biases. The same seed and parameter name give the same numbers, whatever else is drawn.
type Init struct {
	Name string
	// Weight and Bias are the scale of a layer's weights and biases, which may depend on the number of inputs and outputs of a
	// neuron: for a convolution, of all elements of its filters. Nil: 0.
	Weight, Bias func(in, out int) float64
	// Draw draws the weights; biases are normal. Nil: Gaussian.
	Draw Draw
}

// A Draw fills x, a row-major matrix of so many rows, with random numbers of the given scale. A dense layer's weights are the matrix
// (in, out), a convolution's (out, maps × filter rows × filter columns).
type Draw func(x []float64, rows int, scale float64, r *rand.Rand)

func (i *Init) String() string { return i.Name }

// Nielsen's three initializations, zeros, and those of deeper networks.
var (
	// Large is N(0,1) for weights and biases (network.py; network2's large_weight_initializer).
	Large = &Init{Name: "large", Weight: unit, Bias: unit}
	// Default is N(0,1)/√n_in for weights, N(0,1) for biases (network2's default_weight_initializer).
	Default = &Init{Name: "default", Weight: func(in, _ int) float64 { return 1 / math.Sqrt(float64(in)) }, Bias: unit}
	// Output is N(0,1)/√n_out for weights, N(0,1) for biases: what network3's fully connected layers do.
	Output = &Init{Name: "output", Weight: func(_, out int) float64 { return 1 / math.Sqrt(float64(out)) }, Bias: unit}
	// Zero is 0 for all, as network3's softmax layer.
	Zero = &Init{Name: "zero"}
	// Glorot is uniform in ±√(6/(n_in+n_out)) for weights, 0 for biases (Glorot and Bengio 2010, eq. 16).
	Glorot = &Init{Name: "glorot", Weight: func(in, out int) float64 { return math.Sqrt(2 / float64(in+out)) }, Draw: Uniform}
	// He is N(0, 2/n_in) for weights, 0 for biases: for ReLU (He, Zhang, Ren and Sun 2015, eq. 10).
	He = &Init{Name: "he", Weight: func(in, _ int) float64 { return math.Sqrt(2 / float64(in)) }}
	// Orthogonal is a random orthogonal matrix for weights, 0 for biases (Saxe, McClelland and Ganguli 2014): see [Orthonormal].
	Orthogonal = &Init{Name: "orthogonal", Weight: unit, Draw: Orthonormal}
)

// Normal is N(0, std²) for weights and N(0,1) for biases.
func Normal(std float64) *Init {
	return &Init{Name: fmt.Sprintf("normal(%v)", std), Weight: func(int, int) float64 { return std }, Bias: unit}
}

func unit(int, int) float64 { return 1 }

// Gaussian draws independent numbers of N(0, scale²).
func Gaussian(x []float64, _ int, scale float64, r *rand.Rand) {
	for i := range x {
		x[i] = scale * r.NormFloat64()
	}
}

// Uniform draws independent numbers of mean 0 and deviation scale, uniform in ±√3 scale.
func Uniform(x []float64, _ int, scale float64, r *rand.Rand) {
	for i := range x {
		x[i] = scale * math.Sqrt(3) * (2*r.Float64() - 1)
	}
}

// Orthonormal draws a matrix from the uniform distribution over those whose rows, or columns if there are fewer of them, are
// orthogonal vectors of length scale: what Gram and Schmidt make of independent normal numbers.
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

// dot adds in four sums, so that one addition need not wait for the last.
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

// fill draws the elements of x, a matrix of so many rows.
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

// part is the elements [from, to) of x.
func part(x any, from, to int) any {
	if x, ok := x.([]float32); ok {
		return x[from:to]
	}
	return x.([]float64)[from:to]
}

// fill makes every element of x value.
func fill(x any, value float64) {
	switch x := x.(type) {
	case []float32:
		op.Fill(x, float32(value))
	case []float64:
		op.Fill(x, value)
	}
}
