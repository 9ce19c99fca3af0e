package models

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

// file is a file being read. Its keys are numbered as they are met; keys with the same path, such as layer.out, are met in the order of the file.
// The TOML reader gives no places of keys. But if told to accept no unknown keys, it reports all unknown keys with their places, again in the
// order of the file.
type file struct {
	text   []byte
	places []place
	seen   map[string]int // how many keys have been met, by path
}

// place identifies a key of the file.
type place struct {
	up           int // the table that contains it
	path         toml.Key
	nth          int // its number among the keys with the same path
	line, column int // set if they are known
}

// at adds the next key of that name in the table up, and returns its number.
func (f *file) at(up int, key string) int {
	path := append(slices.Clip(f.places[up].path), key)
	name := strings.Join(path, "\x00")
	f.places = append(f.places, place{up: up, path: path, nth: f.seen[name]})
	f.seen[name]++
	return len(f.places) - 1
}

// find returns the line and column of a key, counted from 1 in characters. If the key's place is unknown, it returns that of the table around it,
// or of the file's own key.
func (f *file) find(pos int) (line, column int) {
	top := pos
	for len(f.places[top].path) > 1 {
		top = f.places[top].up
	}
	for _, pos := range []int{pos, f.places[pos].up, top} {
		p := f.places[pos]
		if p.line == 0 && len(p.path) > 0 {
			p.line, p.column = p.find(f.text)
		}
		if p.line > 0 {
			begin := 0
			for range p.line - 1 {
				begin += bytes.IndexByte(f.text[begin:], '\n') + 1
			}
			return p.line, utf8.RuneCount(f.text[begin:min(begin+p.column-1, len(f.text))]) + 1
		}
	}
	return 1, 1
}

// find returns the line, and the column in bytes, or 0 if the TOML reader does not report the key.
func (p place) find(text []byte) (line, column int) {
	if len(p.path) > len(levels) {
		return 0, 0
	}
	to := reflect.New(reflect.TypeOf(levels[len(p.path)-1])).Interface()
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(to)
	unknown, ok := errors.AsType[*toml.StrictMissingError](err)
	if !ok {
		return 0, 0
	}
	n := 0
	for _, e := range unknown.Errors {
		if slices.Equal(e.Key(), p.path) {
			if line, column = e.Position(); n == p.nth {
				break
			}
			n++
		}
	}
	return line, column
}

// levels are types with 0, 1, 2, … tables inside each other. A key whose path is one longer is unknown to the type, and so gets reported.
var levels = [...]any{
	level0{}, level1{}, level[level1]{}, level3{}, level[level3]{}, level[level[level3]]{}, level6{}, level[level6]{}, level[level[level6]]{}, level9{},
	level[level9]{}, level[level[level9]]{},
}

type (
	level0 struct{ scalar }
	level1 = level[level0]
	level3 = level[level[level1]]
	level6 = level[level[level[level3]]]
	level9 = level[level[level[level6]]]
)

// level is a file, or a table with tables inside.
type level[T any] struct {
	scalar
	Layer, Branch list[T]
	Loss, Train   level0
}

// list is a list of tables.
type list[T any] []T

// UnmarshalText accepts any text or number in place of a list.
func (*list[T]) UnmarshalText([]byte) error { return nil }

// scalar accepts any text or number, in place of a table.
type scalar struct{}

func (*scalar) UnmarshalText([]byte) error { return nil }
