package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// Peers are processes, or goroutines, that train one network together, each on a part of every mini-batch: see package train.
type Peers interface {
	Rank() int // the number of this process, from 0
	Size() int // the number of processes
	// Sum adds up the x of all peers, element by element, and leaves the sums in x. x is a []float32 or []float64 of the same length
	// in every process, and all processes get the same bits.
	Sum(x any) error
}

// across is what a network's batch norms share with their peers in a training step.
type across struct {
	Peers
	own, whole int // examples of the part and of the whole mini-batch
	err        error
}

// sum adds up over the peers. After an error the step goes on without sums, and fails at its end.
func (a *across) sum(x any) {
	if a.err == nil {
		a.err = a.Sum(x)
	}
}

// moments returns the op that combines the parts' moments (2,c) into the whole mini-batch's: the mean of the means, and the variance about it.
func (a *across) moments(examples int) *Op {
	return a.op("momentsAcross", jointMoments[float32](a, examples), jointMoments[float64](a, examples))
}

// mean returns the op that averages the parts' numbers (2,c), weighted by their examples.
func (a *across) mean(examples int) *Op {
	return a.op("meanAcross", jointMean[float32](a, examples), jointMean[float64](a, examples))
}

// op returns an op without gradient rules: a batch norm's gradient does not go through it.
func (*across) op(name string, f32 func(y op.Array[float32], x []op.Array[float32]), f64 func(y op.Array[float64], x []op.Array[float64])) *Op {
	return &Op{
		Name: name, F32: f32, F64: f64, Grad: []op.Grad{nil},
		Shape: func(x []Shape) (Shape, error) { return x[0].Clone(), nil },
	}
}

func jointMean[T kernel.Float](a *across, examples int) func(op.Array[T], []op.Array[T]) {
	return func(y op.Array[T], x []op.Array[T]) {
		n := len(y.Data)
		sums := make([]T, n+1) // the last is the number of examples
		for i, v := range x[0].Data {
			sums[i] = T(examples) * v
		}
		sums[n] = T(examples)
		a.sum(sums)
		for i := range y.Data {
			y.Data[i] = sums[i] / sums[n]
		}
	}
}

func jointMoments[T kernel.Float](a *across, examples int) func(op.Array[T], []op.Array[T]) {
	return func(y op.Array[T], x []op.Array[T]) {
		n := len(y.Data)
		rows := make([]T, a.Size()*(n+1)) // each part's moments and number of examples
		own := rows[a.Rank()*(n+1):][:n+1]
		copy(own, x[0].Data)
		own[n] = T(examples)
		a.sum(rows)
		whole := T(0)
		for at := n; at < len(rows); at += n + 1 {
			whole += rows[at]
		}
		a.own, a.whole = examples, int(whole)
		c := n / 2
		clear(y.Data)
		for at := 0; at < len(rows); at += n + 1 {
			for k := range c {
				y.Data[k] += rows[at+n] / whole * rows[at+k]
			}
		}
		for at := 0; at < len(rows); at += n + 1 {
			for k := range c {
				d := rows[at+k] - y.Data[k]
				y.Data[c+k] += rows[at+n] / whole * (rows[at+c+k] + d*d)
			}
		}
	}
}

// normAcross returns a batch norm's op whose gradient with respect to x takes all parts into account. It is DBatchNorm with scaled sums: those
// of a mini-batch as large as the part, at the average of the whole.
func (a *across) normAcross(eps float64, x Shape) *Op {
	norm := *op.BatchNorm(eps)
	norm.Name = fmt.Sprintf("batchNormAcross/%v", eps)
	norm.Grad = append([]op.Grad{func(in Nodes, _, dy *Node) *Node {
		sums := a.mean(x[0]).Apply(op.SumExamples(op.MapSums(eps).Apply(in[0], in[1], dy)))
		return op.DBatchNorm(eps, x.TotalSize()/x[1]).Apply(in[0], in[1], in[2], dy, sums)
	}}, norm.Grad[1:]...)
	return &norm
}
