package train

import (
	"context"
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/graph"
)

// chunk is how many examples are evaluated at once.
const chunk = 100

// Evaluate returns the mean cost and the number of right answers of a network on a data set, computed as in prediction. If ctx is canceled, it
// returns ctx's error within a hundred examples.
func Evaluate(ctx context.Context, n *graph.Net, d Data) (graph.Stats, error) {
	var total graph.Stats
	err := chunks(ctx, n, d, n.Targets, func(x, y []float32, from, to int) error {
		got, err := n.Evaluate(x, y)
		total.Cost += got.Cost * float64(to-from) / float64(d.Len())
		total.Correct += got.Correct
		total.Answers += got.Answers
		return err
	})
	return total, err
}

// Predict returns the outputs of a network for all examples of a data set, (d.Len(), Outputs), row by row.
func Predict(n *graph.Net, d Data) ([]float32, error) {
	y := make([]float32, d.Len()*n.Outputs)
	return y, chunks(context.Background(), n, d, 0, func(x, _ []float32, from, to int) error {
		return n.Predict(y[from*n.Outputs:to*n.Outputs], x)
	})
}

// chunks calls f for one chunk of examples [from, to) after another, each with this many targets per example, until ctx is canceled.
func chunks(ctx context.Context, n *graph.Net, d Data, targets int, f func(x, y []float32, from, to int) error) error {
	if err := fits(d, n); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	inputs := n.Input.TotalSize()
	x, y, order := make([]float32, chunk*inputs), make([]float32, chunk*targets), make([]int32, chunk)
	for from := 0; from < d.Len(); from += chunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := min(chunk, d.Len()-from)
		for i := range k {
			order[i] = int32(from + i)
		}
		d.Batch(x[:k*inputs], y[:k*targets], order[:k])
		if err := f(x[:k*inputs], y[:k*targets], from, from+k); err != nil {
			return err
		}
	}
	return nil
}

// Interval returns the 95 % confidence interval of an accuracy of correct out of total answers, as fractions (Wilson's score interval).
func Interval(correct, total int) (low, high float64) {
	const z = 1.959964
	n, p := float64(total), float64(correct)/float64(total)
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}
