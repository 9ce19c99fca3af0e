package train

import (
	"context"
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// chunk is the number of images that are evaluated at once.
const chunk = 100

// Evaluate runs a network over a set: the mean cost and the number of right answers. When ctx is cancelled it stops within a hundred
// images, with ctx's error.
func Evaluate(ctx context.Context, n *graph.Net, d Data) (graph.Stats, error) {
	var total graph.Stats
	err := chunks(ctx, n, d, func(x []float32, from, to int) error {
		got, err := n.Evaluate(x, d.Labels[from:to])
		total.Cost += got.Cost * float64(to-from) / float64(d.Len())
		total.Correct += got.Correct
		return err
	})
	return total, err
}

// Predict is the outputs of a network for every image of a set, (len, classes).
func Predict(n *graph.Net, d Data) ([]float32, error) {
	y := make([]float32, d.Len()*n.Classes)
	return y, chunks(context.Background(), n, d, func(x []float32, from, to int) error {
		return n.Predict(y[from*n.Classes:to*n.Classes], x)
	})
}

// chunks calls f with the pixels of images [from, to), a chunk at a time, until ctx is cancelled.
func chunks(ctx context.Context, n *graph.Net, d Data, f func(x []float32, from, to int) error) error {
	size := n.Input.TotalSize()
	if len(d.Images) != size*d.Len() {
		return fmt.Errorf("train: %d images of %d bytes in all do not fit a network whose input is %v", d.Len(), len(d.Images), n.Input)
	}
	x, order := make([]float32, chunk*size), make([]int32, chunk)
	for from := 0; from < d.Len(); from += chunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+chunk, d.Len())
		for i := range to - from {
			order[i] = int32(from + i)
		}
		kernel.For[float32]().Gather(x[:(to-from)*size], d.Images, order[:to-from], 0, size)
		if err := f(x[:(to-from)*size], from, to); err != nil {
			return err
		}
	}
	return nil
}

// Interval is the 95 % confidence interval of an accuracy measured as correct answers of total (Wilson's score interval).
func Interval(correct, total int) (low, high float64) {
	const z = 1.959964
	n, p := float64(total), float64(correct)/float64(total)
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}
