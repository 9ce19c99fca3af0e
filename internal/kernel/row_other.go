//go:build purego || !amd64

package kernel

// machineRows returns nothing, because there is no assembly: every kernel is its Go loop.
func machineRows() []row { return nil }
