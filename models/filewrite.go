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

// Encode writes a model, with its recipe, as TOML that Reader.Decode reads: always the same text for the same model. It is an error
// where a part has no text form: a function, or an initialization or cost of one's own, or a layer, optimizer or schedule of one's own that
// has no method Kind() string.
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

// writer is a TOML file.
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

// train writes the recipe: its etas are a table.
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

// layers writes a sequence as tables. A graph that is all of it has its layers there, if that is how a reader knows it.
func (w *writer) layers(path string, terms []term.Term, of string) error {
	if len(terms) == 1 && terms[0].Name == "graph" && of != "graph" && slices.ContainsFunc(first(terms[0]), wired) {
		terms, of = first(terms[0]), "graph"
	}
	for _, t := range terms {
		if of != "graph" && wired(t) {
			return fmt.Errorf("%s: a file cannot have its keys name and from; give the fields others by a tag", t.Name)
		}
		if err := w.layer(path, t); err != nil {
			return err
		}
	}
	return nil
}

// first is the value of a term's first argument, if it has any.
func first(t term.Term) []term.Term {
	if len(t.Args) == 0 {
		return nil
	}
	return t.Args[0].Value
}

// wired says that a layer of a graph has a name or inputs that are named.
func wired(t term.Term) bool { return argument(t, nameKey) != nil || argument(t, fromKey) != nil }

// layer writes a layer's table, and those inside of it behind it.
func (w *writer) layer(path string, t term.Term) error {
	w.line("\n[[%s]]\nop = %s", path, quote(t.Name))
	nested := func(a term.Arg) bool { return a.Key == layerKey || a.Key == "" }
	w.args(slices.DeleteFunc(slices.Clone(t.Args), nested))
	if argument(t, opKey) != nil || argument(t, branchKey) != nil {
		return fmt.Errorf("%s: a file cannot have its keys op and branch; give the fields others by a tag", t.Name)
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

// args are arguments as keys; from is an array.
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

// plain is a number as Go and TOML write it, or a truth value.
var plain = regexp.MustCompile(`^(-?(0|[1-9]\d*)(\.\d+)?(e[+-]\d+)?|true|false)$`)

// bare is a key that TOML takes without quotes.
var bare = regexp.MustCompile(`^[\w-]+$`)

// value is a text as a value: a number, a truth value, or a text.
func value(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return quote(text)
}

// quote is a text in quotes: those of JSON are TOML's too.
func quote(s string) string {
	text, _ := json.Marshal(s) // of a string there is no error
	return string(text)
}
