package cli

import "context"

// compareFile holds a model against what a program has written into a file.
func (a *app) compareFile(_ context.Context, _ *compareFlags, _, file string) error {
	return usagef("%s: files cannot be compared yet; use --against byhand", file)
}
