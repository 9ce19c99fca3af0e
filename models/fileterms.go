package models

import (
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/stheno-ml/stheno/internal/term"
)

// The keys of a layer's table that are not arguments of its kind.
const (
	opKey     = "op"
	layerKey  = "layer"  // the layers inside, tables or a text
	branchKey = "branch" // the branches of add and concat, tables with layers inside
	nameKey   = "name"   // a layer's name, for from
	fromKey   = "from"   // the names of a layer's inputs
)

// maxNested is how deep tables may be within each other.
const maxNested = 32

// terms is the value as a sequence of terms: a text is read as one, a table is a term named by its op.
func (n *node) terms(depth int) ([]term.Term, error) {
	if depth > maxNested {
		return nil, term.Errorf(n.pos, "more than %d tables within each other; use fewer", maxNested)
	}
	switch n.kind {
	case unstable.String:
		return term.Read(n.text, n.place)
	case unstable.Array:
		return n.sequence(depth)
	case unstable.InlineTable:
		t, err := n.term(depth)
		return []term.Term{t}, err
	}
	return []term.Term{{Name: n.text, Pos: n.pos}}, nil
}

// sequence is an array's values one after the other. Tables of which one has a name or from are the vertices of a graph.
func (n *node) sequence(depth int) ([]term.Term, error) {
	if n.wired() {
		vertices, err := n.vertices(depth)
		return []term.Term{{Name: "graph", Args: []term.Arg{{Value: vertices, Pos: n.pos}}, Pos: n.pos}}, err
	}
	var all []term.Term
	for _, item := range n.items {
		terms, err := item.terms(depth + 1)
		if err != nil {
			return nil, err
		}
		all = append(all, terms...)
	}
	return all, nil
}

// wired says that an array's tables are the vertices of a graph.
func (n *node) wired() bool {
	return slices.ContainsFunc(n.items, func(t *node) bool { return t.find(nameKey) != nil || t.find(fromKey) != nil })
}

// vertices are tables as the vertices of a graph.
func (n *node) vertices(depth int) ([]term.Term, error) {
	var all []term.Term
	for _, item := range n.items {
		t, err := item.term(depth + 1)
		if err != nil {
			return nil, err
		}
		v := term.Term{Name: "vertex", Pos: t.Pos}
		t.Args = slices.DeleteFunc(t.Args, func(a term.Arg) bool {
			wiring := a.Key == nameKey || a.Key == fromKey
			if wiring {
				v.Args = append(v.Args, a)
			}
			return wiring
		})
		v.Args = append(v.Args, term.Arg{Key: layerKey, Value: []term.Term{t}, Pos: t.Pos})
		all = append(all, v)
	}
	return all, nil
}

// term is a table as a term: its op, which may have arguments itself, with the other keys as arguments.
func (n *node) term(depth int) (term.Term, error) {
	op := n.find(opKey)
	if op == nil || op.kind != unstable.String {
		return term.Term{}, term.Errorf(n.pos, `no op with a name; write one, as in op = "dense"`)
	}
	terms, err := term.Read(op.text, op.place)
	if err == nil && len(terms) != 1 {
		err = term.Errorf(op.pos, "op %q; name one kind", op.text)
	}
	if err != nil {
		return term.Term{}, err
	}
	t := terms[0]
	for _, e := range n.keys {
		var args []term.Arg
		switch {
		case e.key == opKey:
		case e.key == branchKey && e.value.kind == unstable.Array:
			args, err = e.value.branches(depth)
		case e.key == layerKey && t.Name == "graph" && e.value.kind == unstable.Array:
			args = []term.Arg{{Pos: e.pos}}
			args[0].Value, err = e.value.vertices(depth)
		default:
			args = []term.Arg{{Key: e.key, Pos: e.pos}}
			args[0].Value, err = e.value.terms(depth + 1)
		}
		if err != nil {
			return t, err
		}
		t.Args = append(t.Args, args...)
	}
	return t, nil
}

// branches are tables as the branches of a layer: each has layers, or nothing.
func (n *node) branches(depth int) ([]term.Arg, error) {
	var args []term.Arg
	for _, item := range n.items {
		a := term.Arg{Pos: item.pos}
		for _, e := range item.keys {
			var err error
			if e.key != layerKey {
				return nil, term.Errorf(e.pos, "%w", term.Unknown("key", e.key, []string{layerKey}))
			}
			if a.Value, err = e.value.terms(depth + 1); err != nil {
				return nil, err
			}
		}
		args = append(args, a)
	}
	return args, nil
}
