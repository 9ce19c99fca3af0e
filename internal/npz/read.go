package npz

import (
	"archive/zip"
	"bufio"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/internal/intake"
)

// ReadFile reads the file at path. For errors, see Read.
func ReadFile(path string) ([]Array, error) {
	f, size, err := intake.Open("", path, small.file)
	if err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	defer f.Close()
	return Read(f, size, path)
}

// Read reads the arrays of a file of size bytes, in order; name is the file's name in errors. A fault in the contents, including a
// missing end, is a *FormatError. Any other error is r's own, wrapped.
func Read(r io.ReaderAt, size int64, name string) ([]Array, error) {
	files, err := directory(r, size, name, &small)
	if err != nil {
		return nil, err
	}
	var arrays []Array
	var memory int64
	for _, f := range files {
		e := &entry{file: name, name: f.Name, f: f, size: int64(f.UncompressedSize64), limits: &small}
		a, err := e.read(&memory)
		if err != nil {
			return nil, err
		}
		arrays = append(arrays, a)
	}
	return arrays, nil
}

// directory returns the archive's entries. Package zip would follow a directory of any length, and ignores bytes before and after the
// archive.
func directory(r io.ReaderAt, size int64, name string, l *limits) ([]*zip.File, error) {
	const end = 22 // bytes of the record that ends an archive
	if size > l.file {
		return nil, fault(name, "", 0, "the file has %d bytes, and the limit is %d; save less in it", size, l.file)
	}
	if size < end {
		return nil, fault(name, "", 0, "the file has %d bytes, and the smallest archive has %d; it is cut off, or no .npz file", size, end)
	}
	var b [end]byte
	if _, err := r.ReadAt(b[:], size-end); err != nil {
		return nil, readError(name, err)
	}
	entries := int(binary.LittleEndian.Uint16(b[10:]))
	length, offset := int64(binary.LittleEndian.Uint32(b[12:])), int64(binary.LittleEndian.Uint32(b[16:]))
	switch {
	case string(b[:4]) != "PK\x05\x06":
		return nil, fault(name, "", size-end, "the archive does not end here; the file is cut off, or no .npz file")
	case offset+length+end != size || b[20] != 0 || b[21] != 0:
		return nil, fault(name, "", size-end, "the archive's directory of %d bytes at %d does not end here; take another copy", length, offset)
	case length > maxDirectory:
		return nil, fault(name, "", size-end, "the archive's directory has %d bytes, and the limit is %d; save fewer arrays", length, maxDirectory)
	}
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) != entries {
		return nil, fault(name, "", offset, "the archive's directory is not one of %d entries; take another copy", entries)
	}
	return z.File, checkDirectory(z.File, offset, name, l)
}

