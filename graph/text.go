package graph

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/internal/term"
)

// Kinds are the names that layers, initialisations and losses have in texts. The arguments are the fields of the values here.
//
// A layer that is not in this list has a text form too if it has a method Kind() string: see [Own].
var Kinds = term.Kinds{
	{"dense", Dense{}}, {"conv", Conv{}},
	{"pool", MaxPool{}}, {"avgpool", AvgPool{}}, {"globalavgpool", GlobalAvgPool{}},
	{"batchnorm", BatchNorm{}}, {"layernorm", LayerNorm{}}, {"dropout", Dropout{}},
	{"sigmoid", Sigmoid}, {"tanh", Tanh}, {"relu", ReLU}, {"leakyrelu", LeakyReLU{}}, {"gelu", GELU}, {"silu", SiLU}, {"softmax", Softmax},
	{"flatten", Flatten{}}, {"reshape", Reshape{}},
	{"seq", Seq(nil)}, {"residual", Residual(nil)}, {"add", Add(nil)}, {"concat", Concat(nil)}, {"repeat", Repeat{}},
	{"graph", Graph(nil)}, {"vertex", Vertex{}},

	{"default", is(Default)}, {"large", is(Large)}, {"output", is(Output)}, {"zero", is(Zero)}, {"normal", normalInit},
	{"glorot", is(Glorot)}, {"he", is(He)}, {"orthogonal", is(Orthogonal)},

	{"quadratic", is(Quadratic)}, {"cross-entropy", is(CrossEntropy)}, {"log-likelihood", logLikelihood},
}

// is makes a constant a kind.
func is[T any](value T) func() T { return func() T { return value } }

func normalInit(a struct {
	Std float64 `term:",required"`
}) (*Init, error) {
	if a.Std < 0 {
		return nil, fmt.Errorf("std %v; use at least 0", a.Std)
	}
	return Normal(a.Std), nil
}

func logLikelihood(a struct{ Smoothing float64 }) (*Loss, error) {
	if a.Smoothing < 0 || a.Smoothing >= 1 {
		return nil, fmt.Errorf("smoothing %v; use 0 ≤ smoothing < 1", a.Smoothing)
	}
	return Smoothed(a.Smoothing), nil
}

// Own are the kinds of the layers among those given, and within them, that have a method Kind() string, for the name, and so a text form.
func Own(layers ...Layer) term.Kinds {
	var own term.Kinds
	walk(reflect.ValueOf(layers), 0, func(l term.Named) { own = append(own, term.Of(l)) })
	return own
}

// walk visits the layers that know their kind.
func walk(v reflect.Value, depth int, visit func(term.Named)) {
	if depth > 100 || !v.IsValid() {
		return // no network is so deep, but a cycle of pointers is
	}
	if n, ok := v.Interface().(term.Named); ok && v.Kind() != reflect.Interface {
		if _, ok := n.(Layer); ok {
			visit(n)
		}
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		walk(v.Elem(), depth+1, visit)
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), depth+1, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				walk(v.Field(i), depth+1, visit)
			}
		}
	}
}

// sizes is the book's way to write a network.
var sizes = regexp.MustCompile(`^\d[\d-]*-[\d-]*$`)

// Parse reads a network for examples of shape in from one line of text: layers of [Kinds] and [Own], as in
//
//	conv(20,5) relu pool(2) dense(100) dropout(.5) dense(10)
//
// or the numbers of neurons, as in 784-30-10: the inputs, hidden layers of sigmoid neurons, and the outputs as weighted inputs. Errors
// begin with the column.
func Parse(text string, in Shape, own ...Layer) (Seq, error) {
	if t := strings.TrimSpace(text); sizes.MatchString(t) {
		return parseSizes(strings.Split(t, "-"), in)
	}
	var net Seq
	err := append(Kinds, Own(own...)...).Parse(text, &net)
	if err == nil && len(net) == 0 {
		err = errors.New("column 1: no layer; write layers as in 784-30-10 or 'conv(20,5) relu pool(2) dense(10)'")
	}
	return net, err
}

// Locate is an error of [New] with the column of the layer that it is about before it, or of the last where it is about the whole; text is
// the network as [Parse] reads it.
func Locate(text string, err error) error {
	terms, fault := term.Read(text, func(at int) int { return at })
	if err == nil || fault != nil || len(terms) == 0 {
		return err
	}
	pos := Blame(terms, err)
	if pos < 0 {
		pos = terms[len(terms)-1].Pos
	}
	return fmt.Errorf("column %d: %w", utf8.RuneCountInString(text[:pos])+1, cmp.Or(errors.Unwrap(err), err))
}

// Blame is the place of the layer that an error of [New] is about, in the terms of the network: of the innermost that a chain of terms leads
// to; −1 if it is about no layer.
func Blame(terms []term.Term, err error) int {
	pos := -1
	for {
		e, ok := errors.AsType[*LayerError](err)
		if !ok {
			return pos
		}
		i, fault := strconv.Atoi(e.Where)
		if fault != nil || i >= len(terms) {
			return pos
		}
		t := terms[i]
		if pos = t.Pos; !slices.Contains([]string{"seq", "residual", "repeat"}, t.Name) {
			return pos
		}
		terms, err = t.Args[len(t.Args)-1].Value, e.Err
	}
}

func parseSizes(texts []string, in Shape) (Seq, error) {
	var net Seq
	column, inputs := 1, in.TotalSize()
	for i, text := range texts {
		n, err := strconv.Atoi(text)
		switch {
		case text == "":
			return nil, fmt.Errorf("column %d: no number; write the neurons of each layer with - between, as in 784-30-10", column)
		case err != nil || n < 1:
			return nil, fmt.Errorf("column %d: %s neurons; use at least 1, and no more than there is memory for", column, text)
		case i == 0 && n != inputs:
			return nil, fmt.Errorf("column 1: the first number is that of the inputs, and an example %v has %d; write %d-%s", in, inputs, inputs,
				strings.Join(texts[1:], "-"))
		case i > 1:
			net = append(net, Sigmoid)
		}
		if i > 0 {
			net = append(net, Dense{Out: n})
		}
		column += len(text) + 1
	}
	return net, nil
}

// String is the network in a line, as a summary shows it: its text form without initialisations, and with the String or type of a layer
// that has no text form. Kinds.Print has all of it.
func (s Seq) String() string {
	names := make([]string, len(s))
	for i, l := range s {
		names[i] = Text(l)
	}
	return strings.Join(names, " ")
}

// Text is a layer's text form without initialisations. A layer that has none has its String, or its type.
func Text(l Layer) string {
	terms, err := Kinds.Terms(Seq{l})
	if err == nil && len(terms) == 1 {
		return prune(terms, "init")[0].String()
	}
	if s, ok := l.(fmt.Stringer); ok {
		return s.String()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", l), "graph.")
}

// label is Text without the layers inside.
func label(l Layer) string {
	switch r := l.(type) {
	case Residual:
		l = Residual(nil)
	case Add:
		l = Add(nil)
	case Concat:
		l = Concat(nil)
	case Graph:
		l = Graph(nil)
	case Repeat:
		return fmt.Sprintf("repeat(%d)", r.Times)
	}
	return Text(l)
}

// prune takes the arguments of a key away.
func prune(terms []term.Term, key string) []term.Term {
	for i := range terms {
		t := &terms[i]
		t.Args = slices.DeleteFunc(t.Args, func(a term.Arg) bool { return a.Key == key })
		for j := range t.Args {
			prune(t.Args[j].Value, key)
		}
	}
	return terms
}
