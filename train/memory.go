package train

import (
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// memory is the set of operations that a training needs on tensors, whose element type is the network's.
type memory interface {
	zeros(n int) any
	clone(x any) any
	copy(to, from any)
	share(to, from any, by float64) // to ← by·from
	stretch(x any, from, to int) any
	swap(x, y any)
	approach(a, w any, k float64) // a ← (1−k) a + k w
	squares(x any) float64        // Σx²
	scale(x any, by float64)      // x ← by x
	finite(x any) bool            // no NaN, no infinity
	put(x any, v ...float64)      // x ← v
	float64s(x any) []float64     // a copy of x
	bits(x any) uint64            // a hash of x
}

// memoryOf returns the memory for the network's element type.
func memoryOf(n *graph.Net) memory { return memoryLike(n.Params[0].Data) }

// memoryLike returns the memory for x's element type.
func memoryLike(x any) memory {
	if _, ok := x.([]float64); ok {
		return elements[float64]{}
	}
	return elements[float32]{}
}

type elements[T kernel.Float] struct{}

func (elements[T]) zeros(n int) any                 { return make([]T, n) }
func (elements[T]) clone(x any) any                 { return slices.Clone(x.([]T)) }
func (elements[T]) copy(to, from any)               { copy(to.([]T), from.([]T)) }
func (elements[T]) stretch(x any, from, to int) any { return x.([]T)[from:to] }
func (elements[T]) scale(x any, by float64)         { kernel.For[T]().SGD(x.([]T), x.([]T), T(by), 0) }

// finite adds up x−x, which is 0 for a finite number and NaN for any other.
func (elements[T]) finite(x any) bool {
	sum := T(0)
	for _, v := range x.([]T) {
		sum += v - v
	}
	return sum == 0
}

// share works on stretches that stay in the cache between the copy and the product.
func (m elements[T]) share(to, from any, by float64) {
	x, y := from.([]T), to.([]T)
	for at := 0; at < len(x); at += 4096 {
		end := min(at+4096, len(x))
		copy(y[at:end], x[at:end])
		m.scale(y[at:end], by)
	}
}

func (elements[T]) put(x any, v ...float64) {
	for i, v := range v {
		x.([]T)[i] = T(v)
	}
}

func (elements[T]) float64s(x any) []float64 {
	y := make([]float64, len(x.([]T)))
	for i, v := range x.([]T) {
		y[i] = float64(v)
	}
	return y
}

// bits is a polynomial in the bits of the numbers, by Horner's rule.
func (elements[T]) bits(x any) (sum uint64) {
	for _, v := range x.([]T) {
		sum = sum*0x9e3779b97f4a7c15 + math.Float64bits(float64(v))
	}
	return sum
}

func (elements[T]) approach(a, w any, k float64) {
	kernel.For[T]().SGD(a.([]T), w.([]T), T(1-k), T(-k))
}

func (elements[T]) swap(x, y any) {
	a, b := x.([]T), y.([]T)
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

// squares adds up in float64 the sums of stretches that are short enough for float32.
func (elements[T]) squares(x any) float64 {
	total := 0.0
	for s := range slices.Chunk(x.([]T), 4096) {
		total += float64(kernel.For[T]().SumSquares(s, 0))
	}
	return total
}
