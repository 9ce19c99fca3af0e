//go:build !purego

package kernel

// Pause tells the processor that a loop waits for another thread: it saves power and leaves the core to its other half.
func Pause()
