package models

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

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/train"
)

// kinds are the names that texts and files can use. Their arguments are the fields of the values here.
var kinds = append(term.Of(
	graph.Dense{}, graph.Conv{}, graph.ConvTranspose{}, graph.MaxPool{}, graph.AvgPool{}, graph.GlobalAvgPool{}, graph.BatchNorm{}, graph.LayerNorm{}, graph.Dropout{}, graph.Dropout2D{},
	graph.Sigmoid.(term.Named), graph.Tanh.(term.Named), graph.ReLU.(term.Named), graph.LeakyReLU{}, graph.PReLU{}, graph.ELU{},
	graph.SELU.(term.Named), graph.GELU.(term.Named), graph.SiLU.(term.Named), graph.Softplus.(term.Named), graph.Softmax.(term.Named), graph.Flatten{}, graph.Reshape{},
	graph.Seq{}, graph.Residual{}, graph.Add{}, graph.Concat{}, graph.Repeat{}, graph.Graph{},
	graph.Shared{}, graph.Frozen{}, graph.Slice{},
	graph.RNN{}, graph.LSTM{}, graph.GRU{}, graph.PerStep{}, graph.Last{}, graph.Masked{}, graph.Reverse{},
	graph.Steps{}, graph.Positions{}, graph.Attention{}, graph.Embedding{},
	train.SGD{}, train.Nesterov{}, train.RMSProp{}, train.AdaDelta{}, train.AdaGrad{}, train.Adam{}, train.AdamW{},
	train.Etas{}, train.Constant{}, train.Staircase{}, train.Warmup{}, train.Cosine{}, train.OneCycle{}, train.Plateau{},
), term.Kinds{
	{"model", Reader{}.blank()}, {"train", Plain},
	{"halve", func() train.Plateau { return train.Plateau{} }}, // the book's name
	{"exponential", func(a exponential) train.Staircase { return train.Exponential(a.Gamma) }},
	{"none", func() Augment { return nil }}, {"shifts", Shifts{}}, {"warp", train.Warp{}},

	{"default", graph.Default}, {"large", graph.Large}, {"output", graph.Output}, {"zero", graph.Zero},
	{"normal", func(a normal) *graph.Init { return graph.Normal(a.Std) }},
	{"glorot", graph.Glorot}, {"he", graph.He}, {"orthogonal", graph.Orthogonal},

	{"quadratic", graph.Quadratic}, {"cross-entropy", graph.CrossEntropy},
	{"mse", graph.MSE}, {"mae", graph.MAE}, {"binary-cross-entropy", graph.BinaryCrossEntropy},
	{"autoencoder", graph.Reconstruction},
	{"huber", func(a huber) *graph.Loss { return graph.Huber(a.Delta) }},
	{"log-likelihood", func(a logLikelihood) *graph.Loss { return graph.Smoothed(a.Smoothing) }},
}...)

// normal holds the arguments of graph.Normal.
type normal struct {
	Std float64 `term:",required"`
}

func (a normal) Check() error {
	if a.Std < 0 {
		return fmt.Errorf("std %v; use at least 0", a.Std)
	}
	return nil
}

// exponential holds the arguments of train.Exponential.
type exponential struct {
	Gamma float64 `term:",required,positive"`
}

func (a exponential) Check() error {
	if a.Gamma < 0 {
		return fmt.Errorf("gamma %v; use more than 0", a.Gamma)
	}
	return nil
}

// huber holds the arguments of graph.Huber.
type huber struct {
	Delta float64 `term:",required"`
}

func (a huber) Check() error {
	if !(a.Delta > 0) {
		return fmt.Errorf("delta %v; use more than 0", a.Delta)
	}
	return nil
}

// logLikelihood holds the arguments of graph.Smoothed.
type logLikelihood struct{ Smoothing float64 }

func (a logLikelihood) Check() error {
	if a.Smoothing < 0 || a.Smoothing >= 1 {
		return fmt.Errorf("smoothing %v; use 0 ≤ smoothing < 1", a.Smoothing)
	}
	return nil
}

// A Reader reads models, and parts of them, from texts.
type Reader struct {
	// Models lists models of your own. If a layer, optimizer or schedule in one of them has a method Kind() string, texts can name it, with its
	// exported fields as arguments.
	Models []Model
	Fit    bool // build the network, so that a layer that does not fit gives an error with its place

	Input   graph.Shape // the shape of the data's examples, for a model that gives no input; nil means MNIST's
	Numbers bool        // the data's targets are numbers: a model that gives no loss and no recipe gets MSE and PlainNumbers
}

// blank returns the model that an empty text stands for.
func (r Reader) blank() Model {
	m := Model{Input: image, Net: graph.Seq{}, Loss: graph.LogLikelihood, Recipe: Plain}
	if r.Input != nil {
		m.Input = r.Input
	}
	if r.Numbers {
		m.Loss, m.Recipe = graph.MSE, PlainNumbers
	}
	return m
}

// kinds returns the kinds of this package and those found in r.Models.
func (r Reader) kinds() term.Kinds {
	all, blank := slices.Clone(kinds), r.blank()
	for i, k := range all {
		switch k.Name {
		case "model":
			all[i].Value = blank
		case "train":
			all[i].Value = blank.Recipe
		}
	}
	for _, m := range r.Models {
		for _, part := range []any{m.Net, m.Recipe.Optimizer, m.Recipe.Schedule} {
			walk(reflect.ValueOf(part), 0, func(n term.Named) {
				if !slices.ContainsFunc(all, func(c term.Kind) bool { return c.Name == n.Kind() }) {
					all = append(all, term.Of(n)...)
				}
			})
		}
	}
	return all
}

