package byhand

import (
	"iter"
	"math"
	"slices"
)

// Cost is a cost function of one example.
type Cost interface {
	Fn(a, y []float64) float64         // The cost of the output a if y is desired.
	Delta(z, a, y []float64) []float64 // The error δ of the output layer, BP1: ∂C/∂a ⊙ σ′(z), where a = σ(z).
	String() string                    // The name in a saved network.
}

// QuadraticCost is ½‖a-y‖² (equation 6).
type QuadraticCost struct{}

// Fn returns ½‖a-y‖².
func (QuadraticCost) Fn(a, y []float64) float64 {
	return squares(CostDerivative(a, y)) / 2
}

// Delta returns (a-y) ⊙ σ′(z) (equation 30).
func (QuadraticCost) Delta(z, a, y []float64) []float64 {
	delta := CostDerivative(a, y)
	for j := range delta {
		delta[j] *= sigmoidPrime(z[j])
	}
	return delta
}

// String returns the cost's name.
func (QuadraticCost) String() string { return "QuadraticCost" }

// CrossEntropyCost is -Σ[y ln a + (1-y) ln(1-a)] over the output neurons
// (equation 63).
type CrossEntropyCost struct{}

// Fn returns -Σ[y ln a + (1-y) ln(1-a)]. It is finite for every a from 0 to 1,
// and 0 where a = y is 0 or 1.
func (CrossEntropyCost) Fn(a, y []float64) float64 {
	cost := 0.0
	for j := range a {
		cost -= y[j]*ln(a[j]) + (1-y[j])*ln(1-a[j])
	}
	return cost
}

// Delta returns a-y: the σ′(z) of BP1 cancels (equation 66).
func (CrossEntropyCost) Delta(_, a, y []float64) []float64 {
	return CostDerivative(a, y)
}

// String returns the cost's name.
func (CrossEntropyCost) String() string { return "CrossEntropyCost" }

// ln is the natural logarithm, except that ln 0 is the logarithm of the smallest
// positive float64, about -744. So 0 ln 0 is 0, and no sum is infinite.
func ln(x float64) float64 {
	return math.Log(max(x, math.SmallestNonzeroFloat64))
}

// Network2 is the network of network2.py: the Network of chapter 1 with a
// choice of cost, smaller initial weights and L2 regularization. To stop it
// early, see NoImprovementIn.
type Network2 struct{ Network }

// New2 returns the network of chapter 3 with the given neurons in each layer,
// and default initial weights drawn from the seed.
func New2(seed uint64, cost Cost, sizes ...int) *Network2 {
	net := &Network2{Network{Sizes: sizes, Cost: cost, Seed: seed}}
	net.DefaultWeightInitializer()
	return net
}

// DefaultWeightInitializer draws new biases from N(0,1), and new weights from
// N(0,1)/√n for a neuron with n inputs.
func (net *Network2) DefaultWeightInitializer() {
	net.initialize(func(inputs int) float64 { return 1 / math.Sqrt(float64(inputs)) })
}

// SGD trains like Network.SGD, but with L2 regularization by lambda, and yields
// the index of each epoch. network2.py's monitor flags become calls of TotalCost
// and Accuracy in the body of the loop.
func (net *Network2) SGD(training Data, epochs, miniBatchSize int, eta, lambda float64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for epoch := range epochs {
			for batch := range miniBatches(training, miniBatchSize, net.Seed, epoch) {
				net.UpdateMiniBatch(batch, eta, lambda, training.Len())
			}
			if !yield(epoch) {
				return
			}
		}
	}
}

// UpdateMiniBatch makes one step of regularized gradient descent:
// w <- (1 - eta lambda/n) w - eta/m Σ∇w, where n is the length of the whole
// training set and m the batch's own (equation 93). Biases do not decay.
func (net *Network2) UpdateMiniBatch(batch []Example, eta, lambda float64, n int) {
	net.step(batch, eta, 1-eta*lambda/float64(n))
}

// TotalCost returns the mean cost of the data's examples plus ½ lambda/n Σw²
// (equation 87). As in network2.py, n is the length of these data even if they
// are not the training set. So on evaluation data the second term differs from
// the one in the cost that training lowers.
func (net *Network2) TotalCost(data Data, lambda float64) float64 {
	cost, n := 0.0, float64(data.Len())
	for i := range data.Len() {
		example := data.Example(i)
		a := net.Feedforward(example.X)
		mustHave(len(a), example.Y)
		cost += net.Cost.Fn(a, example.Y) / n
	}
	for _, w := range net.Weights {
		cost += lambda / n / 2 * squares(w)
	}
	return cost
}

// Accuracy is Evaluate under its name in network2.py: the number of examples
// classified correctly.
func (net *Network2) Accuracy(data Data) int { return net.Evaluate(data) }

// NoImprovementIn reports whether none of the n latest accuracies, one for each
// epoch, is better than the best before them. This is the book's rule for early
// stopping: stop when it is true for the validation data, with n = 10 to begin
// with.
func NoImprovementIn(n int, accuracies []int) bool {
	if len(accuracies) <= n {
		return false
	}
	best := slices.Index(accuracies, slices.Max(accuracies))
	return len(accuracies)-1-best >= n
}

func squares(x []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * x[i]
	}
	return sum
}
