package graph

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// An Init is a rule for first weights and biases: independent normal numbers of mean 0, of a standard deviation that may depend
// on the number of inputs and outputs of a neuron. Nil leaves zeros.
type Init struct {
	Name         string
	Weight, Bias func(in, out int) float64
}

// Nielsen's three initialisations, and zeros.
var (
	// Large is N(0,1) for weights and biases (network.py; network2's large_weight_initializer).
	Large = &Init{"large", unit, unit}
	// Default is N(0,1)/√n_in for weights, N(0,1) for biases (network2's default_weight_initializer).
	Default = &Init{"default", func(in, _ int) float64 { return 1 / math.Sqrt(float64(in)) }, unit}
	// Output is N(0,1)/√n_out for weights, N(0,1) for biases: what network3's fully connected layers do.
	Output = &Init{"output", func(_, out int) float64 { return 1 / math.Sqrt(float64(out)) }, unit}
	// Zero is 0 for all, as network3's softmax layer.
	Zero = &Init{Name: "zero"}
)

// Inits are the initialisations by name.
var Inits = []*Init{Default, Large, Output, Zero}

// Normal is N(0, std²) for weights and N(0,1) for biases.
func Normal(std float64) *Init {
	return &Init{fmt.Sprintf("normal(%v)", std), func(int, int) float64 { return std }, unit}
}

func unit(int, int) float64 { return 1 }

// fill draws x from N(0, std²), the same numbers for the same seed and name, whatever else was drawn.
func fill(x any, std float64, seed uint64, name string) {
	h := fnv.New64a()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	switch x := x.(type) {
	case []float32:
		normal(x, std, r)
	case []float64:
		normal(x, std, r)
	}
}

func normal[T kernel.Float](x []T, std float64, r *rand.Rand) {
	for i := range x {
		x[i] = T(std * r.NormFloat64())
	}
}
