//go:build purego || !amd64

package kernel

// Pause does nothing, because there is no assembly.
func Pause() {}
