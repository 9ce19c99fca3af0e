package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// runName is a flag with a name for a run. Names are safe in a shell, a path and a page, and cannot be taken for a flag, a file or a folder.
type runName string

func (n *runName) String() string { return string(*n) }

// Type is the flag's type in the help.
func (n *runName) Type() string { return "string" }

// Set sets the name, if it is allowed.
func (n *runName) Set(name string) error {
	*n = runName(name)
	return checkName(name)
}

// checkName is an error if a run cannot have this name.
func checkName(name string) error {
	const most = 60 // characters, so that it fits into a table
	other := func(c rune) bool {
		return !unicode.In(c, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune("-_.+=", c)
	}
	first, _ := utf8.DecodeRuneInString(name)
	switch ending := strings.ToLower(filepath.Ext(name)); {
	case name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, other) || !unicode.In(first, unicode.L, unicode.N):
		return fmt.Errorf("%q; use letters and digits, and after the first also - _ . + =", name)
	case utf8.RuneCountInString(name) > most:
		return fmt.Errorf("%d characters; use at most %d", utf8.RuneCountInString(name), most)
	case name == latest:
		return fmt.Errorf("%q always means the newest run; use another name", name)
	case ending == ".json" || ending == tensorsFile:
		return fmt.Errorf("%q looks like a file to eval and export; leave out %s", name, ending)
	}
	return nil
}

// freeName is an error if the name would find another run.
func (a *app) freeName(runs, name string) error {
	if name == "" {
		return nil
	}
	path, err := a.runPath(runs, name)
	switch {
	case err == nil:
		return usagef("--name %s: %s has this name already; use another name, or continue that run with --resume", name, path)
	case errors.Is(err, errSeveral):
		return fmt.Errorf("--name: %w", err)
	}
	return nil // No run has the name. Creating the run reports anything else.
}
