package vm_test

import (
	"errors"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// twice is a + 2b, a user's op that prints like one of Gorgonia's additions.
type twice struct{}

func (twice) Arity() int { return 2 }
func (twice) Type() hm.Type {
	t := gorgonia.TensorType{Dims: 2, Of: hm.TypeVariable('a')}
	return hm.NewFnType(t, t, t)
}
func (twice) InferShape(x ...gorgonia.DimSizer) (tensor.Shape, error) {
	return x[0].(tensor.Shape).Clone(), nil
}
func (twice) Do(x ...gorgonia.Value) (gorgonia.Value, error) {
	y := x[0].(*tensor.Dense).Clone().(*tensor.Dense)
	for i, v := range x[1].Data().([]float64) {
		y.Float64s()[i] += 2 * v
	}
	return y, nil
}
func (twice) ReturnsPtr() bool      { return false }
func (twice) CallsExtern() bool     { return false }
func (twice) OverwritesInput() int  { return -1 }
func (twice) WriteHash(h hash.Hash) { h.Write([]byte("+ twice")) }
func (o twice) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}
func (twice) String() string { return "+ twice" }

// broken is an op that panics or fails.
type broken struct {
	twice
	fails bool
}

func (o broken) Do(...gorgonia.Value) (gorgonia.Value, error) {
	if o.fails {
		return nil, errors.New("out of order")
	}
	panic("out of order")
}
func (broken) String() string { return "broken" }

// shrinking is an op that returns another shape than it declares.
type shrinking struct{ twice }

func (shrinking) Do(...gorgonia.Value) (gorgonia.Value, error) {
	return tensor.New(tensor.WithBacking([]float64{1, 2, 3})), nil
}
func (shrinking) String() string        { return "shrinking" }
func (shrinking) WriteHash(h hash.Hash) { h.Write([]byte("shrinking")) }
