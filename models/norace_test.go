//go:build !race

package models

const slower = 1
