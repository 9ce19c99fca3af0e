package models

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strconv"
	"unicode"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
)

// A Reader reads models from TOML files of format 1: what a run's folder keeps, so that the network can be built again without the
// program that defined it, and what a person writes to have a network without a program.
type Reader struct {
	Own   []graph.Layer                // layers whose kinds files may have beside graph.Kinds: see graph.Own
	Check func(key, text string) error // whether a text or number in [train] is right; nil: any is
	Fit   bool                         // build the network, for an error with a place where a layer does not fit
}

// The largest files and inputs that are read.
const (
	maxFile  = 1 << 20 // bytes
	maxInput = 1 << 24 // numbers in an example
)

// Plain is the recipe of a network that comes without one.
var Plain = Recipe{Epochs: 10, Batch: 10, Eta: .1, Init: graph.He}

// Decode is [Reader.Decode] for layers of graph.Kinds, which must fit.
func Decode(name string, text []byte) (Model, error) { return Reader{Fit: true}.Decode(name, text) }

// Decode reads a model. What its file leaves out is MNIST's input, the log-likelihood and the Plain recipe; a file of no layers gives an empty
// graph.Seq. Errors begin with the file's name, line and column.
func (r Reader) Decode(name string, text []byte) (Model, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors begin with it
	m, err := r.decode(text)
	if err != nil {
		return Model{}, place(name, text, err)
	}
	return m, nil
}

func (r Reader) decode(text []byte) (Model, error) {
	m := Model{Input: image, Net: graph.Seq{}, Loss: graph.LogLikelihood, Recipe: Plain}
	if len(text) > maxFile {
		return m, term.Errorf(0, "%d bytes; a model's file has at most %d", len(text), maxFile)
	}
	root, err := parse(text)
	if err != nil {
		return m, err
	}
	if f := root.find("format"); f == nil {
		return m, term.Errorf(0, "no format; begin with format = 1")
	} else if f.text != "1" {
		return m, term.Errorf(f.pos, "format = %s; this program reads format = 1", f.text)
	}
	d := decoder{r, append(slices.Clip(graph.Kinds), graph.Own(r.Own...)...), &m}
	for _, e := range root.keys {
		if err := d.key(e); err != nil {
			return m, err
		}
	}
	if net, ok := m.Net.(graph.Seq); r.Fit && !(ok && len(net) == 0) {
		return m, m.fit(root.find(layerKey))
	}
	return m, nil
}

// decoder fills a model.
type decoder struct {
	Reader
	kinds term.Kinds
	*Model
}

// key takes one key of the file.
func (d *decoder) key(e entry) error {
	switch e.key {
	case "format":
		return nil
	case "name":
		return e.value.string(&d.Name)
	case "doc":
		return e.value.string(&d.Doc)
	case "input":
		return d.input(e.value)
	case layerKey:
		var net graph.Seq
		err := d.bind(e.value, &net)
		d.Net = net
		return err
	case "loss":
		return d.bind(e.value, &d.Loss)
	case "train":
		return d.train(e.value)
	}
	return term.Errorf(e.pos, "%w", term.Unknown("key", e.key, []string{"format", "name", "doc", "input", layerKey, "loss", "train"}))
}

func (n *node) string(to *string) error {
	if n.kind != unstable.String {
		return term.Errorf(n.pos, "no text; write it in quotes")
	}
	for _, r := range n.text {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return term.Errorf(n.pos, "%q; leave %q out", n.text, r)
		}
	}
	*to = n.text
	return nil
}

func (d *decoder) bind(n *node, to any) error {
	terms, err := n.terms(0)
	if err != nil {
		return err
	}
	return d.kinds.Bind(terms, to)
}

func (d *decoder) input(n *node) error {
	d.Input = nil
	if err := d.bind(n, &d.Input); err != nil {
		return err
	}
	size := 1
	for _, axis := range d.Input {
		if axis < 1 || axis > maxInput/size {
			return term.Errorf(n.pos, "input %v; use axes of at least 1, and at most %d numbers", d.Input, maxInput)
		}
		size *= axis
	}
	if len(d.Input) == 0 {
		d.Input = image
	}
	return nil
}

// train reads the recipe. An empty text is what a recipe has by itself.
func (d *decoder) train(n *node) error {
	t := term.Term{Name: "train", Pos: n.pos}
	for _, e := range n.keys {
		if e.value.kind == unstable.String && e.value.text == "" {
			if e.key == "init" {
				d.Recipe.Init = nil
			}
			continue
		}
		value, err := e.value.terms(0)
		if err == nil && len(e.value.keys)+len(e.value.items) == 0 && d.Check != nil {
			if err = d.Check(e.key, e.value.text); err != nil {
				err = term.Errorf(e.value.pos, "train: %w", err)
			}
		}
		if err != nil {
			return err
		}
		t.Args = append(t.Args, term.Arg{Key: e.key, Value: value, Pos: e.pos})
	}
	return append(d.kinds, term.Kind{Name: t.Name, Value: d.Recipe}).Bind([]term.Term{t}, &d.Recipe)
}

// fit builds the network, so that a layer that does not fit has its place in the file.
func (m *Model) fit(layers *node) error {
	_, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
	if err == nil {
		return nil
	}
	err = cmp.Or(errors.Unwrap(err), err) // the table of a layer says more than the name of a package
	if e, ok := errors.AsType[*graph.LayerError](err); ok && layers.wired() {
		err = e.Err // that the tables are a graph is no news
	}
	return term.Errorf(layers.blame(err), "%w", err)
}

// blame is the place of the innermost layer that an error is about, as a table or in a text, or else of the last table.
func (n *node) blame(err error) int {
	pos := n.pos
	if len(n.items) > 0 {
		pos = n.items[len(n.items)-1].pos
	}
	for n != nil {
		e, ok := errors.AsType[*graph.LayerError](err)
		if !ok {
			return pos
		}
		if n.kind == unstable.String {
			terms, _ := term.Read(n.text, n.place) // which has been read without an error
			return cmp.Or(max(0, graph.Blame(terms, err)), pos)
		}
		i := slices.IndexFunc(n.items, func(t *node) bool { name := t.find(nameKey); return name != nil && name.text == e.Where })
		if i < 0 {
			i, _ = strconv.Atoi(e.Where)
		}
		if i >= len(n.items) {
			return pos
		}
		pos, n, err = n.items[i].pos, n.items[i].find(layerKey), e.Err
	}
	return pos
}

// Init is the initialisation of that text, one of graph.Kinds; the empty text is nil.
func Init(text string) (*graph.Init, error) {
	var init *graph.Init
	if text == "" {
		return nil, nil
	}
	err := graph.Kinds.Parse(text, &init)
	return init, err
}

// InitNames are what Init takes.
func InitNames() []string { return term.Names[*graph.Init](graph.Kinds) }
