//go:build race

package graph_test

// race says that the race detector is on, under which arithmetic takes ten times as long.
const race = true
