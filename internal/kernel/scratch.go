package kernel

import "sync"

var scratch32, scratch64 sync.Pool

// Borrow lends memory of n elements with any content. Give it back with [Return]; in the long run nothing is allocated.
func Borrow[T Float](n int) *[]T {
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

// Return takes borrowed memory back.
func Return[T Float](b *[]T) { scratch[T]().Put(b) }

func scratch[T Float]() *sync.Pool {
	if _, ok := any(T(0)).(float32); ok {
		return &scratch32
	}
	return &scratch64
}
