package npz

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// header is what precedes an array's values.
type header struct {
	descr   string // the type as NumPy writes it, such as <f8
	order   binary.ByteOrder
	kind    byte // f, i, u, b, U or S
	width   int  // bytes of a value
	fortran bool // column-major
	shape   []int
	size    int // values
}

// memory returns how many bytes the values take in memory. In the end every number is a float64, and values read as another type stay beside it.
func (h *header) memory() int {
	const number, text = 8, 16 // bytes of a float64, and of a string in addition to its letters
	switch {
	case h.kind == 'U' || h.kind == 'S':
		return (text + h.width) * h.size
	case h.kind == 'i' || h.kind == 'u' && h.width > 1:
		return (number + number) * h.size
	case h.kind == 'f' && h.width == number:
		return number * h.size
	}
	return (number + h.width) * h.size
}

// header reads a header of version 1.0, 2.0 or 3.0.
func (e *entry) header() (*header, error) {
	var b [12]byte
	if err := e.full(b[:8]); err != nil {
		return nil, err
	}
	if string(b[:6]) != "\x93NUMPY" {
		e.pos = 0
		return nil, e.fault("an array begins with %q, not with %q; write the file with np.savez", "\x93NUMPY", b[:6])
	}
	width := 4 // bytes of the header's length
	major, minor := b[6], b[7]
	if major < 1 || major > 3 || minor != 0 {
		return nil, e.fault("version %d.%d of the format is unknown; save the file with np.savez", major, minor)
	}
	if major == 1 {
		width = 2
	}
	if err := e.full(b[8 : 8+width]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(b[8:])
	if n > maxHeader {
		return nil, e.fault("the header has %d bytes, and the limit is %d", n, maxHeader)
	}
	text := make([]byte, n)
	start := e.pos
	if err := e.full(text); err != nil {
		return nil, err
	}
	p := &parser{e: e, start: start, text: string(text)}
	h := p.dict()
	return h, p.err
}

// parser reads the literal of a Python dict. After an error it reads only zeros.
type parser struct {
	e     *entry
	start int64 // where the text begins in the entry
	text  string
	pos   int
	err   error
}

func (p *parser) fail(format string, a ...any) {
	if p.err == nil {
		p.err = fault(p.e.file, p.e.name, p.start+int64(p.pos), format, a...)
	}
}

// dict reads the whole header.
func (p *parser) dict() *header {
	h := &header{}
	fields := map[string]func(){
		"descr":         func() { p.descr(h) },
		"fortran_order": func() { h.fortran = p.bool() },
		"shape":         func() { p.shape(h) },
	}
	p.expect("{")
	for p.err == nil && !p.skip("}") {
		key := p.string()
		p.expect(":")
		field, ok := fields[key]
		if !ok {
			p.fail("the header's key %q is unknown or comes twice", key)
			break
		}
		delete(fields, key)
		field()
		if !p.skip(",") {
			p.expect("}")
			break
		}
	}
	if len(fields) > 0 {
		p.fail("the header lacks a key; descr, fortran_order and shape are needed")
	}
	if strings.Trim(p.text[p.pos:], " \n") != "" {
		p.fail("the header goes on after its closing brace")
	}
	return h
}

// skip skips spaces, and then token if it is there.
func (p *parser) skip(token string) bool {
	p.pos = len(p.text) - len(strings.TrimLeft(p.text[p.pos:], " "))
	ok := p.err == nil && strings.HasPrefix(p.text[p.pos:], token)
	if ok {
		p.pos += len(token)
	}
	return ok
}

func (p *parser) expect(token string) {
	if !p.skip(token) {
		p.fail("the header has no %s here; it is damaged", token)
	}
}

// string reads a string without escapes; NumPy writes no others.
func (p *parser) string() string {
	quote := "'"
	if !p.skip(quote) {
		quote = `"`
		p.expect(quote)
	}
	s, _, ok := strings.Cut(p.text[p.pos:], quote)
	if !ok || strings.Contains(s, `\`) || !utf8.ValidString(s) {
		p.fail("the header has a string that does not end, or has signs beyond letters")
	}
	if p.err != nil {
		return ""
	}
	p.pos += len(s) + 1
	return s
}

func (p *parser) bool() bool {
	if p.skip("True") {
		return true
	}
	if !p.skip("False") {
		p.fail("fortran_order is neither True nor False")
	}
	return false
}

// shape reads a tuple of integers. Python 2 writes an L after some of them.
func (p *parser) shape(h *header) {
	h.shape = []int{}
	p.expect("(")
	for p.err == nil && !p.skip(")") {
		p.skip("")
		digits := p.text[p.pos:]
		digits = digits[:len(digits)-len(strings.TrimLeft(digits, "0123456789"))]
		n, err := strconv.Atoi(digits)
		if err != nil || len(h.shape) == maxRank {
			p.fail("the shape is not a tuple of at most %d whole numbers", maxRank)
			return
		}
		h.shape = append(h.shape, n)
		p.pos += len(digits)
		p.skip("L")
		if !p.skip(",") {
			p.expect(")")
			break
		}
	}
	n, ok := sizeOf(h.shape)
	if !ok {
		p.fail("the shape %v has more values than can be counted", h.shape)
	}
	h.size = n
}

// descr reads the type. The type of an array with fields is a list, which is refused here.
func (p *parser) descr(h *header) {
	if p.skip("[") {
		p.fail("the array has fields; save arrays of numbers")
		return
	}
	h.descr = p.string()
	if p.err != nil {
		return
	}
	if len(h.descr) < 3 {
		p.fail("the type %q is unknown", h.descr)
		return
	}
	if h.order = binary.LittleEndian; h.descr[0] == '>' {
		h.order = binary.BigEndian
	}
	h.kind = h.descr[1]
	n, err := strconv.Atoi(h.descr[2:])
	h.width = n
	number := slices.Contains([]string{"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}, h.descr[1:])
	text := (h.kind == 'U' || h.kind == 'S') && err == nil && 0 < n && n <= maxHeader
	switch {
	case h.kind == 'O':
		p.fail("the type is %q, a pickled Python object; save arrays of numbers, each of one shape", h.descr)
	case !number && !text || !strings.ContainsRune("<>|=", rune(h.descr[0])):
		p.fail("the type %q is unknown; convert the array with .astype('f8')", h.descr)
	case h.kind == 'U':
		h.width *= 4
	}
}
