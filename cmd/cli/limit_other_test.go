//go:build !linux

package cli

const fileLimit = ""

func limitFiles() {}
