//go:build linux || darwin

package kernel

import (
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns a slice of n zeros that ends where an unreadable page begins: a kernel that reads or writes beyond it faults.
func guarded[T any](t testing.TB, n int) []T {
	t.Helper()
	var zero T
	page := syscall.Getpagesize()
	size := n * int(unsafe.Sizeof(zero))
	room := (size + page) / page * page // never 0, so that an empty slice also has a page before it
	m, err := syscall.Mmap(-1, 0, room+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(m[room:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	at := room - size
	return unsafe.Slice((*T)(unsafe.Pointer(&m[at])), n)
}
