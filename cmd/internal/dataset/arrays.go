package dataset

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/stheno-ml/stheno/internal/term"
)

// maxClasses is the most classes that labels may name. A network has an output for each.
const maxClasses = 1 << 16

// array is the examples or targets of a file; its first axis is the example. It has one of the four slices.
type array struct {
	name   string // for errors
	shape  []int
	bytes  []byte
	ints   []int
	floats []float32
	texts  []string
}

// examples are inputs with their targets.
type examples struct{ x, y array }

// assemble makes the parts from arrays. There may be no test arrays, and no validation arrays.
func (d *Data) assemble(train, validation, test *examples, o Options) error {
	var sets []*examples
	for _, s := range []*examples{train, validation, test} {
		if s != nil {
			sets = append(sets, s)
		}
	}
	parts := make([]Part, len(sets))
	for i, s := range sets {
		var err error
		if parts[i], err = d.inputs(&s.x); err != nil {
			return err
		}
		if n := s.y.shape[0]; n != parts[i].N {
			return errorf(d.Path, "%s has %d examples, but %s has %d; take both from the same data set", s.x.name, parts[i].N, s.y.name, n)
		}
		if s.y.width() == 0 {
			return errorf(d.Path, "%s has the shape %v, which has no numbers; give some", s.y.name, s.y.shape)
		}
	}
	if err := d.sameShape(sets, parts, o); err != nil {
		return err
	}
	if err := d.answers(sets, parts, o); err != nil {
		return err
	}
	if err := d.part(parts, validation != nil, test != nil, o); err != nil {
		return err
	}
	if d.Train.X != nil {
		d.standardize(o)
	}
	return nil
}

// part puts the sets into their parts.
func (d *Data) part(parts []Part, validation, test bool, o Options) error {
	switch {
	case validation && !test:
		return errorf(d.Path, "there are validation examples, but no test examples; leave out the first, or give both")
	case validation:
		d.Train, d.Validation, d.Test = parts[0], parts[1], parts[2]
		return d.checkLearnable()
	case test:
		return d.divide(parts[0], &parts[1], 0, o)
	}
	return d.divide(parts[0], nil, 0, o)
}

// inputs makes a part from inputs, with their shape.
func (d *Data) inputs(x *array) (Part, error) {
	p := Part{N: x.shape[0], Pixels: x.bytes, X: x.floats}
	switch rest := x.shape[1:]; len(rest) {
	case 0:
		p.shape = []int{1}
	case 1, 3:
		p.shape = rest
	case 2:
		p.shape = append([]int{1}, rest...)
	default:
		return p, errorf(d.Path, "%s has the shape %v; use (n), (n, inputs), (n, rows, columns) or (n, channels, rows, columns)", x.name, x.shape)
	}
	if p.N == 0 || p.inputs() == 0 {
		return p, errorf(d.Path, "%s has the shape %v, which has no numbers; give some", x.name, x.shape)
	}
	if p.Pixels != nil && len(p.shape) == 1 { // numbers of a table rather than pixels
		p.X, p.Pixels = widen(p.Pixels), nil
	}
	for i, v := range p.X {
		if v-v != 0 {
			return p, errorf(d.Path, "%s: input %d of example %d is %v; replace it, or leave the example out", x.name, i%p.inputs(), i/p.inputs(), v)
		}
	}
	return p, nil
}

func widen[T byte | int](from []T) []float32 {
	to := make([]float32, len(from))
	for i, v := range from {
		to[i] = float32(v)
	}
	return to
}

// sameShape checks that the inputs of all sets have the same kind, and that of the options' schema if there is one. Otherwise it records the
// kind in the schema.
func (d *Data) sameShape(sets []*examples, parts []Part, o Options) error {
	first := parts[0]
	for i, p := range parts {
		if !slices.Equal(p.shape, first.shape) || (p.X == nil) != (first.X == nil) {
			return errorf(d.Path, "%s has examples of shape %v, but %s of shape %v, or only one of them has bytes; take all from the same data set",
				sets[i].x.name, p.shape, sets[0].x.name, first.shape)
		}
	}
	kind := Images
	if first.Pixels != nil && slices.Equal(first.shape, []int{1, 28, 28}) {
		kind = Digits
	}
	d.Schema = Schema{Kind: kind, Input: first.shape, Bytes: first.Pixels != nil}
	if s := o.Schema; s != nil && (!slices.Equal(s.Input, first.shape) || s.Bytes != d.Schema.Bytes || s.Kind == Table) {
		return errorf(d.Path, "examples of shape %v, but the network was trained on %s of shape %v, or only one of them has bytes; give similar data",
			first.shape, s.Kind, s.Input)
	}
	return nil
}

