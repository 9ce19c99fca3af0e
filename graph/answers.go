package graph

import (
	"math"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// correct counts the rows of so many classes in which y and target have the largest number in one place, of those that are there; nil: all are.
func correct[T kernel.Float](y, target, there []T, classes int) (right, of int) {
	for at := 0; at < len(y); at += classes {
		if there != nil && there[at/classes] == 0 {
			continue
		}
		of++
		if largest(y[at:at+classes], classOf(target[at:at+classes])) {
			right++
		}
	}
	return right, of
}

// largest says that element k is y's [Argmax].
func largest[T kernel.Float](y []T, k int) bool {
	if k < 0 {
		return Argmax(y) < 0
	}
	top := y[k]
	for j, v := range y {
		if v > top || v == top && j < k {
			return false
		}
	}
	return top == top // no NaN
}

// classOf is the index of the largest number of a target. In a row of a class the 1 ends the search.
func classOf[T kernel.Float](target []T) int {
	for i, v := range target {
		if v == 1 {
			return i
		}
	}
	return Argmax(target)
}

// Argmax is the index of the largest element, the first of equals; a NaN is never the largest. It is -1 where all are NaN.
func Argmax[T kernel.Float](y []T) int {
	at, top := -1, T(math.Inf(-1))
	for i, v := range y {
		if v > top || at < 0 && v == top {
			at, top = i, v
		}
	}
	return at
}
