package cli

import "github.com/stheno-ml/stheno/internal/term"

// unknown is the error for a name that is not one of names, with the nearest of them, or else all.
func unknown(what, name string, names []string) error {
	return usagef("%w", term.Unknown(what, name, names))
}
