package kernel

import "sync"

var scratch32, scratch64, scratchInt sync.Pool

// Borrow lends memory of n elements, whose contents are arbitrary. Give it back with [Return]; then in the long run nothing is allocated.
func Borrow[T Float | int32](n int) *[]T {
	b, _ := scratch[T]().Get().(*[]T)
	if b == nil {
		b = new([]T)
	}
	if cap(*b) < n {
		*b = make([]T, n)
	}
	*b = (*b)[:n]
	return b
}

// Return gives borrowed memory back.
func Return[T Float | int32](b *[]T) { scratch[T]().Put(b) }

func scratch[T Float | int32]() *sync.Pool {
	switch any(T(0)).(type) {
	case float32:
		return &scratch32
	case float64:
		return &scratch64
	}
	return &scratchInt
}
