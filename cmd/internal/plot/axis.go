package plot

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// scale sets an axis' range and marks for the points that it has. With log these are powers of ten.
func scale(a *plot.Axis, log bool) {
	marks := round
	if log {
		marks = decades
	} else if largest := max(math.Abs(a.Min), math.Abs(a.Max)); a.Max-a.Min <= 1e-6*largest {
		around := .05 * largest // All is one number, as far as a picture can show it.
		if largest < 1/farthest {
			around = 1
		}
		a.Min, a.Max = a.Min-around, a.Max+around
	}
	m := marks(a.Min, a.Max)
	a.Min, a.Max, a.Tick.Marker = m[0].Value, m[len(m)-1].Value, m
}

// decades are two to nine marks at whole powers of ten.
func decades(low, high float64) (marks plot.ConstantTicks) {
	low = math.Floor(low)
	step := max(1, math.Ceil((high-low)/8))
	for e := low; e < high+step || e == low+step; e += step {
		marks = append(marks, plot.Tick{Value: e, Label: label(math.Pow(10, e))})
	}
	return marks
}

// round are marks at multiples of 1, 2 or 5 times a power of ten, four steps of them or more from low to high.
func round(low, high float64) (marks plot.ConstantTicks) {
	power := math.Floor(math.Log10((high - low) / 4))
	unit, step := math.Pow(10, power), 1.
	for _, m := range []float64{2, 5} {
		if (high-low)/(m*unit) > 3.99 {
			step = m
		}
	}
	for k := math.Floor(low / (step * unit)); k < math.Ceil(high/(step*unit))+.5; k++ {
		// By way of its digits, because the product k·step·unit is rounded, as 3·0.1 is. What Sprintf makes is a number.
		v, _ := strconv.ParseFloat(fmt.Sprintf("%.0fe%.0f", k*step, power), 64)
		marks = append(marks, plot.Tick{Value: v, Label: label(v)})
	}
	return marks
}

// label is a mark's number.
func label(v float64) string {
	if v != 0 && (math.Abs(v) < 1e-4 || math.Abs(v) >= 1e7) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
