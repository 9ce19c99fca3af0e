package cli

import (
	"fmt"
	"math"
	"strconv"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// closeness is how close a network comes to the numbers that it predicts.
type closeness struct {
	mae, r2 float64   // means over the targets; NaN if there are no numbers; r2 also if a target never varies
	each    []closeTo // for each target
}

// closeTo is the mean absolute error, in the target's own unit, and R², the fraction of its variance that the predictions explain: 1 if all
// are right, 0 for a network that always predicts the mean.
type closeTo struct{ mae, r2 float64 }

// notClose is the closeness for classes.
func notClose() closeness { return closeness{mae: math.NaN(), r2: math.NaN()} }

// measureNumbers compares a network's outputs with the targets of a part of the data, both in the data's unit.
func measureNumbers(n *graph.Net, s *dataset.Schema, p dataset.Part) (closeness, error) {
	if s.Classes != nil || p.Len() == 0 {
		return notClose(), nil
	}
	y, err := train.Predict(n, p.Data())
	if err != nil {
		return notClose(), err
	}
	wanted := append([]float32(nil), p.Y...)
	s.Restore(y)
	s.Restore(wanted)
	return compareNumbers(y, wanted, len(s.Targets)), nil
}

// compareNumbers compares predictions with targets, both (examples, targets).
func compareNumbers(y, wanted []float32, targets int) closeness {
	all := closeness{}
	for k := range targets {
		mean, n := 0.0, len(y)/targets
		for i := k; i < len(wanted); i += targets {
			mean += float64(wanted[i]) / float64(n)
		}
		var off, square, variance float64
		for i := k; i < len(wanted); i += targets {
			d, v := float64(y[i])-float64(wanted[i]), float64(wanted[i])-mean
			off, square, variance = off+math.Abs(d), square+d*d, variance+v*v
		}
		one := closeTo{mae: off / float64(n), r2: math.NaN()}
		if variance > 0 {
			one.r2 = 1 - square/variance
		}
		all.each = append(all.each, one)
		all.mae += one.mae / float64(targets)
		all.r2 += one.r2 / float64(targets)
	}
	return all
}

// pointer is x, or nil if it is not finite.
func pointer(x float64) *float64 {
	if !finite(x) {
		return nil
	}
	return &x
}

// words is the closeness in words.
func (n closeness) words() string {
	if math.IsNaN(n.r2) {
		return "mean absolute error " + figure(n.mae)
	}
	return fmt.Sprintf("mean absolute error %s, R² %.4f", figure(n.mae), n.r2)
}

// figure is a number with about four significant digits: 0.04202, 42.02, 42,020.
func figure(x float64) string {
	const large, largest = 1e3, 1e15
	if size := math.Abs(x); size < large || size >= largest || math.IsNaN(x) {
		return fmt.Sprintf("%#.4g", x)
	}
	if x < 0 {
		return "-" + count(int(math.Round(-x)))
	}
	return count(int(math.Round(x)))
}

// showTargets prints the closeness for each target, if there are several.
func (a *app) showTargets(r evaluation) {
	if len(r.near.each) < 2 {
		return
	}
	var t table
	t.add("target", "mean absolute error", "R²")
	for k, n := range r.near.each {
		t.add(r.data.Schema.Targets[k], figure(n.mae), fmt.Sprintf("%.4f", n.r2))
	}
	fmt.Fprintln(a.out)
	t.print(a.out)
}

// showNumbers prints a table of runs that predict numbers.
func (a *app) showNumbers(evaluations []evaluation) error {
	var t table
	t.add("run", "epoch", "loss", "mean absolute error", "R²")
	for _, r := range evaluations {
		if !r.numbers() {
			return usagef("%s has classes, and other runs predict numbers; evaluate them separately", r.name)
		}
		t.add(r.name, strconv.Itoa(r.epoch), fmt.Sprintf("%.4f", r.loss), figure(r.near.mae), fmt.Sprintf("%.4f", r.near.r2))
	}
	t.print(a.out)
	return nil
}
