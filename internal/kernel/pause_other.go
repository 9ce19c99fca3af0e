//go:build purego || !amd64

package kernel

// Pause does nothing where there is no assembly.
func Pause() {}