// checkDirectory compares the entries with each other and with the bytes before end, in which they must be.
func checkDirectory(files []*zip.File, end int64, name string, l *limits) error {
	total, suspicious, seen := uint64(0), uint64(0), map[string]bool{}
	var spans []span
	for _, f := range files {
		offset, err := f.DataOffset()
		if err != nil || offset > end || f.CompressedSize64 > uint64(end-offset) {
			return fault(name, "", end, "the entry %q does not lie where the directory says; take another copy", f.Name)
		}
		switch {
		case !strings.HasSuffix(f.Name, ".npy") || len(f.Name) > maxName || !utf8.ValidString(f.Name):
			return fault(name, "", offset, "the entry %q is not an array; only NAME.npy may be in a .npz file", f.Name)
		case seen[f.Name]:
			return fault(name, "", offset, "the entry %q occurs twice; keep one of them", f.Name)
		case f.Flags&1 != 0:
			return fault(name, "", offset, "the entry %q is encrypted", f.Name)
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return fault(name, "", offset, "the entry %q is packed by method %d; use np.savez or np.savez_compressed", f.Name, f.Method)
		case f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64:
			return fault(name, "", offset, "the entry %q has %d bytes, and %d when unpacked, without packing; take another copy",
				f.Name, f.CompressedSize64, f.UncompressedSize64)
		}
		if total += min(f.UncompressedSize64, l.data+1); total > l.data {
			return fault(name, "", offset, "the entry %q makes more than %d bytes with those before; save less in the file", f.Name, l.data)
		}
		if f.UncompressedSize64 > maxRatio*f.CompressedSize64 {
			suspicious += f.UncompressedSize64
		}
		if suspicious > l.suspicious {
			return fault(name, "", offset, "the entry %q makes more than %d bytes of each; save it unpacked, with np.savez, if that is what you expect",
				f.Name, maxRatio)
		}
		const header = 30 // bytes before the name
		seen[f.Name] = true
		spans = append(spans, span{f.Name, offset - header - int64(len(f.Name)), offset + int64(f.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.begin, b.begin) })
	for i := 1; i < len(spans); i++ { // entries that share bytes would let a small file hold much
		if a, b := spans[i-1], spans[i]; b.begin < a.end {
			return fault(name, "", b.begin, "the entries %q and %q overlap; take another copy", a.name, b.name)
		}
	}
	return nil
}

// span is the range of bytes that an entry takes in the file.
type span struct {
	name       string
	begin, end int64
}

// entry is an array of the archive while it is read.
type entry struct {
	file, name string
	f          *zip.File
	r          io.Reader
	pos, size  int64 // bytes read, and in total
	sum        hash.Hash32
	limits     *limits
}

func (e *entry) fault(format string, a ...any) error {
	return fault(e.file, e.name, e.pos, format, a...)
}

// open starts to read the entry, beginning with its header.
func (e *entry) open() (*header, error) {
	raw, err := e.f.OpenRaw()
	if err != nil {
		return nil, readError(e.file, err)
	}
	if e.f.Method == zip.Deflate {
		raw = flate.NewReader(bufio.NewReader(&source{r: raw, e: e}))
	}
	e.sum = crc32.NewIEEE()
	e.r, e.pos = io.TeeReader(bufio.NewReader(raw), e.sum), 0
	h, err := e.header()
	if err != nil {
		return nil, err
	}
	if left := e.size - e.pos; uint64(h.size) > e.limits.data || int64(h.size*h.width) != left {
		return nil, e.fault("%d bytes follow, which is not what type %s and shape %v need; take another copy", left, h.descr, h.shape)
	}
	return h, nil
}

// read reads the whole entry. It adds the bytes that the values take to memory.
func (e *entry) read(memory *int64) (Array, error) {
	h, err := e.open()
	if err != nil {
		return Array{}, err
	}
	if *memory += int64(h.memory()); *memory > e.limits.memory {
		return Array{}, e.fault("its values take more than %d bytes of memory with those before; save less in the file", e.limits.memory)
	}
	data, err := e.values(h)
	return e.close(h, data, err)
}

// close returns the array made of the values. They must be the last bytes of the entry, and the checksum must be right.
func (e *entry) close(h *header, data any, err error) (Array, error) {
	if err != nil {
		return Array{}, err
	}
	if n, err := io.ReadFull(e.r, make([]byte, 1)); n > 0 || err != io.EOF {
		return Array{}, e.fault("the entry goes on after its values; take another copy")
	}
	if got := e.sum.Sum32(); got != e.f.CRC32 {
		return Array{}, e.fault("the checksum is %08x, and the directory says %08x; the file is damaged, take another copy", got, e.f.CRC32)
	}
	return Array{strings.TrimSuffix(e.name, ".npy"), h.shape, data}, nil
}

// source returns the bytes of an entry before they are unpacked. Some sequences of bytes take long to unpack and give nothing, so it stops when
// many bytes give few.
type source struct {
	r    io.Reader
	read int64
	e    *entry
}

var errIdle = errors.New("many bytes that stand for few")

// Read reads from the archive.
func (s *source) Read(b []byte) (int, error) {
	const slack = 1 << 18 // more than is unpacked before it is counted
	if s.read > 2*s.e.pos+slack {
		return 0, errIdle
	}
	n, err := s.r.Read(b)
	s.read += int64(n)
	return n, err
}

// full fills p from the entry.
func (e *entry) full(p []byte) error {
	n, err := io.ReadFull(e.r, p)
	e.pos += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return e.fault("the entry ends here, and its size is %d bytes in the directory; take another copy", e.size)
	}
	if _, damaged := errors.AsType[flate.CorruptInputError](err); damaged || err == errIdle {
		return e.fault("the packed bytes are damaged; take another copy")
	}
	if err != nil {
		return readError(e.file, err)
	}
	return nil
}

func readError(file string, err error) error { return fmt.Errorf("npz: %s: %w", file, err) }
