package safetensors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Write writes f to w. The same f gives the same bytes. Tensors with 8 bytes per value come before the F32 ones, each kind in the order of f,
// so that every value is aligned to its own size. Before it writes anything, Write refuses what Read would refuse: names that occur twice or
// are not UTF-8, and shapes that do not match the data.
func Write(w io.Writer, f *File) error {
	if err := check(f); err != nil {
		return err
	}
	tensors := slices.Clone(f.Tensors)
	slices.SortStableFunc(tensors, func(a, b Tensor) int {
		x, _ := dtype(a.Data)
		y, _ := dtype(b.Data)
		return width(y) - width(x)
	})
	sum := sha256.New()
	sum.Write(encodeHeader(f.Metadata, tensors))
	if err := writeData(sum, tensors); err != nil {
		return err
	}
	meta := map[string]string{sumKey: hex.EncodeToString(sum.Sum(nil))}
	maps.Copy(meta, f.Metadata)
	head := encodeHeader(meta, tensors)
	if len(head) > maxHeader {
		return fmt.Errorf("safetensors: the header needs %d bytes, and the limit is %d; use fewer tensors or shorter metadata", len(head), maxHeader)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return writeData(w, tensors)
}

// check returns an error if f cannot be written.
func check(f *File) error {
	for k, v := range f.Metadata {
		if k == sumKey {
			return fmt.Errorf("safetensors: metadata %q is reserved for the checksum; choose another key", k)
		}
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("safetensors: metadata %q is not UTF-8; encode it as text", k)
		}
	}
	total, seen := 0, map[string]bool{metadataKey: true}
	for _, t := range f.Tensors {
		if seen[t.Name] || !utf8.ValidString(t.Name) {
			return fmt.Errorf("safetensors: tensor %q: the name is taken or is not UTF-8; choose another", t.Name)
		}
		seen[t.Name] = true
		kind, n := dtype(t.Data)
		if kind == "" {
			return fmt.Errorf("safetensors: tensor %q: the data is a %T; give a []float32, []float64 or []int64", t.Name, t.Data)
		}
		size, ok := sizeOf(t.Shape, width(kind))
		if !ok || size != n*width(kind) || len(t.Shape) > maxRank {
			return fmt.Errorf("safetensors: tensor %q: %d values for the shape %v; give as many as the product of the shape, of at most %d dimensions", t.Name, n, t.Shape, maxRank)
		}
		if total += size; total > maxData {
			return fmt.Errorf("safetensors: tensor %q: more than %d bytes of data with those before; split the file", t.Name, maxData)
		}
	}
	return nil
}

// encodeHeader returns the JSON header for tensors laid out one after the other, padded to a multiple of eight bytes.
func encodeHeader(meta map[string]string, tensors []Tensor) []byte {
	b := fmt.Appendf(nil, "{%s:{", quote(metadataKey))
	for i, k := range slices.Sorted(maps.Keys(meta)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%s:%s", quote(k), quote(meta[k]))
	}
	b = append(b, '}')
	begin := 0
	for _, t := range tensors {
		kind, n := dtype(t.Data)
		end := begin + n*width(kind)
		shape := strings.ReplaceAll(fmt.Sprint(t.Shape), " ", ",")
		b = fmt.Appendf(b, `,%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, quote(t.Name), kind, shape, begin, end)
		begin = end
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	return b
}

// quote returns s, which is UTF-8, as a JSON string. It does not escape < and >, which would only be harder to read.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // neither encoding a string nor writing to a Builder can fail
	return strings.TrimSuffix(b.String(), "\n")
}

func writeData(w io.Writer, tensors []Tensor) error {
	for _, t := range tensors {
		var err error
		switch data := t.Data.(type) {
		case []float32:
			err = encode(w, data)
		case []float64:
			err = encode(w, data)
		case []int64:
			err = encode(w, data)
		}
		if err != nil {
			return fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

// chunk is how many values are converted at once: few enough for the cache, and many enough for the disk.
const chunk = 8192

func encode[T float32 | float64 | int64](w io.Writer, data []T) error {
	var buf []byte
	for part := range slices.Chunk(data, chunk) {
		var err error
		if buf, err = binary.Append(buf[:0], binary.LittleEndian, part); err != nil {
			return err
		}
		if _, err = w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
