package models

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/stheno-ml/stheno/internal/term"
)

// The largest files that Decode reads. Finding the places of keys in the TOML takes time proportional to the file's length times its keys.
const (
	maxFile  = 1 << 16 // bytes
	maxPlace = 1 << 24 // bytes times keys
)

// Decode is [Reader.Decode] for the layers, optimizers and schedules of this module. The network is built, so that layers must fit.
func Decode(name string, text []byte) (Model, error) { return Reader{Fit: true}.Decode(name, text) }

// Decode reads a model from a TOML file of format 1. A run's folder keeps such a file, so that the network can be built again without the program
// that defined it. A person writes one to define a network without a program. What the file leaves out is taken from MNIST's input, the
// log-likelihood and the [Plain] recipe. A file without layers gives an empty graph.Seq. Errors begin with the file's name, line and column.
func (r Reader) Decode(name string, text []byte) (Model, error) {
	f := &file{text: bytes.TrimPrefix(text, []byte("\ufeff")), places: make([]place, 1), seen: map[string]int{}} // some editors write a byte order mark
	m, err := f.model(r)
	if e, ok := errors.AsType[*term.Error](err); ok {
		line, column := f.find(e.Pos)
		return Model{}, fmt.Errorf("%s:%d:%d: %w", name, line, column, err)
	}
	return m, err
}

func (f *file) model(r Reader) (m Model, err error) {
	root, err := f.parse()
	if err != nil {
		return m, err
	}
	if v, ok := root["format"]; !ok {
		return m, term.Errorf(0, "no format; begin with format = 1")
	} else if v != int64(1) {
		return m, term.Errorf(f.at(0, "format"), "format = %v; this program reads format = 1", v)
	}
	delete(root, "format")
	t, err := f.term(root, 0, "model")
	if err != nil {
		return m, err
	}
	var layers []term.Term
	if a := argument(t, layerKey); a != nil {
		layers = a.Value
		a.Value = []term.Term{{Name: "seq", Args: []term.Arg{{Value: layers}}}}
	}
	if err := r.kinds().Bind([]term.Term{t}, &m); err != nil || !r.Fit || len(layers) == 0 {
		return m, err
	}
	return m, m.fit(layers)
}

// parse reads the file as TOML.
func (f *file) parse() (root map[string]any, err error) {
	if len(f.text) > maxFile {
		return nil, term.Errorf(0, "%d bytes; use at most %d", len(f.text), maxFile)
	}
	err = toml.Unmarshal(f.text, &root)
	if d, ok := errors.AsType[*toml.DecodeError](err); ok {
		f.places[0].line, f.places[0].column = d.Position()
	}
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "toml: ")
		if name, ok := strings.CutSuffix(text, " already exists"); ok {
			name = strings.TrimPrefix(name, "table ")
			text += fmt.Sprintf("; write [[%s]] for each of several, or [%[1]s] once", name)
		}
		return nil, term.Errorf(0, "%s", text)
	}
	if n := keys(root); n*len(f.text) > maxPlace {
		return nil, term.Errorf(0, "%d keys in %d bytes; use at most %d", n, len(f.text), maxPlace/len(f.text))
	}
	return root, nil
}

// keys returns the number of keys in a value.
func keys(v any) (n int) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += keys(item)
		}
	case map[string]any:
		for _, value := range v {
			n += 1 + keys(value)
		}
	}
	return n
}
