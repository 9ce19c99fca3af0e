//go:build race

package models

// slower is how much longer the reader of files takes under the race detector.
const slower = 10
