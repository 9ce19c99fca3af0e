//go:build race

package graph_test

// race says that the race detector is on, which makes arithmetic ten times slower.
const race = true
