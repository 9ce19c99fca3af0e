package sweep

import (
	"fmt"
	"math"
	"strconv"

	"github.com/stheno-ml/stheno/internal/term"
)

// A Choice is the possible values of a setting, as texts for a flag.
type Choice interface {
	Len() int                 // the number of values; 0 means any number between two
	Value(i int) string       // the i-th value
	Between(u float64) string // for any number between two: the number at the fraction u of the way
}

// List is a choice of its elements.
type List []string

// Len is the number of elements.
func (l List) Len() int { return len(l) }

// Value is an element.
func (l List) Value(i int) string { return l[i] }

// Between does not apply to lists.
func (l List) Between(float64) string { panic("sweep: between the elements of a list") }

// Log is a choice of numbers on a logarithmic scale, such as learning rates: any number, or Values of them in equal ratios.
type Log struct {
	From   float64 `term:",required"`
	To     float64 `term:",required"`
	Values int
}

// Kind is log.
func (Log) Kind() string { return "log" }

// Check reports invalid numbers.
func (c Log) Check() error {
	switch {
	case !(c.From > 0 && c.From < c.To && c.To <= math.MaxFloat64):
		return fmt.Errorf("from %v to %v; use 0 < from < to", c.From, c.To)
	case c.Values != 0 && (c.Values < 2 || c.Values > MostTrials):
		return fmt.Errorf("values %d; use 2 to %d, or leave it out for any number between", c.Values, MostTrials)
	}
	return nil
}

// Len is the number of values.
func (c Log) Len() int { return c.Values }

// Value is the i-th value; the last is To.
func (c Log) Value(i int) string {
	if i == c.Values-1 {
		return text(c.To)
	}
	return c.Between(float64(i) / float64(c.Values-1))
}

// Between approaches the number by geometric means, halving the interval each time: square roots and products have the same bits on every
// machine, which logarithms do not.
func (c Log) Between(u float64) string {
	lo, hi := c.From, c.To
	for range 50 {
		mid := math.Sqrt(lo) * math.Sqrt(hi)
		if u *= 2; u >= 1 {
			lo, u = mid, u-1
		} else {
			hi = mid
		}
	}
	return short(lo, c.From, c.To)
}

// Range is a choice of numbers: any number, or those that are whole steps from the first.
type Range struct {
	From float64 `term:",required"`
	To   float64 `term:",required"`
	Step float64
}

// Kind is range.
func (Range) Kind() string { return "range" }

// Check reports invalid numbers.
func (c Range) Check() error {
	switch {
	case !(c.From < c.To && c.To-c.From <= math.MaxFloat64):
		return fmt.Errorf("from %v to %v; use from < to", c.From, c.To)
	case !(c.Step >= 0 && c.Step <= c.To-c.From):
		return fmt.Errorf("step %v; use at most %v, or leave it out for any number between", c.Step, c.To-c.From)
	case c.Step > 0 && (c.To-c.From)/c.Step > 1e9:
		return fmt.Errorf("step %v; use a larger one", c.Step)
	}
	return nil
}

// Len is the number of values.
func (c Range) Len() int {
	if c.Step == 0 {
		return 0
	}
	const rounding = 1e-9 // of a step, so that 0.3 is a step of 0.1 from 0.2
	return int((c.To-c.From)/c.Step+rounding) + 1
}

// Value is the number that is i steps from the first. The product is rounded before the sum; otherwise some processors would fuse the two.
func (c Range) Value(i int) string { return text(c.From + float64(float64(i)*c.Step)) }

// Between is the number at the fraction u of the way.
func (c Range) Between(u float64) string {
	return short(c.From+float64(u*(c.To-c.From)), c.From, c.To)
}

// whole rounds a choice to whole numbers.
type whole struct{ Choice }

func (w whole) Value(i int) string       { return nearest(w.Choice.Value(i)) }
func (w whole) Between(u float64) string { return nearest(w.Choice.Between(u)) }

func nearest(number string) string {
	x, _ := strconv.ParseFloat(number, 64) // it is always a number
	return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
}

// text is a number without the rounding errors of adding up steps.
func text(x float64) string { return trim(strconv.FormatFloat(x, 'g', 12, 64)) }

// short is a number with four digits, which are enough for a setting.
func short(x, from, to float64) string {
	s := strconv.FormatFloat(x, 'g', 4, 64)
	if y, _ := strconv.ParseFloat(s, 64); y < from || y > to {
		return text(x)
	}
	return trim(s)
}

// trim is a number in its shortest form.
func trim(s string) string {
	x, _ := strconv.ParseFloat(s, 64) // it is always a number
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// Parse reads a choice of numbers: log(0.01, 1), range(10, 100, 10). Without a step, a range of whole numbers has all of them.
func Parse(s string, ofWhole bool) (Choice, error) {
	var c Choice
	if err := (term.Of(Log{}, Range{})).Parse(s, &c); err != nil {
		return nil, err
	}
	if !ofWhole {
		return c, nil
	}
	if r, ok := c.(Range); ok {
		if r.Step == 0 {
			r.Step = 1
		}
		if err := r.Check(); err != nil || r.From != math.Trunc(r.From) || r.Step != math.Trunc(r.Step) {
			return nil, fmt.Errorf("%s; use whole numbers", s)
		}
		c = r
	}
	return whole{c}, nil
}
