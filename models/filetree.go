package models

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/stheno-ml/stheno/internal/term"
)

// A node is a value of a TOML file, and where it stands.
type node struct {
	kind  unstable.Kind // a scalar's, Array, or InlineTable for every table
	pos   int           // byte offset
	text  string        // of a scalar: the string itself, or the number in Go's form
	bytes []int         // of a string: where each of its bytes stands in the file, and where it ends
	items []*node       // of an array
	keys  []entry       // of a table, in the file's order
}

// entry is a key of a table with its value.
type entry struct {
	key   string
	pos   int
	value *node
}

func (n *node) find(key string) *node {
	for _, e := range n.keys {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// parse is the tree of a TOML text, which is first read as TOML, so that whatever the language forbids is found. Errors of type
// [*term.Error] have the place.
func parse(text []byte) (root *node, err error) {
	if err := toml.Unmarshal(text, &map[string]any{}); err != nil {
		return nil, offset(text, err)
	}
	root = &node{kind: unstable.InlineTable}
	at := root
	var p unstable.Parser
	p.Reset(text)
	for p.NextExpression() && err == nil {
		e := p.Expression()
		switch e.Kind {
		case unstable.KeyValue:
			err = at.assign(&p, e)
		case unstable.Table, unstable.ArrayTable:
			at, err = root.header(e)
		}
	}
	return root, errors.Join(err, p.Error())
}

// offset is an error of the TOML reader with its place.
func offset(text []byte, err error) error {
	d, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		return term.Errorf(0, "%w", err)
	}
	line, column := d.Position()
	pos := 0
	for range line - 1 {
		pos += strings.IndexByte(string(text[pos:]), '\n') + 1
	}
	return term.Errorf(min(pos+column-1, len(text)), "%s", strings.TrimPrefix(d.Error(), "toml: "))
}

// place is "name:line:column: " in front of an error that knows its byte offset, line and column counted from 1.
func place(name string, text []byte, err error) error {
	e, ok := errors.AsType[*term.Error](err)
	if !ok {
		return fmt.Errorf("%s: %w", name, err)
	}
	before := string(text[:min(e.Pos, len(text))])
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Errorf("%s:%d:%d: %w", name, line, column, err)
}

// header is the table that [key] or [[key]] begins.
func (n *node) header(e *unstable.Node) (*node, error) {
	for it := e.Key(); it.Next(); {
		key := it.Node()
		pos := int(key.Raw.Offset)
		next := n.find(string(key.Data))
		switch {
		case next == nil && it.IsLast() && e.Kind == unstable.ArrayTable:
			next = &node{kind: unstable.Array, pos: pos}
			n.keys = append(n.keys, entry{string(key.Data), pos, next})
		case next == nil:
			next = &node{kind: unstable.InlineTable, pos: pos}
			n.keys = append(n.keys, entry{string(key.Data), pos, next})
		}
		if next.kind == unstable.Array {
			if it.IsLast() && e.Kind == unstable.ArrayTable {
				next.items = append(next.items, &node{kind: unstable.InlineTable, pos: pos})
			}
			if len(next.items) > 0 {
				next = next.items[len(next.items)-1]
			}
		}
		if n = next; n.kind != unstable.InlineTable {
			return nil, term.Errorf(pos, "%s is no table here", key.Data)
		}
	}
	return n, nil
}

// assign sets a key of a table, which may be dotted.
func (n *node) assign(p *unstable.Parser, e *unstable.Node) error {
	for it := e.Key(); it.Next(); {
		key, pos := string(it.Node().Data), int(it.Node().Raw.Offset)
		if it.IsLast() {
			value, err := read(p, e.Value(), pos)
			n.keys = append(n.keys, entry{key, pos, value})
			return err
		}
		next := n.find(key)
		if next == nil {
			next = &node{kind: unstable.InlineTable, pos: pos}
			n.keys = append(n.keys, entry{key, pos, next})
		}
		n = next
	}
	return nil
}

// read is a value; before is a place for one that does not know its own.
func read(p *unstable.Parser, v *unstable.Node, before int) (*node, error) {
	n := &node{kind: v.Kind, pos: before, text: string(v.Data)}
	if v.Raw.Length > 0 {
		n.pos = int(v.Raw.Offset)
	}
	if v.Kind == unstable.String {
		n.bytes = bytesOf(n.text, string(p.Raw(v.Raw)), n.pos)
	}
	for it := v.Children(); it.Next(); {
		switch c := it.Node(); {
		case c.Kind == unstable.Comment:
		case v.Kind == unstable.InlineTable:
			if err := n.assign(p, c); err != nil {
				return n, err
			}
		default:
			item, err := read(p, c, n.pos)
			if err != nil {
				return n, err
			}
			n.items = append(n.items, item)
		}
	}
	return n, n.number()
}

// place is where the byte at of a string stands in the file.
func (n *node) place(at int) int {
	if at < len(n.bytes) {
		return n.bytes[at]
	}
	return n.pos
}

// bytesOf are the places of a string's bytes, and of its end, in a file that has it as raw, quotes and all, from pos on: an escape stands for one
// character, a backslash before the end of a line for nothing, and so does the line's end after three quotes.
func bytesOf(text, raw string, pos int) []int {
	quotes := 1
	if strings.HasPrefix(raw, `"""`) || strings.HasPrefix(raw, "'''") {
		quotes = 3
	}
	places, i := make([]int, 0, len(text)+1), quotes
	if quotes == 3 {
		i += len(lineEnd.FindString(raw[i:]))
	}
	for end := len(raw) - quotes; i < end && len(places) < len(text); {
		length, size := 1, 1 // of what stands in the file, and of what it is in the string
		switch c := text[len(places)]; {
		case raw[i] == '\r' && c == '\n':
			size = 0
		case raw[0] == '"' && raw[i] == '\\':
			length, size = escape(raw[i:], text[len(places):])
		}
		for range size {
			places = append(places, pos+i)
		}
		i += length
	}
	return append(places, pos+i)
}

// escape is the length of the escape that raw begins with, and of what it stands for at the beginning of text.
func escape(raw, text string) (length, size int) {
	if blank := trimmed.FindString(raw); blank != "" {
		return len(blank), 0
	}
	_, size = utf8.DecodeRuneInString(text)
	switch raw[1] {
	case 'x':
		return len(`\x00`), size
	case 'u':
		return len(`\u0000`), size
	case 'U':
		return len(`\U00000000`), size
	}
	return len(`\n`), size
}

var (
	lineEnd = regexp.MustCompile(`^\r?\n`)
	trimmed = regexp.MustCompile(`^\\[ \t]*\r?\n\s*`)
)

// number puts a number into Go's form.
func (n *node) number() error {
	switch n.kind {
	case unstable.Integer:
		i, err := strconv.ParseInt(strings.TrimPrefix(n.text, "+"), 0, 64)
		if err != nil {
			return term.Errorf(n.pos, "%s; use a smaller number", n.text)
		}
		n.text = strconv.FormatInt(i, 10)
	case unstable.Float:
		n.text = strings.ReplaceAll(n.text, "_", "")
	case unstable.LocalDate, unstable.LocalTime, unstable.LocalDateTime, unstable.DateTime:
		return term.Errorf(n.pos, "%s; use a number, a text in quotes, true or false", n.text)
	}
	return nil
}
