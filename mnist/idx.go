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

// An IDX file is a magic number, one 32-bit size for each dimension (big-endian), and the elements. In the magic
// number the third byte is the type of the elements (8: unsigned byte), the fourth the number of dimensions.
const (
	labelMagic = 0x00000801 // (labels)
	imageMagic = 0x00000803 // (images, rows, columns)
	headerSize = 8          // of a label file: label i is at byte offset headerSize+i
)

// A file that announces more than this is refused. There is room for EMNIST's 280,000 digits.
const (
	maxBytes = 180 << 20 // elements in a file
	maxSide  = 1024      // rows or columns of an image
	maxRatio = 64        // what gzip makes of a byte without being suspicious; it makes 5 of one of MNIST's
)

// room is how many elements the files of a data set may still have: all of them, and those that gzip makes of
// suspiciously little.
type room struct{ bytes, suspicious int }

// all is the room for a data set, which stays below 256 MiB. What is gzipped takes 5/4 of its size for a moment.
var all = room{bytes: 210 << 20, suspicious: 96 << 20}

// take takes n bytes, where the rest is enough.
func take(rest *int, n int) bool {
	ok := n <= *rest
	if ok {
		*rest -= n
	}
	return ok
}

// FormatError says where a file stops being what it should be, and what to do about it. What the file system itself
// refuses (a missing file, a missing permission) is not a FormatError: such errors wrap those of package fs.
type FormatError struct {
	File   string
	Offset int64 // in bytes, after gunzip; -1 where it is unknown, as in a picture
	Msg    string
}

// Error returns one line: the file, the byte offset, what is wrong there and what to do.
func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Msg)
	}
	return fmt.Sprintf("%s: byte offset %d: %s", e.File, e.Offset, e.Msg)
}

// readLabels reads an IDX file of labels, plain or gzipped. file is its name in errors.
func readLabels(r io.Reader, file string, left *room) ([]byte, error) {
	s, err := newStream(r, file, left)
	if err != nil {
		return nil, err
	}
	if err := s.magic(labelMagic, "labels"); err != nil {
		return nil, err
	}
	n, err := s.size("labels", maxBytes)
	if err != nil {
		return nil, err
	}
	return s.body(n)
}

// readImages reads an IDX file of images, plain or gzipped, that must hold one image for each of n labels. The header
// is compared with n before any pixel is read.
func readImages(r io.Reader, file string, n int, left *room) (pixels []byte, rows, cols int, err error) {
	s, err := newStream(r, file, left)
	if err != nil {
		return nil, 0, 0, err
	}
	if err := s.magic(imageMagic, "images"); err != nil {
		return nil, 0, 0, err
	}
	images, err := s.size("images", maxBytes)
	if err != nil {
		return nil, 0, 0, err
	}
	if images != n {
		return nil, 0, 0, s.errorf(4, "%d images, but %d labels in the file beside it; take both files from one data set", images, n)
	}
	if rows, err = s.size("rows", maxSide); err != nil {
		return nil, 0, 0, err
	}
	if cols, err = s.size("columns", maxSide); err != nil {
		return nil, 0, 0, err
	}
	if images > maxBytes/(rows*cols) {
		return nil, 0, 0, s.errorf(4, "%d images of %d×%d are more than %d MiB of pixels; use fewer images", images, rows, cols, maxBytes>>20)
	}
	pixels, err = s.body(images * rows * cols)
	return pixels, rows, cols, err
}

// stream hands out the bytes of one IDX file, after gunzip, and counts them for the errors.
type stream struct {
	r      *bufio.Reader
	file   string
	offset int64
	stored int64 // bytes of the file; 0 if unknown
	left   *room
	packed *packed // nil: not gzipped
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

// packed hands gzip its bytes. Some kinds of them take long and make nothing, and so it stops where many make little.
type packed struct {
	r           io.Reader
	read, wrote int64
}

var errIdle = errors.New("many bytes that stand for few")

// Read reads what is to be unpacked.
func (p *packed) Read(b []byte) (int, error) {
	const slack = 1 << 18
	if p.read > 2*p.wrote+slack {
		return 0, errIdle
	}
	n, err := p.r.Read(b)
	p.read += int64(n)
	return n, err
}

// suspicious says that gzip made the n bytes so far of little.
func (p *packed) suspicious(n int) bool { return p != nil && int64(n) > maxRatio*p.read }

// unpacked counts what gzip makes.
type unpacked struct {
	io.Reader
	from *packed
}

// Read reads what was unpacked.
func (u unpacked) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	u.from.wrote += int64(n)
	return n, err
}

// gzipped looks for gzip's two magic bytes. The name of a file does not decide: browsers drop or keep the .gz at will.
func (s *stream) gzipped() bool {
	head, _ := s.r.Peek(2) // An error comes back with the next read.
	return len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b
}

// magic reads the magic number.
func (s *stream) magic(want uint32, what string) error {
	got, err := s.uint32()
	if err != nil {
		return err
	}
	if got != want {
		return s.errorf(0, "magic number %#08x, not %#08x; this is not an IDX file of %s as bytes: fetch the right file", got, want, what)
	}
	return nil
}

// size reads the next size in the header, which must be within 1 and most. As in the format, it is a signed number.
func (s *stream) size(what string, most int) (int, error) {
	v, err := s.uint32()
	if err != nil {
		return 0, err
	}
	if n := int32(v); n < 1 || int(n) > most {
		return 0, s.errorf(s.offset-4, "number of %s is %d, not within 1 and %d; the header is damaged: fetch the file again", what, n, most)
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

// body reads the n bytes that the header announced, and the end of the file after them. Nothing is allocated on the
// header's word alone: where the file is not known to be as large, memory starts at n/64 and is made four times as large
// whenever it is full.
func (s *stream) body(n int) ([]byte, error) {
	if !take(&s.left.bytes, n) {
		return nil, s.errorf(4, "%d bytes, and the files of a data set have at most %d together; use fewer images", n, all.bytes)
	}
	parts := []int{64, 16, 4, 1}
	if s.packed == nil && s.stored >= s.offset+int64(n) {
		parts = parts[3:]
	}
	var data []byte
	for _, part := range parts {
		if s.packed.suspicious(len(data)) && n/part > s.left.suspicious {
			return nil, s.errorf(s.offset, "gzip makes more than %d bytes of each; gunzip the file, if it is what you expect", maxRatio)
		}
		larger := make([]byte, n/part)
		have := copy(larger, data)
		if err := s.fill(larger[have:]); err != nil {
			return nil, err
		}
		data = larger
	}
	switch _, err := s.r.ReadByte(); err {
	case io.EOF:
		if s.packed.suspicious(n) {
			s.left.suspicious -= n
		}
		return data, nil
	case nil:
		return nil, s.errorf(s.offset, "bytes after the last one that the header announces; fetch the file again")
	case io.ErrUnexpectedEOF:
		return nil, s.errorf(s.offset, "gzip does not end here, or bytes follow it; fetch the file again")
	default:
		return nil, s.broken(err)
	}
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

// broken turns an error of reading into one that names the file and the place.
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

// IDX is a set as the two files in which MNIST has images and labels.
func (s Set) IDX() (images, labels []byte) {
	n := uint32(s.Len())
	images = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, imageMagic), n)
	images = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(images, uint32(s.Rows)), uint32(s.Cols))
	labels = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, labelMagic), n)
	return append(images, s.Images...), append(labels, s.Labels...)
}
