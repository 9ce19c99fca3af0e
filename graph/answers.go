package graph

import (
	"math"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// correct counts the rows in which y and target have their largest number in the same place. A row has so many classes. Rows that are 0 in
// there are skipped; if there is nil, all rows count.
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

// largest reports whether y[k] is the element that [Argmax] finds.
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

// classOf returns the index of the largest number of a target. In a one-hot row the search ends at the 1.
func classOf[T kernel.Float](target []T) int {
	for i, v := range target {
		if v == 1 {
			return i
		}
	}
	return Argmax(target)
}

// Argmax returns the index of the largest element, or of the first one if several are equal. It skips NaN, and returns -1 if all are NaN.
func Argmax[T kernel.Float](y []T) int {
	at, top := -1, T(math.Inf(-1))
	for i, v := range y {
		if v > top || at < 0 && v == top {
			at, top = i, v
		}
	}
	return at
}
