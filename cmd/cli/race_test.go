//go:build race

package cli

// race says that the race detector is on, under which all takes ten times as long.
const race = true
