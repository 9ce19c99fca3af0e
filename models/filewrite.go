package models

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
)

// Encode writes a model, with its recipe, as TOML that Reader.Decode reads: always the same text for the same model. It is an error
// where a part has no text form: a function, or a layer, initialisation or cost of one's own.
func Encode(m Model) ([]byte, error) {
	w := &writer{}
	w.line("format = 1\nname = %s", quote(m.Name))
	if m.Doc != "" {
		w.line("doc = %s", quote(m.Doc))
	}
	w.line("input = %s # channels, rows, columns", strings.ReplaceAll(strings.Trim(fmt.Sprint([]int(m.Input)), ""), " ", ", "))
	err := w.net(m.Net)
	if err == nil {
		err = w.table("loss", m.Loss)
	}
	if err == nil {
		err = w.train(m.Recipe)
	}
	if err != nil {
		return nil, fmt.Errorf("models: %s: %w", m.Name, err)
	}
	return []byte(w.String()), nil
}

// writer is a TOML file.
type writer struct{ strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *writer) net(net graph.Layer) error {
	seq, ok := net.(graph.Seq)
	if !ok {
		seq = graph.Seq{net}
	}
	if len(seq) == 0 {
		return nil
	}
	terms, err := graph.Kinds.Terms(seq)
	if err != nil {
		return err
	}
	return w.layers(layerKey, terms)
}

// layers writes a sequence as tables. A graph that is all of it has its vertices there, if that is how a reader knows it.
func (w *writer) layers(path string, terms []term.Term) error {
	if len(terms) == 1 && terms[0].Name == "graph" && len(terms[0].Args) == 1 {
		vertices := terms[0].Args[0].Value
		if slices.ContainsFunc(vertices, func(v term.Term) bool { return len(v.Args) > 1 }) {
			return w.vertices(path, vertices)
		}
	}
	for _, t := range terms {
		if err := w.layer(path, t, nil); err != nil {
			return err
		}
	}
	return nil
}

// vertices writes a graph's vertices: each is its layer's table, with name and from.
func (w *writer) vertices(path string, terms []term.Term) error {
	for _, v := range terms {
		if err := w.layer(path, v.Args[0].Value[0], v.Args[1:]); err != nil {
			return err
		}
	}
	return nil
}

// layer writes a layer's table, and those inside of it behind it.
func (w *writer) layer(path string, t term.Term, wiring []term.Arg) error {
	w.line("\n[[%s]]\nop = %s", path, quote(t.Name))
	var inside []term.Arg
	for _, a := range t.Args {
		switch a.Key {
		case layerKey, "vertex", "":
			inside = append(inside, a)
		case nameKey, fromKey, opKey, branchKey:
			return fmt.Errorf("%s: a file cannot have its key %s; give the field another by a tag", t.Name, a.Key)
		default:
			w.line("%s = %s", a.Key, scalar(a.Value))
		}
	}
	for _, a := range wiring {
		if a.Key == fromKey {
			w.line("%s = %s", a.Key, list(a.Value))
		} else {
			w.line("%s = %s", a.Key, scalar(a.Value))
		}
	}
	for _, a := range inside {
		var err error
		switch a.Key {
		case layerKey:
			err = w.layers(path+"."+layerKey, a.Value)
		case "vertex":
			err = w.vertices(path+"."+layerKey, a.Value)
		default:
			w.line("\n[[%s.%s]]", path, branchKey)
			err = w.layers(path+"."+branchKey+"."+layerKey, a.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// table writes a value as a table with op.
func (w *writer) table(key string, value any) error {
	terms, err := graph.Kinds.Terms(value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	w.line("\n[%s]\nop = %s", key, quote(terms[0].Name))
	w.args(terms[0].Args)
	return nil
}

func (w *writer) args(args []term.Arg) {
	for _, a := range args {
		w.line("%s = %s", a.Key, scalar(a.Value))
	}
}

// explicit is a recipe that no model has in any of the numbers that a file always says.
var explicit = Recipe{Epochs: -1, Batch: -1, Eta: -1, Lambda: -1, Momentum: -1}

func (w *writer) train(r Recipe) error {
	if r.Init == nil {
		r.Init = graph.Default
	}
	terms, err := append(slices.Clip(graph.Kinds), term.Kind{Name: "train", Value: explicit}).Terms(r)
	if err != nil {
		return err
	}
	w.line("\n[train]")
	w.args(terms[0].Args)
	return nil
}

// plain is a number as Go and TOML write it, or a truth value.
var plain = regexp.MustCompile(`^(-?(0|[1-9]\d*)(\.\d+)?(e[+-]\d+)?|true|false)$`)

// scalar is a sequence as a value: a number, a truth value, or a text.
func scalar(terms []term.Term) string {
	text := term.String(terms)
	if plain.MatchString(text) {
		return text
	}
	return quote(text)
}

// list is a sequence as an array of texts.
func list(terms []term.Term) string {
	texts := make([]string, len(terms))
	for i, t := range terms {
		texts[i] = quote(t.String())
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// quote is a text in TOML's quotes.
func quote(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	return `"` + b.String() + `"`
}
