package train_test

import (
	"math"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// TestSchedules compares schedules with their formulas at some of 100 mini-batches, ten to an epoch.
func TestSchedules(t *testing.T) {
	cos := func(x float64) float64 { return .5 + .5*math.Cos(math.Pi*x) }
	for _, c := range []struct {
		name string
		s    train.Schedule
		want map[int]float64
	}{
		{"constant", train.Constant{}, map[int]float64{0: 1, 50: 1, 99: 1}},
		{"plateau", train.Plateau{}, map[int]float64{0: 1, 99: 1}},
		{"step", train.Staircase{}, map[int]float64{0: 1, 99: 1, 100: .1, 250: .01}},
		{"step(3,0.5)", train.Staircase{Every: 3, Factor: .5}, map[int]float64{0: 1, 29: 1, 30: .5, 59: .5, 60: .25, 90: .125, 99: .125}},
		{"exponential(0.7)", train.Exponential(.7), map[int]float64{0: 1, 9: 1, 10: .7, 19: .7, 20: .49, 99: math.Pow(.7, 9)}},
		{"warmup(2)", train.Warmup{Epochs: 2}, map[int]float64{0: 1. / 21, 19: 20. / 21, 20: 1, 99: 1}},
		{"warmup(0.5,then=exponential(0.7))", train.Warmup{Epochs: .5, Then: train.Exponential(.7)}, map[int]float64{0: 1. / 6, 4: 5. / 6, 5: 1, 14: 1, 15: .7}},
		{"warmup(steps=20,then=cosine)", train.Warmup{Steps: 20, Then: train.Cosine{}}, map[int]float64{0: 1. / 21, 19: 20. / 21, 20: 1, 60: .5, 99: cos(79. / 80)}},
		{"warmup(20)", train.Warmup{Epochs: 20}, map[int]float64{0: 1. / 201, 99: 100. / 201}},
		{"cosine", train.Cosine{}, map[int]float64{0: 1, 1: cos(.01), 25: cos(.25), 50: .5, 75: cos(.75), 99: cos(.99)}},
		{"cosine(0.2)", train.Cosine{Warmup: .2}, map[int]float64{0: 1. / 21, 1: 2. / 21, 19: 20. / 21, 20: 1, 60: .5, 99: cos(79. / 80)}},
		{"onecycle", train.OneCycle{}, map[int]float64{0: .04, 15: .52, 29: .04 + .96*29/30, 30: 1, 65: .5, 99: cos(69. / 70)}},
		{"onecycle(0.5,2,true)", train.OneCycle{Warmup: .5, Div: 2, Linear: true}, map[int]float64{0: .5, 25: .75, 50: 1, 75: .5, 99: .02}},
	} {
		for step, want := range c.want {
			if got := c.s.At(step, 100, 10); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s in mini-batch %d: %v, want %v", c.name, step, got, want)
			}
		}
	}
}

// TestSchedule: η follows the schedule mini-batch by mini-batch, and an epoch reports its last η.
func TestSchedule(t *testing.T) {
	const n = 12
	var etas []float64
	s := train.OneCycle{Warmup: .4}
	tr := train.Trainer{
		Net: network(t, graph.Dense{Out: 2}, graph.Quadratic, graph.Config{}, n), Train: pixels(n, 0), Validation: pixels(n, 0), Epochs: 3, Batch: 5, Eta: .5, Schedule: s,
		Optimizer: optimizer(func(p *graph.Param, s train.Rates) {
			if p.Decay {
				if etas = append(etas, s.Eta); s.Number != len(etas) {
					t.Errorf("step %d is number %d", len(etas), s.Number)
				}
			}
		}),
	}
	for i, e := range run(t, &tr) {
		if e.Eta != etas[3*i+2] {
			t.Errorf("epoch %d ends with η = %v, not %v", i, e.Eta, etas[3*i+2])
		}
	}
	for i, eta := range etas {
		if want := .5 * s.At(i, 9, 3); eta != want {
			t.Errorf("mini-batch %d of %d: η = %v, want %v", i, len(etas), eta, want)
		}
	}
}
