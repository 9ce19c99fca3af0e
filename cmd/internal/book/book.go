// Package book has the book's small experiments: the figures that Nielsen reports, and how to repeat them.
package book

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/mnist"
)

// An Experiment measures figures that are in the book.
type Experiment struct {
	Name, Doc string
	Chapter   int
	Seeds     int     // the number of runs, with the seeds 1, 2, …, unless more are requested
	Seconds   float64 // that a run takes on two processors; 0: so few that results are not kept
	Published []Figure
	Axes      Axes // of its picture; the zero value: no picture

	run func(context.Context, lab) (run, error)
}

// Quick reports whether the experiment takes almost no time.
func (e Experiment) Quick() bool { return e.Seconds == 0 }

// Random reports whether figures depend on the seed.
func (e Experiment) Random() bool {
	return slices.ContainsFunc(e.Published, func(f Figure) bool { return f.Spread > 0 })
}

// A Figure is a number of the book.
type Figure struct {
	Name   string
	Book   string  // as printed; an accuracy has the unit %
	Spread float64 // the standard deviation of single runs, as we measured it; 0: all runs are the same
}

// Value is the book's number, with a percentage as a fraction.
func (f Figure) Value() float64 {
	v, _ := strconv.ParseFloat(strings.TrimSuffix(f.Book, "%"), 64) // a test reads all of them
	return v * f.scale()
}

// Percent reports whether the figure is printed as a percentage.
func (f Figure) Percent() bool { return strings.HasSuffix(f.Book, "%") }

func (f Figure) scale() float64 {
	if f.Percent() {
		return .01
	}
	return 1
}

// Text is v with as many digits as the book's number has.
func (f Figure) Text(v float64) string {
	number, unit := f.Book, ""
	if n, ok := strings.CutSuffix(number, "%"); ok {
		number, unit = n, "%"
	}
	return strconv.FormatFloat(v/f.scale(), 'f', decimals(number), 64) + unit
}

func decimals(number string) int {
	_, after, _ := strings.Cut(number, ".")
	return len(after)
}

// Tolerance is how far the mean of n runs may be from the book's number: half a unit of the last printed digit and, if the figure
// is random, three standard deviations of the difference between one run, the book's, and the mean of n others.
func (f Figure) Tolerance(n int) float64 {
	half := .5 * math.Pow10(-decimals(strings.TrimSuffix(f.Book, "%"))) * f.scale()
	return half + 3*f.Spread*math.Sqrt(1+1/float64(n))
}

// Axes are the labels of a picture.
type Axes struct {
	X, Y string
	LogY bool
}

// lab is what an experiment needs.
type lab struct {
	data *mnist.Data
	seed uint64
}

// run is an experiment's result for one seed: numbers in the order of Published, and the lines of its picture.
type run struct {
	values []float64
	curves []Curve
}

// Curve is a line of a picture.
type Curve struct {
	Name string    `json:"name"`
	X    []float64 `json:"x"`
	Y    []float64 `json:"y"`
}

// add adds the next point.
func (c *Curve) add(x, y float64) {
	c.X, c.Y = append(c.X, x), append(c.Y, y)
}

// Find is the experiment of that name.
func Find(name string) (Experiment, bool) {
	for _, e := range All {
		if e.Name == name {
			return e, true
		}
	}
	return Experiment{}, false
}
