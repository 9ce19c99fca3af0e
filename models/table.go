package models

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/stheno-ml/stheno/internal/term"
)

// A Table is a TOML file that is not a model, such as a sweep's. It knows the places of its keys, for errors.
type Table struct {
	Keys map[string]any // as the TOML reader returns them
	name string
	text []byte
}

// ReadTable reads a TOML file. Errors begin with the file's name, line and column.
func ReadTable(name string, text []byte) (*Table, error) {
	t := &Table{name: name, text: bytes.TrimPrefix(text, []byte("\ufeff"))}
	f := t.file()
	var err error
	t.Keys, err = f.parse()
	if e, ok := errors.AsType[*term.Error](err); ok {
		return nil, t.at(f, e.Pos, err)
	}
	return t, err
}

func (t *Table) file() *file {
	return &file{text: t.text, places: make([]place, 1), seen: map[string]int{}}
}

// At puts the place of a key before err. For a key in a table, such as eta in train, path has both names.
func (t *Table) At(err error, path ...string) error {
	f, pos := t.file(), 0
	for _, key := range path {
		pos = f.at(pos, key)
	}
	return t.at(f, pos, err)
}

func (t *Table) at(f *file, pos int, err error) error {
	line, column := f.find(pos)
	return fmt.Errorf("%s:%d:%d: %w", t.name, line, column, err)
}
