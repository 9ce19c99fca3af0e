package models

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
)

// The keys in a layer's table that are not arguments of its kind, and those of the recipe.
const (
	opKey     = "op"
	layerKey  = "layer"  // the layers inside, as tables or as text
	branchKey = "branch" // the branches of add and concat, as tables with layers inside
	nameKey   = "name"   // a layer's name, which from refers to
	fromKey   = "from"   // the names of a layer's inputs
	trainKey  = "train"  // the recipe
	etasKey   = "etas"   // the table of single layers' learning rates, in train
)

// root reads one of the file's own keys that cannot be read as in a layer: any text, or a table.
func (f *file) root(key string, v any, pos int) ([]term.Term, error) {
	name := ""
	switch key {
	case nameKey, "doc":
		if text, ok := v.(string); ok {
			return []term.Term{{Name: text, Pos: pos}}, nil
		}
		return nil, term.Errorf(pos, "not text; write it in quotes")
	case trainKey:
		name = key
	case "loss":
		if text, ok := v.(string); ok {
			return f.scalar(text, pos)
		}
	default:
		return nil, nil // not given
	}
	table, ok := v.(map[string]any)
	if !ok {
		return nil, term.Errorf(pos, "%s is no table; write [%[1]s], and what belongs to it in the lines below", key)
	}
	t, err := f.term(table, pos, name)
	return []term.Term{t}, err
}

// args returns the arguments that a key of the table up stands for: one, except that branches give one each. If one of several tables has a name
// or from, they are the layers of a graph.
func (f *file) args(t term.Term, up int, key string, v any) ([]term.Arg, error) {
	var err error
	a, items := term.Arg{Key: key}, tables(v)
	if t.Name == trainKey && key == etasKey {
		a.Pos = f.at(up, key)
		a.Value, err = f.etas(v, a.Pos)
		return []term.Arg{a}, err
	}
	if own := up == 0 && key != "input" && key != layerKey; own || items == nil {
		a.Pos = f.at(up, key)
		if own {
			a.Value, err = f.root(key, v, a.Pos)
		} else {
			a.Value, err = f.scalar(v, a.Pos)
		}
		return []term.Arg{a}, err
	}
	if depth := len(f.places[up].path); depth == len(levels) {
		return nil, term.Errorf(up, "more than %d nested tables; use fewer, or text", depth)
	}
	if key == branchKey {
		return f.branches(items, up)
	}
	for _, item := range items {
		pos := f.at(up, key)
		layer, err := f.term(item, pos, "")
		if err != nil {
			return nil, err
		}
		if a.Value = append(a.Value, layer); len(a.Value) == 1 {
			a.Pos = pos
		}
	}
	if t.Name != "graph" && slices.ContainsFunc(a.Value, wired) {
		a.Value = []term.Term{{Name: "graph", Args: []term.Arg{{Value: a.Value, Pos: a.Pos}}, Pos: a.Pos}}
	}
	return []term.Arg{a}, nil
}

// etas reads the table of single layers' learning rates.
func (f *file) etas(v any, pos int) ([]term.Term, error) {
	table, ok := v.(map[string]any)
	if !ok {
		return nil, term.Errorf(pos, "etas is no table; write [train.etas], and a line such as conv1 = 0.01 below")
	}
	for name, eta := range table {
		if _, ok := eta.(map[string]any); ok {
			return nil, term.Errorf(pos, "etas: the name of a layer in %s contains a dot; write it in quotes", name)
		}
	}
	t, err := f.term(table, pos, etasKey)
	return []term.Term{t}, err
}

// branches reads tables as branches, each of which has layers or nothing.
func (f *file) branches(tables []map[string]any, up int) ([]term.Arg, error) {
	args := make([]term.Arg, len(tables))
	for i, table := range tables {
		args[i].Pos = f.at(up, branchKey)
		t, err := f.term(table, args[i].Pos, branchKey)
		if err != nil {
			return nil, err
		}
		for _, a := range t.Args {
			if args[i].Value = a.Value; a.Key != layerKey {
				return nil, term.Errorf(a.Pos, "%w", term.Unknown("key", a.Key, []string{layerKey}))
			}
		}
	}
	return args, nil
}

// tables returns the tables of a value, or nil if it contains anything else.
func tables(v any) []map[string]any {
	if table, ok := v.(map[string]any); ok {
		return []map[string]any{table}
	}
	list, _ := v.([]any)
	var all []map[string]any
	for _, item := range list {
		table, ok := item.(map[string]any)
		if !ok {
			return nil
		}
		all = append(all, table)
	}
	return all
}

// scalar reads a value that is not a table as a sequence of terms, given as text.
func (f *file) scalar(v any, pos int) (all []term.Term, err error) {
	switch v := v.(type) {
	case string:
		return term.Read(v, func(int) int { return pos })
	case int64, bool:
		return []term.Term{{Name: fmt.Sprint(v), Pos: pos}}, nil
	case float64:
		return []term.Term{{Name: strconv.FormatFloat(v, 'g', -1, 64), Pos: pos}}, nil
	case []any:
		for _, item := range v {
			terms, err := f.scalar(item, pos)
			if err != nil {
				return nil, err
			}
			all = append(all, terms...)
		}
		return all, nil
	}
	return nil, term.Errorf(pos, "%v; use a number, a text in quotes, true or false", v)
}

// term reads the table at pos as a term: its op, which may have arguments itself, with the other keys as arguments. A table that is given a name
// needs no op. A key with empty text counts as not given.
func (f *file) term(table map[string]any, pos int, name string) (term.Term, error) {
	t := term.Term{Name: name, Pos: pos}
	if name == "" {
		var err error
		if t, err = f.op(table[opKey], pos); err != nil {
			return t, err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		v := table[key]
		switch {
		case key == "":
			return t, term.Errorf(pos, "a key without letters; leave it out")
		case key == opKey && name == "":
			continue
		case v == "" && key != "init":
			f.at(pos, key) // later tables' keys of the same path follow it
			continue
		case v == "":
			v = graph.Default.Name
		}
		args, err := f.args(t, pos, key, v)
		if err != nil {
			return t, err
		}
		t.Args = append(t.Args, args...)
	}
	return t, nil
}

// op reads the value of a table's key op.
func (f *file) op(v any, pos int) (term.Term, error) {
	op, ok := v.(string)
	if !ok {
		return term.Term{}, term.Errorf(pos, `no op with a name; give one, as in op = "dense"`)
	}
	at := f.at(pos, opKey)
	terms, err := term.Read(op, func(int) int { return at })
	if err == nil && len(terms) != 1 {
		err = term.Errorf(at, "op %q; name one kind", op)
	}
	if err != nil {
		return term.Term{}, err
	}
	return terms[0], nil
}
