package byhand

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
)

// scanner reads the JSON of a saved network byte by byte. A decoder from
// encoding/json would take null for 0, "Sizes" for "sizes" and the last of two
// "sizes", or need a second for 3 MB; and this format is small. After an error
// everything read is zero.
type scanner struct {
	r       *bufio.Reader
	offset  int64 // Bytes read.
	numbers int
	err     error
}

func (s *scanner) fail(format string, a ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, a...)
	}
}

// network reads the whole file.
func (s *scanner) network() *saved {
	n := &saved{}
	fields := map[string]func(){
		"sizes":   func() { n.sizes = list(s, maxLayers+1, s.size) },
		"weights": func() { n.weights = list(s, maxLayers, s.matrix) },
		"biases":  func() { n.biases = list(s, maxLayers, s.matrix) },
		"cost":    func() { n.cost = s.text() },
	}
	s.expect('{')
	for more := true; more && s.err == nil; more = s.more('}') {
		key := s.text()
		s.expect(':')
		field, ok := fields[key]
		if !ok {
			s.fail("key %q is unknown or comes twice", key)
			break
		}
		delete(fields, key)
		if field(); s.err != nil {
			s.err = fmt.Errorf("%s: %w", key, s.err)
		}
	}
	if s.err == nil && len(fields) > 0 {
		s.fail("no keys %q", slices.Sorted(maps.Keys(fields)))
	}
	if s.err == nil && s.space() != io.EOF {
		s.fail("more follows after the network")
	}
	return n
}

// list reads an array, not empty, of at most limit elements.
func list[T any](s *scanner, limit int, element func() T) []T {
	var all []T
	s.expect('[')
	for more := true; more && s.err == nil; more = s.more(']') {
		if len(all) == limit {
			s.fail("more than %d elements", limit)
		}
		all = append(all, element())
	}
	return all
}

// matrix reads an array of rows of one length.
func (s *scanner) matrix() matrix {
	var m matrix
	s.expect('[')
	for more := true; more && s.err == nil; more = s.more(']') {
		begin := len(m.x)
		s.expect('[')
		for more := true; more && s.err == nil; more = s.more(']') {
			if len(m.x) == cap(m.x) {
				m.x = slices.Grow(m.x, len(m.x)+1) // Append alone would copy millions of numbers more often.
			}
			m.x = append(m.x, s.number())
		}
		if m.rows == 0 {
			m.columns = len(m.x)
		}
		if n := len(m.x) - begin; n != m.columns {
			s.fail("row %d has %d numbers, and row 0 has %d", m.rows, n, m.columns)
		}
		m.rows++
	}
	return m
}

// size reads a number of neurons.
func (s *scanner) size() int {
	x := s.number()
	if x < 1 || x > maxNumbers || x != math.Trunc(x) {
		s.fail("%v is not a number of neurons", x)
	}
	return int(x)
}

func (s *scanner) number() float64 {
	t := s.word("number", func(c byte) bool {
		return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
	})
	if s.numbers++; s.numbers > maxNumbers {
		s.fail("more than %d numbers", maxNumbers)
	}
	if s.err == nil && !isNumber(t) {
		s.fail("%q is not a number", t)
	}
	if s.err != nil {
		return 0
	}
	x, err := strconv.ParseFloat(string(t), 64)
	if err != nil {
		s.fail("%s is too large", t)
	}
	return x
}

// isNumber says that t is one by JSON's rules, which are stricter than Go's.
func isNumber(t []byte) bool {
	digits := func() (n int) {
		for len(t) > 0 && '0' <= t[0] && t[0] <= '9' {
			t = t[1:]
			n++
		}
		return n
	}
	skip := func(chars string) bool {
		for i := range chars {
			if len(t) > 0 && t[0] == chars[i] {
				t = t[1:]
				return true
			}
		}
		return false
	}
	skip("-")
	if !skip("0") && digits() == 0 {
		return false
	}
	if skip(".") && digits() == 0 {
		return false
	}
	if skip("eE") {
		skip("+-")
		if digits() == 0 {
			return false
		}
	}
	return len(t) == 0
}

// text reads a string of letters, which is all that the file has of strings.
func (s *scanner) text() string {
	s.expect('"')
	t := string(s.word("string", func(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }))
	if s.err == nil {
		if c := s.byte(); c != '"' {
			s.fail("%q in a string", c)
		}
	}
	return t
}

// word reads the bytes for which in holds, after white space. They are good until the next byte is read.
func (s *scanner) word(what string, in func(c byte) bool) []byte {
	const limit = 64 // Bytes; the longest number written by Python or Go has 24.
	s.space()
	if s.err != nil {
		return nil
	}
	ahead, err := s.r.Peek(limit + 1)
	if err != nil && err != io.EOF {
		s.err = err
		return nil
	}
	n := 0
	for n < len(ahead) && in(ahead[n]) {
		n++
	}
	switch {
	case n > limit:
		s.fail("a %s of more than %d bytes", what, limit)
	case n == len(ahead): // Something must follow.
		s.fail("the file ends here")
	}
	s.skip(n)
	return ahead[:n]
}

// more reads a comma or the bracket end, and says that it was the comma.
func (s *scanner) more(end byte) bool {
	s.space()
	c := s.byte()
	if s.err == nil && c != ',' && c != end {
		s.fail("%q is neither a comma nor %c", c, end)
	}
	return c == ','
}

// expect reads the byte want.
func (s *scanner) expect(want byte) {
	s.space()
	if c := s.byte(); s.err == nil && c != want {
		s.fail("%q is not %c", c, want)
	}
}

// space skips white space. It returns io.EOF where nothing follows.
func (s *scanner) space() error {
	for s.err == nil {
		c, err := s.r.ReadByte()
		if err != nil {
			if err != io.EOF {
				s.err = err
			}
			return err
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return s.r.UnreadByte() // There is no error after ReadByte.
		}
		s.offset++
	}
	return nil
}

// skip goes on by n bytes that were peeked at.
func (s *scanner) skip(n int) {
	s.r.Discard(n) // There is no error where that many are buffered.
	s.offset += int64(n)
}

func (s *scanner) byte() byte {
	if s.err != nil {
		return 0
	}
	c, err := s.r.ReadByte()
	if err == io.EOF {
		err = errors.New("the file ends here")
	}
	if err != nil {
		s.err = err
		return 0
	}
	s.offset++
	return c
}
