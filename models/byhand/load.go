package byhand

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Load is Read for a program that trains: without notes, and with the quadratic
// cost of network.py if the file names none.
func Load(path string) (*Network2, error) {
	net, _, err := Read(path)
	if err == nil && net.Cost == nil {
		net.Cost = QuadraticCost{}
	}
	return net, err
}

// Read reads a network of sigmoid neurons from a file written by Save, by
// network2.py, or by one of the many programs like it:
//
//   - keys may use any case and any of the names in names; other keys are
//     skipped;
//   - sizes may be missing, and so may the cost, which is then nil;
//   - each layer's biases are (n, 1), (1, n) or n numbers;
//   - weights are (out, in) in all layers, or (in, out) in all of them.
//
// The notes say what Read had to assume. The network's Seed is 0. The error for
// a bad file names the file and the place in it.
func Read(path string) (net *Network2, notes []string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("byhand: %w", err)
	}
	defer file.Close()
	var data bytes.Buffer
	if info, err := file.Stat(); err == nil {
		data.Grow(int(min(info.Size(), maxFile)) + bytes.MinRead) // All at once, without copies on the way.
	}
	if _, err := data.ReadFrom(io.LimitReader(file, maxFile+1)); err != nil {
		return nil, nil, fmt.Errorf("byhand: %w", err)
	}
	net, notes, err = decode(data.Bytes())
	if err != nil {
		return nil, nil, fmt.Errorf("byhand: %s: %w; expected is a network saved by Save, network2.py or a program like it", path, err)
	}
	return net, notes, nil
}

// names lists what programs call the parts of a network, in lower case and
// without punctuation. The first name is network2.py's.
var names = map[string][]string{
	"sizes":      {"sizes", "size", "layers", "layersizes", "layersize", "nodes", "neurons", "architecture", "dims", "shape", "structure", "topology"},
	"weights":    {"weights", "weight", "w", "coefs"},
	"biases":     {"biases", "bias", "b", "intercepts"},
	"cost":       {"cost", "costfunction", "costfn", "loss", "lossfunction", "lossfn"},
	"activation": {"activation", "activations", "activationfunction", "activationfunctions", "nonlinearity"},
}

// decode reads a network from its JSON.
func decode(data []byte) (*Network2, []string, error) {
	if len(data) > maxFile {
		return nil, nil, fmt.Errorf("larger than %d bytes", maxFile)
	}
	if len(data) > 0 && data[0] == 0x80 {
		return nil, nil, errors.New("a pickled Python object, which may run any program when it is opened; " +
			"load it in Python and write it with json.dump, each array by its tolist()")
	}
	if bytes.Count(data, []byte(",")) > maxNumbers { // A good file has as many commas as numbers.
		return nil, nil, fmt.Errorf("more than %d numbers", maxNumbers)
	}
	if err := json.Unmarshal(data, new(struct{})); err != nil {
		return nil, nil, located("file", 0, err)
	}
	if first := bytes.TrimSpace(data)[0]; first != '{' {
		return nil, nil, fmt.Errorf("file: %s where an object is needed", kind(first))
	}
	list, err := members(data)
	if err != nil {
		return nil, nil, err
	}
	parts, others, err := known(list)
	if err != nil {
		return nil, nil, err
	}
	net, notes, err := read(parts)
	if err == nil && len(others) > 0 {
		notes = append(notes, "not read: "+strings.Join(others, ", "))
	}
	return net, notes, err
}

// member is a key of the file with its value.
type member struct {
	key   string
	value []byte
	at    int // The value's byte offset in the file.
}

// members returns the members of a valid JSON object.
func members(data []byte) ([]member, error) {
	const most = 1000
	var list []member
	i := bytes.IndexByte(data, '{') + 1
	for {
		begin := i + bytes.IndexByte(data[i:], '"')
		if begin < i {
			return list, nil
		}
		colon := begin + end(data[begin:], ':')
		var m member
		if err := json.Unmarshal(data[begin:colon], &m.key); err != nil {
			return nil, located("file", begin, err)
		}
		i = colon + 1
		length := end(data[i:], ',')
		value := bytes.TrimLeft(data[i:i+length], " \t\r\n")
		m.value, m.at = bytes.TrimSpace(value), i+length-len(value)
		if list = append(list, m); len(list) > most {
			return nil, fmt.Errorf("more than %d keys", most)
		}
		i += length
	}
}

// end returns where a value ends: at sign, or at a bracket that closes what
// contains the value.
func end(data []byte, sign byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case depth == 0 && (c == sign || c == '}'):
			return i
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		}
	}
	return len(data)
}

// known returns the members by meaning, and the keys that have none. If a key
// occurs twice, the last one counts, as in Python.
func known(list []member) (parts map[string]member, others []string, err error) {
	parts = map[string]member{}
	for _, m := range list {
		part := ""
		for name, forms := range names {
			if slices.Contains(forms, plain(m.key)) {
				part = name
			}
		}
		old, taken := parts[part]
		left := &m
		switch {
		case part == "":
		case !taken || m.key == old.key:
			parts[part], left = m, nil
		case m.key == part: // The book's own key takes precedence.
			parts[part], left = m, &old
		case old.key != part:
			return nil, nil, fmt.Errorf("keys %.40q and %.40q are both %s; keep one of them", old.key, m.key, part)
		}
		if left != nil {
			others = append(others, fmt.Sprintf("%.40q", left.key))
		}
	}
	if len(others) > 8 {
		others = append(others[:8], "…")
	}
	return parts, others, nil
}

// plain returns a text's letters in lower case.
func plain(text string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) {
			return -1
		}
		return unicode.ToLower(c)
	}, text)
}

// into decodes the value; v is a pointer.
func (m member) into(v any) error {
	if i := bytes.Index(m.value, []byte("null")); i >= 0 { // It would be read as 0.
		return fmt.Errorf("byte offset %d: null where a value is needed", m.at+i)
	}
	return located(m.key, m.at, json.Unmarshal(m.value, v))
}

// located puts the place in the file into an error of encoding/json about a
// value that begins at offset at.
func located(key string, at int, err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("byte offset %d: %w", int64(at)+e.Offset, e)
	}
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	needed := map[reflect.Kind]string{
		reflect.Struct: "an object", reflect.Slice: "a list", reflect.String: "a string",
		reflect.Int: "a whole number", reflect.Float64: "a number up to 1.8e308",
	}
	return fmt.Errorf("byte offset %d: %s: %.40s where %s is needed", int64(at)+e.Offset, cmp.Or(e.Field, key), e.Value, needed[e.Type.Kind()])
}
