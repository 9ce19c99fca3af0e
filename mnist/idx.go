package mnist

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// An IDX file consists of a magic number, one 32-bit size for each dimension (big-endian), and the elements. In the magic number, the third byte
// is the type of the elements (8: unsigned byte) and the fourth is the number of dimensions.
const (
	labelMagic = 0x00000801 // (labels)
	imageMagic = 0x00000803 // (images, rows, columns)
	headerSize = 8          // of a label file: label i is at byte offset headerSize+i
)

// The limits of a file. A file whose header exceeds them is refused.
const (
	maxBytes = 1<<31 - 1 // elements in a file, in bytes
	maxSide  = 1024      // rows or columns of an image
	maxRatio = 64        // what gzip may make of a byte without suspicion; it makes 5 of one of MNIST's
)

// room is how many more bytes of elements the files of a data set may have if gzip makes them from suspiciously few bytes.
type room struct{ suspicious int }

// all is the room for a whole data set. A large file that is not suspicious really is large.
var all = room{suspicious: 96 << 20}

// FormatError says where a file is wrong, and what to do about it. Errors of the file system, such as a missing file or permission, are not
// FormatErrors; they wrap the errors of package fs.
type FormatError struct {
	File   string
	Offset int64 // in bytes, after gunzip; -1 if unknown, as in a picture
	Msg    string
}

// Error returns one line: the file, the byte offset, what is wrong there, and what to do.
func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Msg)
	}
	return fmt.Sprintf("%s: byte offset %d: %s", e.File, e.Offset, e.Msg)
}

// stream returns the bytes of one IDX file, after gunzip, and counts them for errors.
type stream struct {
	r      *bufio.Reader
	file   string
	offset int64
	stored int64 // bytes of the file as stored; 0 if unknown
	left   *room
	packed *packed // nil if the file is not gzipped
}

func newStream(r io.Reader, file string, left *room) (*stream, error) {
	s := &stream{r: bufio.NewReader(r), file: file, left: left}
	if f, ok := r.(fs.File); ok {
		if info, err := f.Stat(); err == nil {
			s.stored = info.Size()
		}
	}
	if !s.gzipped() {
		return s, nil
	}
	s.packed = &packed{r: s.r}
	z, err := gzip.NewReader(bufio.NewReader(s.packed))
	if err != nil {
		return nil, s.broken(err)
	}
	s.r = bufio.NewReader(unpacked{z, s.packed})
	if s.gzipped() {
		return nil, s.errorf(0, "gzipped twice; gunzip the file once")
	}
	return s, nil
}

// packed gives gzip its bytes. Some sequences of bytes take long to unpack and give nothing, so it stops when many bytes give few.
type packed struct {
	r           io.Reader
	read, wrote int64
}

var errIdle = errors.New("many bytes that stand for few")

// Read reads bytes to unpack.
func (p *packed) Read(b []byte) (int, error) {
	const slack = 1 << 18
	if p.read > 2*p.wrote+slack {
		return 0, errIdle
	}
	n, err := p.r.Read(b)
	p.read += int64(n)
	return n, err
}

// suspicious reports whether gzip made the n bytes so far from very few.
func (p *packed) suspicious(n int) bool { return p != nil && int64(n) > maxRatio*p.read }

// unpacked counts what gzip makes.
type unpacked struct {
	io.Reader
	from *packed
}

// Read reads unpacked bytes.
func (u unpacked) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	u.from.wrote += int64(n)
	return n, err
}

// gzipped looks for gzip's two magic bytes. The file's name does not matter, because browsers drop or keep the .gz as they like.
func (s *stream) gzipped() bool {
	head, _ := s.r.Peek(2) // The next read returns the error again.
	return len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b
}

// size reads the next size in the header, which must be from 1 to most. The format makes it a signed number.
func (s *stream) size(what string, most int) (int, error) {
	v, err := s.uint32()
	if err != nil {
		return 0, err
	}
	if n := int32(v); n < 1 || int(n) > most {
		return 0, s.errorf(s.offset-4, "number of %s is %d, not from 1 to %d; the header is damaged: fetch the file again", what, n, most)
	}
	return int(v), nil
}

func (s *stream) uint32() (uint32, error) {
	var word [4]byte
	if err := s.fill(word[:]); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(word[:]), nil
}

// content reads the n elements that the header promises, width bytes each, and the end of the file. It does not trust the header when it allocates:
// unless the file is known to be large enough, memory starts at n/64 and quadruples whenever it is full.
func content[T any](s *stream, n, width int, get func(b []byte) T) ([]T, error) {
	parts := []int{64, 16, 4, 1}
	if bytes := int64(n * width); s.packed == nil && s.stored >= s.offset+bytes || s.packed != nil && s.stored >= bytes/maxRatio {
		parts = parts[3:]
	}
	var data []T
	for _, part := range parts {
		if s.packed.suspicious(len(data)*width) && n/part*width > s.left.suspicious {
			return nil, s.errorf(s.offset, "gzip makes more than %d bytes of each; gunzip the file, if it is what you expect", maxRatio)
		}
		larger := make([]T, n/part)
		have := copy(larger, data)
		if err := elements(s, larger[have:], width, get); err != nil {
			return nil, err
		}
		data = larger
	}
	switch _, err := s.r.ReadByte(); err {
	case io.EOF:
		if s.packed.suspicious(n * width) {
			s.left.suspicious -= n * width
		}
		return data, nil
	case nil:
		return nil, s.errorf(s.offset, "bytes after the last one that the header promises; fetch the file again")
	case io.ErrUnexpectedEOF:
		return nil, s.errorf(s.offset, "gzip does not end here, or bytes follow it; fetch the file again")
	default:
		return nil, s.broken(err)
	}
}

// elements reads len(to) elements: bytes as they are, and all others with get.
func elements[T any](s *stream, to []T, width int, get func(b []byte) T) error {
	if to, ok := any(to).([]byte); ok {
		return s.fill(to)
	}
	const chunk = 1 << 13
	buf := make([]byte, min(len(to), chunk)*width)
	for len(to) > 0 {
		n := min(len(to), chunk)
		if err := s.fill(buf[:n*width]); err != nil {
			return err
		}
		for i := range n {
			to[i] = get(buf[i*width:])
		}
		to = to[n:]
	}
	return nil
}

// fill reads len(p) bytes.
func (s *stream) fill(p []byte) error {
	n, err := io.ReadFull(s.r, p)
	s.offset += int64(n)
	if err != nil {
		return s.broken(err)
	}
	return nil
}

// broken adds the file and the place to an error of reading.
func (s *stream) broken(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", s.file, err)
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return s.errorf(s.offset, "the file ends too early; fetch it again")
	}
	return s.errorf(s.offset, "gzip is damaged (%v); fetch the file again", err)
}

func (s *stream) errorf(offset int64, format string, args ...any) error {
	return &FormatError{File: s.file, Offset: offset, Msg: fmt.Sprintf(format, args...)}
}

// IDX returns the set as the two files in which MNIST keeps images and labels.
func (s Set) IDX() (images, labels []byte) {
	n := uint32(s.Len())
	images = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, imageMagic), n)
	images = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(images, uint32(s.Rows)), uint32(s.Cols))
	labels = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, labelMagic), n)
	return append(images, s.Images...), append(labels, s.Labels...)
}
