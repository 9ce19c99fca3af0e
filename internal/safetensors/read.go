package safetensors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
	"unicode/utf8"
)

// Read reads one file of size bytes from r; name is the file's name in errors. size must be the true size, as from Stat: Read never
// allocates more than that. The tensors are in the order of their data. A fault in the contents, including a missing end, is a
// *FormatError. Any other error is r's own, wrapped.
func Read(r io.Reader, size int64, name string) (*File, error) {
	d := &reader{r: r, size: size, name: name}
	head, err := d.header()
	if err != nil {
		return nil, err
	}
	meta, entries, err := parse(name, head)
	if err != nil {
		return nil, err
	}
	if err := layout(name, entries, d.pos, size); err != nil {
		return nil, err
	}
	f := &File{Metadata: meta, Tensors: make([]Tensor, len(entries))}
	for i, e := range entries {
		f.Tensors[i] = e.tensor()
	}
	want, summed := meta[sumKey]
	delete(meta, sumKey)
	start, sum := d.pos, sha256.New()
	sum.Write(encodeHeader(meta, f.Tensors))
	if err := d.data(entries, f.Tensors, sum); err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); summed && got != want {
		return nil, fault(name, start, "the checksum is %s, and the header says %q; the file is damaged, take another copy", got, want)
	}
	return f, nil
}

// reader reads the parts of a file in order.
type reader struct {
	r    io.Reader
	pos  int64 // bytes read
	size int64
	name string
}

// full fills p from the file.
func (d *reader) full(p []byte) error {
	n, err := io.ReadFull(d.r, p)
	d.pos += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fault(d.name, d.pos, "the file ends here, and its size was %d bytes; take another copy", d.size)
	}
	if err != nil {
		return fmt.Errorf("safetensors: %s: byte offset %d: %w", d.name, d.pos, err)
	}
	return nil
}

// header returns the bytes of the JSON header.
func (d *reader) header() ([]byte, error) {
	if d.size < prefix {
		return nil, fault(d.name, 0, "the file has %d bytes, and the length of the header needs %d; it is cut off, or no safetensors file", d.size, prefix)
	}
	if d.size > maxSize {
		return nil, fault(d.name, 0, "the file has %d bytes, and the limit is %d; split it", d.size, maxSize)
	}
	var length [prefix]byte
	if err := d.full(length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	switch {
	case n == 0:
		return nil, fault(d.name, 0, "the header has 0 bytes, and an empty one has 2; this is no safetensors file")
	case n > maxHeader:
		return nil, fault(d.name, 0, "the header has %d bytes, and the limit is %d; this is no safetensors file, or has too many tensors", n, maxHeader)
	case n > uint64(d.size-prefix):
		return nil, fault(d.name, 0, "the header has %d bytes, and only %d follow; the file is cut off, take another copy", n, d.size-prefix)
	}
	head := make([]byte, n)
	if err := d.full(head); err != nil {
		return nil, err
	}
	if !utf8.Valid(head) {
		return nil, fault(d.name, prefix, "the header is not UTF-8; the file is damaged, take another copy")
	}
	return head, nil
}

// data fills the tensors with their values, and adds the bytes to the checksum sum.
func (d *reader) data(entries []entry, tensors []Tensor, sum hash.Hash) error {
	for i, t := range tensors {
		var err error
		switch data := t.Data.(type) {
		case []float32:
			switch entries[i].dtype {
			case "F16":
				err = convert(d, data, half, sum)
			case "BF16":
				err = convert(d, data, func(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }, sum)
			default:
				err = decode(d, data, sum)
			}
		case []float64:
			err = decode(d, data, sum)
		case []int64:
			err = decode(d, data, sum)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func decode[T float32 | float64 | int64 | uint16](d *reader, data []T, sum hash.Hash) error {
	buf := make([]byte, min(len(data), chunk)*binary.Size(T(0)))
	for len(data) > 0 {
		n := min(len(data), chunk)
		part := buf[:n*binary.Size(T(0))]
		if err := d.full(part); err != nil {
			return err
		}
		sum.Write(part)
		if _, err := binary.Decode(part, binary.LittleEndian, data[:n]); err != nil {
			return fmt.Errorf("safetensors: %s: %w", d.name, err)
		}
		data = data[n:]
	}
	return nil
}

// convert fills data with values of two bytes.
func convert(d *reader, data []float32, value func(uint16) float32, sum hash.Hash) error {
	buf := make([]uint16, min(len(data), chunk))
	for part := range slices.Chunk(data, chunk) {
		bits := buf[:len(part)]
		if err := decode(d, bits, sum); err != nil {
			return err
		}
		for i, b := range bits {
			part[i] = value(b)
		}
	}
	return nil
}

// half decodes a 16-bit number of IEEE 754: a sign, 5 bits of exponent and 10 of fraction.
func half(bits uint16) float32 {
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	var x float64
	switch exponent {
	case 0:
		x = math.Ldexp(fraction, -24)
	case 0x1f:
		x = math.Inf(1)
		if fraction != 0 {
			x = math.NaN()
		}
	default:
		x = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 == 1 {
		x = -x
	}
	return float32(x)
}
