//go:build !linux && !darwin

package kernel

import "testing"

// guarded is a plain slice where the tests have no way to make a page unreadable.
func guarded[T any](t testing.TB, n int) []T { return make([]T, n) }