// answers sets the parts' labels, or their numbers to predict.
func (d *Data) answers(sets []*examples, parts []Part, o Options) error {
	goal := o.Goal
	if o.Schema != nil {
		if goal = Classes; o.Schema.Classes == nil {
			goal = Numbers
		}
	}
	classes := goal == Classes
	if goal == Auto {
		classes = sets[0].y.discrete()
	}
	if !classes {
		return d.numbers(sets, parts, o)
	}
	if o.Schema != nil {
		d.Schema.Classes = o.Schema.Classes
	} else if texts := sets[0].y.texts; texts != nil {
		d.Schema.Classes = slices.Compact(slices.Sorted(slices.Values(texts)))
	}
	d.Schema.Targets = []string{"class"}
	for i, s := range sets {
		labels, err := d.labels(&s.y)
		if err != nil {
			return err
		}
		parts[i].Labels = labels
		if i > 0 || d.Schema.Classes != nil {
			continue
		}
		for c := range slices.Max(labels) + 1 {
			d.Schema.Classes = append(d.Schema.Classes, strconv.Itoa(c))
		}
	}
	return nil
}

// width is the number of values in an example.
func (a *array) width() int {
	n := 1
	for _, d := range a.shape[1:] {
		n *= d
	}
	return n
}

// discrete reports whether targets are classes by default: texts, single whole numbers, or one-hot rows.
func (a *array) discrete() bool {
	if a.width() == 1 {
		return a.floats == nil
	}
	_, ok := a.hot()
	return ok
}

// hot is the classes of one-hot rows, if all rows are.
func (a *array) hot() ([]int, bool) {
	n, labels := a.width(), make([]int, a.shape[0])
	if n < 2 || a.texts != nil {
		return nil, false
	}
	for i := range labels {
		ones, others := 0, 0
		for j := range n {
			switch a.value(i*n + j) {
			case 0:
			case 1:
				labels[i] = j
				ones++
			default:
				others++
			}
		}
		if ones != 1 || others > 0 {
			return nil, false
		}
	}
	return labels, true
}

// value is a number of the array.
func (a *array) value(i int) float64 {
	switch {
	case a.bytes != nil:
		return float64(a.bytes[i])
	case a.ints != nil:
		return float64(a.ints[i])
	}
	return float64(a.floats[i])
}

// labels turns targets into classes.
func (d *Data) labels(y *array) ([]int, error) {
	if labels, ok := y.hot(); ok {
		return labels, nil
	}
	if y.width() != 1 {
		return nil, errorf(d.Path, "%s has the shape %v, but classes are one number for each example; use a loss for numbers, such as mse", y.name, y.shape)
	}
	labels := make([]int, y.shape[0])
	index := numbered(d.Schema.Classes)
	for i := range labels {
		if y.texts != nil {
			l, ok := index[y.texts[i]]
			if !ok {
				return nil, errorf(d.Path, "%s: example %d: %v, which no training example has", y.name, i, term.Unknown("class", y.texts[i], short(d.Schema.Classes)))
			}
			labels[i] = l
			continue
		}
		v := y.value(i)
		if v != math.Trunc(v) || v < 0 || v >= maxClasses {
			return nil, errorf(d.Path, "%s: label %v of example %d; use whole numbers from 0 to %d, or a loss for numbers, such as mse", y.name, v, i, maxClasses-1)
		}
		labels[i] = int(v)
	}
	return labels, nil
}

// numbers sets the parts' numbers to predict.
func (d *Data) numbers(sets []*examples, parts []Part, o Options) error {
	width := sets[0].y.width()
	for i, s := range sets {
		y := s.y.floats
		switch {
		case s.y.texts != nil:
			return errorf(d.Path, "%s has texts, which are classes; use a loss for classes", s.y.name)
		case s.y.width() != width:
			return errorf(d.Path, "%s has %d numbers for each example, but %s has %d; take all from the same data set", s.y.name, s.y.width(), sets[0].y.name, width)
		case s.y.bytes != nil:
			y = widen(s.y.bytes)
		case s.y.ints != nil:
			y = widen(s.y.ints)
		}
		for k, v := range y {
			if v-v != 0 {
				return errorf(d.Path, "%s: target %d of example %d is %v; replace it, or leave the example out", s.y.name, k%width, k/width, v)
			}
		}
		parts[i].Y, parts[i].targets = y, width
	}
	for k := range width {
		d.Schema.Targets = append(d.Schema.Targets, fmt.Sprintf("y%d", k))
	}
	if o.Schema != nil && len(o.Schema.Targets) != width {
		return errorf(d.Path, "%d numbers to predict, but the network was trained to predict %d; give similar data", width, len(o.Schema.Targets))
	}
	return nil
}
