//go:build !purego

package kernel

// Pause tells the processor that a loop is waiting for another thread. This saves power and gives way to the core's other thread.
func Pause()
