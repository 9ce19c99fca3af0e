//go:build !linux && !darwin

package kernel

import "testing"

// guarded returns an ordinary slice, because the tests cannot make a page unreadable here.
func guarded[T any](t testing.TB, n int) []T { return make([]T, n) }
