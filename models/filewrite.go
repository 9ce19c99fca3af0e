package models

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
)

// Encode writes a model with its recipe as TOML, which Reader.Decode reads. The same model always gives the same text. A part without a text form
// is an error: a function, an initialization or loss of your own, or a layer, optimizer or schedule of your own without a method Kind() string.
func Encode(m Model) ([]byte, error) {
	if m.Recipe.Init == nil {
		m.Recipe.Init = graph.Default
	}
	w := &writer{}
	terms, err := kinds.Terms(m)
	if err = cmp.Or(err, m.Check()); err == nil {
		err = w.model(terms[0])
	}
	if err != nil {
		return nil, fmt.Errorf("models: %s: %w", m.Name, err)
	}
	return []byte(w.String()), nil
}

// writer builds a TOML file.
type writer struct{ strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *writer) model(t term.Term) error {
	w.line("format = 1")
	for _, a := range t.Args {
		switch inside := a.Value[0]; a.Key {
		case nameKey, "doc":
			w.line("%s = %s", a.Key, quote(inside.Name))
		case "input":
			axes := strings.Split(inside.Name, "x")
			comment := ""
			if len(axes) == 3 {
				comment = " # channels, rows, columns"
			}
			w.line("input = [%s]%s", strings.Join(axes, ", "), comment)
		case layerKey:
			layers := a.Value
			if inside.Name == "seq" {
				layers = first(inside)
			}
			if err := w.layers(layerKey, layers, ""); err != nil {
				return err
			}
		case "loss":
			w.line("\n[loss]\nop = %s", quote(inside.Name))
			w.args(inside.Args)
		case trainKey:
			w.train(inside.Args)
		}
	}
	return nil
}

// train writes the recipe. Its etas become a table.
func (w *writer) train(args []term.Arg) {
	w.line("\n[train]")
	for _, a := range args {
		if a.Key != etasKey {
			w.args([]term.Arg{a})
		}
	}
	for _, a := range args {
		if a.Key == etasKey {
			w.line("\n[train.etas]")
			for _, layer := range a.Value[0].Args {
				key := layer.Key
				if !bare.MatchString(key) {
					key = quote(key)
				}
				w.line("%s = %s", key, term.String(layer.Value))
			}
		}
	}
}

// layers writes a sequence as tables. If the sequence is only a graph, it writes the graph's layers in its place, provided that a reader can tell.
func (w *writer) layers(path string, terms []term.Term, of string) error {
	if len(terms) == 1 && terms[0].Name == "graph" && of != "graph" && slices.ContainsFunc(first(terms[0]), wired) {
		terms, of = first(terms[0]), "graph"
	}
	for _, t := range terms {
		if of != "graph" && wired(t) {
			return fmt.Errorf("%s: name and from have another meaning in a file; rename these fields by a tag", t.Name)
		}
		if err := w.layer(path, t); err != nil {
			return err
		}
	}
	return nil
}

// first returns the value of a term's first argument, or nil.
func first(t term.Term) []term.Term {
	if len(t.Args) == 0 {
		return nil
	}
	return t.Args[0].Value
}

// wired reports whether a layer of a graph has a name or named inputs.
func wired(t term.Term) bool { return argument(t, nameKey) != nil || argument(t, fromKey) != nil }

// layer writes a layer's table, and after it those of the layers inside.
func (w *writer) layer(path string, t term.Term) error {
	w.line("\n[[%s]]\nop = %s", path, quote(t.Name))
	nested := func(a term.Arg) bool { return a.Key == layerKey || a.Key == "" }
	w.args(slices.DeleteFunc(slices.Clone(t.Args), nested))
	if argument(t, opKey) != nil || argument(t, branchKey) != nil {
		return fmt.Errorf("%s: op and branch have another meaning in a file; rename these fields by a tag", t.Name)
	}
	for _, a := range t.Args {
		inner := path
		switch {
		case !nested(a):
			continue
		case a.Key == "":
			inner += "." + branchKey
			w.line("\n[[%s]]", inner)
		}
		if err := w.layers(inner+"."+layerKey, a.Value, t.Name); err != nil {
			return err
		}
	}
	return nil
}

// args writes arguments as keys. from becomes an array.
func (w *writer) args(args []term.Arg) {
	for _, a := range args {
		if a.Key != fromKey {
			w.line("%s = %s", a.Key, value(term.String(a.Value)))
			continue
		}
		texts := make([]string, len(a.Value))
		for i, t := range a.Value {
			texts[i] = quote(t.String())
		}
		w.line("%s = [%s]", a.Key, strings.Join(texts, ", "))
	}
}

// plain matches a number that Go and TOML write alike, or a truth value.
var plain = regexp.MustCompile(`^(-?(0|[1-9]\d*)(\.\d+)?(e[+-]\d+)?|true|false)$`)

// bare matches a key that TOML accepts without quotes.
var bare = regexp.MustCompile(`^[\w-]+$`)

// value writes text as a TOML value: a number, a truth value, or a string.
func value(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return quote(text)
}

// quote quotes text. JSON's quoting is valid in TOML, too.
func quote(s string) string {
	text, _ := json.Marshal(s) // strings cannot fail
	return string(text)
}
