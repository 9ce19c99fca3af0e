// Package term is the text form of the program's values: a name with arguments, as in conv(20,5,pad=same). A [Kinds] lists the names. The
// arguments are the fields of the values that they stand for.
//
//	sequence = term { " " term }
//	term     = atom [ "(" [ argument { "," argument } ] ")" ]
//	argument = [ atom "=" ] sequence
//
// An atom is a word or a number. It consists of letters, digits and any of ". _ - +".
package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The largest texts that can be read.
const (
	maxLength = 1 << 16 // bytes
	maxDepth  = 32      // nested parentheses
)

// A Term is a name with arguments, or a number.
type Term struct {
	Name string
	Args []Arg
	Pos  int // byte offset of the name in the text
}

// An Arg is an argument: a sequence of at least one term.
type Arg struct {
	Key   string // empty if the position says which argument it is
	Value []Term
	Bare  bool // printed without the key
	Pos   int  // byte offset in the text
}

// An Error says what is wrong at a place in a text.
type Error struct {
	Pos int // byte offset
	Err error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an error at a byte offset.
func Errorf(pos int, format string, args ...any) error {
	return &Error{pos, fmt.Errorf(format, args...)}
}

// itself is the place function for text without a file around it: each byte's offset.
func itself(at int) int { return at }

// Read returns the terms of a text. place gives the place of each byte, and of the end of the text, for errors, which are of type [*Error].
func Read(text string, place func(at int) int) ([]Term, error) {
	if len(text) > maxLength {
		return nil, Errorf(place(0), "%d bytes; use at most %d", len(text), maxLength)
	}
	r := reader{text, 0, place}
	terms, err := r.sequence(0)
	if err == nil && r.at < len(text) {
		err = r.unexpected()
	}
	return terms, err
}

// reader is a position in a text.
type reader struct {
	text  string
	at    int
	place func(at int) int
}

func (r *reader) pos() int { return r.place(r.at) }

func (r *reader) space() {
	r.at += len(r.text[r.at:]) - len(strings.TrimLeft(r.text[r.at:], " \t\r\n"))
}

// skip moves past c if it is next, and reports whether it was.
func (r *reader) skip(c byte) bool {
	if r.at == len(r.text) || r.text[r.at] != c {
		return false
	}
	r.at++
	return true
}

func (r *reader) unexpected() error {
	if r.at == len(r.text) {
		return Errorf(r.pos(), "the text ends here; close the parentheses")
	}
	c, _ := utf8.DecodeRuneInString(r.text[r.at:])
	switch c {
	case ')':
		return Errorf(r.pos(), "unexpected ')'; no parenthesis is open")
	case '(':
		return Errorf(r.pos(), "unexpected '('; write it directly after a name")
	case ',', '=':
		return Errorf(r.pos(), "unexpected %q; use it only between arguments, in parentheses", c)
	}
	return Errorf(r.pos(), "unexpected %q; use names, numbers, parentheses, commas and =", c)
}

// sequence reads terms, perhaps none, up to what cannot begin one.
func (r *reader) sequence(depth int) ([]Term, error) {
	var terms []Term
	for r.space(); ; r.space() {
		t := Term{Pos: r.pos(), Name: r.atom()}
		if t.Name == "" {
			return terms, nil
		}
		if r.skip('(') {
			if depth == maxDepth {
				return nil, Errorf(t.Pos, "%d nested parentheses; use fewer", depth+1)
			}
			var err error
			if t.Args, err = r.args(depth + 1); err != nil {
				return nil, err
			}
		}
		terms = append(terms, t)
	}
}

func (r *reader) atom() string {
	begin := r.at
	for r.at < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.at:])
		if c == utf8.RuneError || !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("._-+", c) {
			break
		}
		r.at += size
	}
	return r.text[begin:r.at]
}

// args reads what follows an opening parenthesis, up to the closing one.
func (r *reader) args(depth int) ([]Arg, error) {
	if r.space(); r.skip(')') {
		return nil, nil
	}
	var args []Arg
	for {
		a, err := r.arg(depth)
		if err != nil {
			return nil, err
		}
		args = append(args, a)
		switch {
		case r.skip(')'):
			return args, nil
		case !r.skip(','):
			return nil, r.unexpected()
		}
	}
}

func (r *reader) arg(depth int) (Arg, error) {
	r.space()
	a := Arg{Pos: r.pos()}
	begin := r.at
	a.Key = r.atom()
	r.space()
	if a.Key == "" || !r.skip('=') {
		a.Key, r.at = "", begin
	}
	var err error
	if a.Value, err = r.sequence(depth); err == nil && len(a.Value) == 0 {
		if r.at < len(r.text) && strings.IndexByte(",)", r.text[r.at]) < 0 {
			return a, r.unexpected()
		}
		err = Errorf(r.pos(), "an argument is missing here")
	}
	return a, err
}

// String returns the text of a term.
func (t Term) String() string {
	if len(t.Args) == 0 {
		return t.Name
	}
	args := make([]string, len(t.Args))
	for i, a := range t.Args {
		if args[i] = String(a.Value); a.Key != "" && !a.Bare {
			args[i] = a.Key + "=" + args[i]
		}
	}
	return t.Name + "(" + strings.Join(args, ",") + ")"
}

// String returns the text of a sequence.
func String(terms []Term) string {
	text := make([]string, len(terms))
	for i, t := range terms {
		text[i] = t.String()
	}
	return strings.Join(text, " ")
}
