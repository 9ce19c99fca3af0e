package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// runName is the flag with a name for a run. What it takes is safe in a shell, a path and a page, and is no flag, no file and no folder.
type runName string

func (n *runName) String() string { return string(*n) }

// Type is that of a text.
func (n *runName) Type() string { return "string" }

// Set takes a name.
func (n *runName) Set(name string) error {
	*n = runName(name)
	return checkName(name)
}

// checkName is an error if a run cannot be called that.
func checkName(name string) error {
	const most = 60 // letters, for a column of a table
	other := func(c rune) bool {
		return !unicode.In(c, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune("-_.+=", c)
	}
	first, _ := utf8.DecodeRuneInString(name)
	switch ending := strings.ToLower(filepath.Ext(name)); {
	case name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, other) || !unicode.In(first, unicode.L, unicode.N):
		return fmt.Errorf("%q; use letters and digits, and - _ . + = behind the first", name)
	case utf8.RuneCountInString(name) > most:
		return fmt.Errorf("%d letters; use at most %d", utf8.RuneCountInString(name), most)
	case name == latest:
		return fmt.Errorf("%q is the newest run, whatever its name; use another", name)
	case ending == ".json" || ending == tensorsFile:
		return fmt.Errorf("%q is taken for a file by eval and export; leave out %s", name, ending)
	}
	return nil
}

// freeName is an error if a run of that name would not be found by it, because another one would.
func (a *app) freeName(runs, name string) error {
	if name == "" {
		return nil
	}
	path, err := a.runPath(runs, name)
	switch {
	case err == nil:
		return usagef("--name %s: that is %s already; use another name, or go on with that run by --resume", name, path)
	case errors.Is(err, errSeveral):
		return fmt.Errorf("--name: %w", err)
	}
	return nil // No run has it; what else is wrong with the folder, its making says.
}