// walk visits the values inside v that have a Kind.
func walk(v reflect.Value, depth int, visit func(term.Named)) {
	if depth > 100 || !v.IsValid() {
		return // no network is this deep; this is a cycle of pointers
	}
	if n, ok := v.Interface().(term.Named); ok && v.Kind() != reflect.Interface && !(v.Kind() == reflect.Pointer && v.IsNil()) {
		visit(n)
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

// Parse reads a value of type T from its text, such as adam(beta1=0.7). T is [graph.Layer], [graph.Seq], [*graph.Init], [*graph.Loss],
// [train.Optimizer], [train.Schedule] or [Augment]. Errors begin with the column.
func Parse[T any](r Reader, text string) (T, error) {
	var v T
	err := r.kinds().Parse(text, &v)
	return v, err
}

// Signatures returns how the values of type T, one of those of [Parse], are written: conv(out,kernel,stride).
func Signatures[T any](r Reader) []string { return term.Signatures[T](r.kinds()) }

// Text returns the text of such a value, which Parse can read. For a value without a text it returns its String or its type.
func Text(v any) string {
	if text, err := kinds.Print(v); err == nil {
		return text
	}
	if s, ok := v.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%T", v)
}

// sizes matches the book's notation for a network, such as 784-30-10.
var sizes = regexp.MustCompile(`^\d[\d-]*-[\d-]*$`)

// Line reads a model for examples of shape in from one line of text. The text is either layers, as in
//
//	conv(20,5) relu pool(2) dense(100) dropout(.5) dense(10)
//
// or numbers of neurons, as in 784-30-10: the inputs, hidden layers of sigmoid neurons, and the outputs as weighted inputs. The model has the
// [Plain] recipe and the log-likelihood as its loss, or the quadratic cost if the last layer is a sigmoid. For regression it has [PlainNumbers] and
// the mean squared error. Errors begin with the column.
func (r Reader) Line(text string, in graph.Shape) (Model, error) {
	m := r.blank()
	m.Doc, m.Input = text, in
	var net graph.Seq
	var err error
	if t := strings.TrimSpace(text); sizes.MatchString(t) {
		net, err = parseSizes(t, in)
	} else if net, err = Parse[graph.Seq](r, text); err == nil && len(net) == 0 {
		err = errors.New("column 1: no layer; write layers as in 784-30-10 or 'conv(20,5) relu pool(2) dense(10)'")
	}
	if err != nil {
		return m, err
	}
	m.Net = net
	if net[len(net)-1] == graph.Sigmoid && !r.Numbers {
		m.Loss = graph.Quadratic
	}
	if r.Fit {
		terms, _ := term.Read(text, func(at int) int { return at }) // the text was read before without an error
		if e, ok := errors.AsType[*term.Error](m.fit(terms)); ok {
			err = fmt.Errorf("column %d: %w", utf8.RuneCountInString(text[:e.Pos])+1, e)
		}
	}
	return m, err
}

func parseSizes(text string, in graph.Shape) (net graph.Seq, err error) {
	inputs, rest, _ := strings.Cut(text, "-")
	if want := strconv.Itoa(in.TotalSize()); inputs != want {
		return nil, fmt.Errorf("column 1: the first number is the number of inputs, and an example %v has %s; write %[2]s-%s", in, want, rest)
	}
	for size := range strings.SplitSeq(rest, "-") {
		n, err := strconv.Atoi(size)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("column 1: %s has %q neurons; use at least 1, with - between the layers, as in 784-30-10", text, size)
		}
		net = append(net, graph.Dense{Out: n}, graph.Sigmoid)
	}
	return net[:len(net)-1], nil
}

// fit builds the network of those terms, so that a layer that does not fit gives an error with its place.
func (m *Model) fit(terms []term.Term) error {
	_, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
	if err == nil {
		return nil
	}
	err = cmp.Or(errors.Unwrap(err), err) // the layer's name says more than the package's
	pos := blame(terms, err)
	if pos < 0 {
		pos = terms[len(terms)-1].Pos
	}
	if e, ok := errors.AsType[*graph.LayerError](err); ok && len(terms) == 1 && terms[0].Name == "graph" {
		err = e.Err // it is no news that everything is inside a graph
	}
	return term.Errorf(pos, "%w", err)
}

// blame returns the place of the layer that an error of graph.New is about: the innermost one that a chain of terms leads to. It returns −1 if the
// error is not about a layer.
func blame(terms []term.Term, err error) int {
	pos := -1
	for {
		e, ok := errors.AsType[*graph.LayerError](err)
		if !ok {
			return pos
		}
		i := slices.IndexFunc(terms, func(t term.Term) bool {
			name := argument(t, nameKey)
			return name != nil && term.String(name.Value) == e.Where
		})
		if i < 0 {
			var fault error
			if i, fault = strconv.Atoi(e.Where); fault != nil || i >= len(terms) {
				return pos
			}
		}
		pos = terms[i].Pos
		if !slices.Contains([]string{"seq", "residual", "repeat", "graph", "perstep"}, terms[i].Name) {
			return pos
		}
		var inside []term.Term
		for _, a := range terms[i].Args {
			if a.Key == "" || a.Key == layerKey {
				inside = a.Value
			}
		}
		terms, err = inside, e.Err
	}
}

// argument returns the argument of a key, or nil.
func argument(t term.Term, key string) *term.Arg {
	i := slices.IndexFunc(t.Args, func(a term.Arg) bool { return a.Key == key })
	if i < 0 {
		return nil
	}
	return &t.Args[i]
}
