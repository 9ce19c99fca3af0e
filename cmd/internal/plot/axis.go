package plot

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
)

// whole reports whether all points are at whole numbers, such as epochs, steps or layers.
func whole(series []Series) bool {
	for _, s := range series {
		if slices.ContainsFunc(s.X, func(x float64) bool { return x != math.Trunc(x) }) { // NaN is not whole
			return false
		}
	}
	return true
}

// scale sets an axis's range and marks for its points. With log, marks are powers of ten; with whole, they are whole numbers.
func scale(a *plot.Axis, log, whole bool) {
	if whole && !log && a.Min == a.Max {
		a.Tick.Marker = plot.ConstantTicks{{Value: a.Min, Label: label(a.Min)}}
		a.Min, a.Max = a.Min-1, a.Max+1
		return
	}
	least := math.Inf(-1)
	if whole {
		least = 0
	}
	marks := func(low, high float64) plot.ConstantTicks { return round(low, high, least) }
	if log {
		marks = decades
	} else if largest := max(math.Abs(a.Min), math.Abs(a.Max)); a.Max-a.Min <= 1e-6*largest {
		around := .05 * largest // all points are the same number, as far as a picture can show
		if largest < 1/farthest {
			around = 1
		}
		a.Min, a.Max = a.Min-around, a.Max+around
	}
	m := marks(a.Min, a.Max)
	a.Min, a.Max, a.Tick.Marker = m[0].Value, m[len(m)-1].Value, m
}

// decades is two to nine marks at whole powers of ten.
func decades(low, high float64) (marks plot.ConstantTicks) {
	low = math.Floor(low)
	step := max(1, math.Ceil((high-low)/8))
	for e := low; e < high+step || e == low+step; e += step {
		marks = append(marks, plot.Tick{Value: e, Label: label(math.Pow(10, e))})
	}
	return marks
}

// round is marks at multiples of 1, 2 or 5 times a power of ten, at least four steps of them from low to high unless that needs a smaller power
// than is allowed.
func round(low, high, least float64) (marks plot.ConstantTicks) {
	power := max(least, math.Floor(math.Log10((high-low)/4)))
	unit, step := math.Pow(10, power), 1.
	for _, m := range []float64{2, 5} {
		if (high-low)/(m*unit) > 3.99 {
			step = m
		}
	}
	for k := math.Floor(low / (step * unit)); k < math.Ceil(high/(step*unit))+.5; k++ {
		// The number is made from its digits, because a product such as 3·0.1 is rounded. Sprintf always makes a number here.
		v, _ := strconv.ParseFloat(fmt.Sprintf("%.0fe%.0f", k*step, power), 64)
		marks = append(marks, plot.Tick{Value: v, Label: label(v)})
	}
	return marks
}

// label is the text of a mark.
func label(v float64) string {
	if v != 0 && (math.Abs(v) < 1e-4 || math.Abs(v) >= 1e7) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
