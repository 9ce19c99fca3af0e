package safetensors

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An entry is a tensor as described in the header.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int // in bytes from the start of the data
}

// tensor allocates e's tensor. layout has checked its size against the file's.
func (e entry) tensor() Tensor {
	n := (e.end - e.begin) / width(e.dtype)
	switch e.dtype {
	case "F64":
		return Tensor{e.name, e.shape, make([]float64, n)}
	case "I64":
		return Tensor{e.name, e.shape, make([]int64, n)}
	}
	return Tensor{e.name, e.shape, make([]float32, n)}
}

// layout returns a fault unless the entries, which must be sorted, cover the bytes from start to size exactly.
func layout(file string, entries []entry, start, size int64) error {
	next, data := 0, size-start
	for _, e := range entries {
		msg := ""
		switch {
		case e.begin < next:
			msg = fmt.Sprintf("it begins at byte %d of the data, inside the tensor before, which ends at %d; write the file again", e.begin, next)
		case e.begin > next:
			msg = fmt.Sprintf("it begins at byte %d of the data, and the tensor before ends at %d; write the file again without the hole", e.begin, next)
		case int64(e.end) > data:
			msg = fmt.Sprintf("it ends at byte %d of the data, and the file has only %d; the file is cut off, take another copy", e.end, data)
		}
		if msg != "" {
			return fault(file, start+int64(next), "tensor %q: %s", e.name, msg)
		}
		next = e.end
	}
	if rest := data - int64(next); rest > 0 {
		return fault(file, start+int64(next), "%d bytes follow the last tensor; cut them off, or take another copy", rest)
	}
	return nil
}

// parse returns the metadata and the entries of a header, sorted by their position in the data.
func parse(file string, header []byte) (map[string]string, []entry, error) {
	if header[0] != '{' {
		return nil, nil, fault(file, prefix, "the header begins with %q, not with {; this is no safetensors file", header[0])
	}
	p := &parser{file: file, dec: json.NewDecoder(strings.NewReader(string(header)))}
	p.dec.UseNumber()
	meta, entries := map[string]string{}, []entry(nil)
	err := p.object("the header", func(key string) (err error) {
		if key == metadataKey {
			return p.object("the metadata", func(k string) (err error) {
				meta[k], err = p.text("metadata " + strconv.Quote(k))
				return err
			})
		}
		e, err := p.entry(key)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if rest := header[p.dec.InputOffset():]; strings.Trim(string(rest), " ") != "" {
		return nil, nil, p.fault("the header goes on after its closing brace; only spaces may follow")
	}
	// An empty tensor comes before the one that begins at the same byte.
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	return meta, entries, nil
}

// parser reads the header token by token, because a decoder into structs would accept a key that occurs twice.
type parser struct {
	file string
	dec  *json.Decoder
}

func (p *parser) fault(format string, a ...any) error {
	return fault(p.file, prefix+p.dec.InputOffset(), format, a...)
}

func (p *parser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if err != nil {
		return nil, p.fault("the header is not JSON: %v; take another copy", err)
	}
	return t, nil
}

// open reads the delimiter that begins an object or an array.
func (p *parser) open(d json.Delim, what string) error {
	t, err := p.token()
	if err == nil && t != d {
		err = p.fault("%s begins with %v, not with %v", what, t, d)
	}
	return err
}

// object reads an object. After each key it calls field to read the value.
func (p *parser) object(what string, field func(key string) error) error {
	if err := p.open('{', what); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.dec.More() {
		key, err := p.text("a key of " + what)
		if err != nil {
			return err
		}
		if seen[key] {
			return p.fault("%s has the key %q twice; keep one of them", what, key)
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
	_, err := p.token()
	return err
}

func (p *parser) text(what string) (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", p.fault("%s is %v, not a string", what, t)
	}
	return s, nil
}

// sizes reads an array of integers of at least 0.
func (p *parser) sizes(what string) ([]int, error) {
	if err := p.open('[', what); err != nil {
		return nil, err
	}
	sizes := []int{}
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		number, _ := t.(json.Number)
		n, err := strconv.Atoi(number.String())
		if err != nil || number[0] == '-' {
			return nil, p.fault("%s has %v, which is not an integer of at least 0", what, t)
		}
		if len(sizes) == maxRank {
			return nil, p.fault("%s has more than %d numbers; the file is damaged, take another copy", what, maxRank)
		}
		sizes = append(sizes, n)
	}
	_, err := p.token()
	return sizes, err
}

// entry reads the description of the tensor called name.
func (p *parser) entry(name string) (entry, error) {
	e, offsets := entry{name: name}, []int(nil)
	what := "tensor " + strconv.Quote(name)
	err := p.object(what, func(key string) (err error) {
		switch key {
		case "dtype":
			if e.dtype, err = p.text(what + ": dtype"); err == nil && width(e.dtype) == 0 {
				err = p.fault("%s has the dtype %q; convert it to F32 or F64", what, e.dtype)
			}
		case "shape":
			e.shape, err = p.sizes(what + ": shape")
		case "data_offsets":
			offsets, err = p.sizes(what + ": data_offsets")
			if err == nil && (len(offsets) != 2 || offsets[0] > offsets[1]) {
				err = p.fault("%s has the data_offsets %v; two are needed, the begin and the end", what, offsets)
			}
		default:
			err = p.fault("%s has the unknown key %q; only dtype, shape and data_offsets are known", what, key)
		}
		return err
	})
	if err != nil {
		return e, err
	}
	if e.dtype == "" || e.shape == nil || offsets == nil {
		return e, p.fault("%s lacks a key; dtype, shape and data_offsets are needed", what)
	}
	e.begin, e.end = offsets[0], offsets[1]
	size, ok := sizeOf(e.shape, width(e.dtype))
	if !ok {
		return e, p.fault("%s has the shape %v, whose product overflows", what, e.shape)
	}
	if size != e.end-e.begin {
		return e, p.fault("%s has %d bytes, and %s of shape %v needs %d", what, e.end-e.begin, e.dtype, e.shape, size)
	}
	return e, nil
}
