package cli

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// evaluation is how well a network, or several together, did on a part of the data.
type evaluation struct {
	name     string
	epoch    int  // of the network's weights; −1 before the first
	imported bool // not trained here
	data     *dataset.Data
	part     dataset.Part
	split    string // the part's name
	classes  int
	rebuilds bool      // the network is an autoencoder
	y        []float32 // outputs, (images, classes)
	answers  []int     // a class for each image; −1 if there is none
	correct  int
	diverged int // images with an output that is NaN or infinite

	loss float64   // for numbers
	near closeness // for numbers
}

// numbers reports whether the network predicts numbers, or its own input, rather than classes.
func (r evaluation) numbers() bool { return r.data.Schema.Classes == nil || r.rebuilds }

// names are the names of the classes.
func (r evaluation) names() []string { return r.data.Schema.Classes }

// evaluations opens the runs, and measures each. All are opened before the first is measured, so that a mistyped name is reported at once.
func (a *app) evaluations(f *evalFlags, names []string) ([]evaluation, error) {
	sets, nets, list := dataSets{app: a}, []*graph.Net{}, []evaluation{}
	var out error
	for _, name := range names {
		t, err := a.measurable(f.runs, name)
		if a.leaveOut(err, names) {
			out = err
			continue
		}
		if err != nil {
			return nil, err
		}
		r := evaluation{name: t.path, epoch: t.epoch, imported: t.imported, classes: t.net.Outputs, rebuilds: t.rebuilds()}
		if r.data, err = sets.load(t, f.data); err != nil {
			return nil, err
		}
		if r.part, r.split, err = f.part(t, r.data); err != nil {
			return nil, err
		}
		if err := r.joins(f, list); err != nil {
			return nil, err
		}
		nets, list = append(nets, t.net), append(list, r)
	}
	if len(list) == 0 {
		return nil, out
	}
	if f.vote.value != "" && len(list) < 2 {
		return nil, usagef("--vote of %d run; give at least 2", len(list))
	}
	for i, n := range nets {
		if err := list[i].measure(n, f.shifts); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// measure evaluates the network on the part.
func (r *evaluation) measure(n *graph.Net, shifts int) error {
	if r.numbers() {
		got, err := train.Evaluate(context.Background(), n, r.part.Data())
		if err != nil {
			return err
		}
		r.loss = got.Cost
		r.near, err = measureNumbers(n, &r.data.Schema, r.part)
		if !finite(r.loss) {
			r.diverged = r.part.Len()
		}
		return err
	}
	y, err := outputs(n, r.data, r.part, shifts)
	if err == nil {
		r.decide(y)
	}
	return err
}

// joins is an error if r cannot vote with the others.
func (r evaluation) joins(f *evalFlags, others []evaluation) error {
	if f.vote.value == "" || len(others) == 0 {
		return nil
	}
	for _, o := range others {
		if r.name == o.name {
			return usagef("--vote: run %s is given twice; give each run once", r.name)
		}
	}
	first := others[0]
	if r.classes != first.classes {
		return usagef("--vote: %s has %d classes, %s has %d; give runs with the same classes", first.name, first.classes, r.name, r.classes)
	}
	if !r.part.Equal(first.part) {
		return usagef("--vote: the %s %s of %s and %s differ; choose them with --data", f.split.value, noun(r.data), first.name, r.name)
	}
	return nil
}

// outputs are a network's outputs for a part of the data, (examples, classes), averaged over all shifts by up to that many pixels.
func outputs(n *graph.Net, d *dataset.Data, p dataset.Part, pixels int) ([]float32, error) {
	if pixels == 0 {
		return train.Predict(n, p.Data())
	}
	set, err := images(d, p)
	if err != nil {
		return nil, err
	}
	sum, shifts := make([]float32, p.Len()*n.Outputs), 0
	for down := -pixels; down <= pixels; down++ {
		for right := -pixels; right <= pixels; right++ {
			y, err := train.Predict(n, dataset.PartOf(mnist.Shift(set, down, right)).Data())
			if err != nil {
				return nil, err
			}
			add(sum, y)
			shifts++
		}
	}
	divide(sum, shifts)
	return sum, nil
}

func add(sum, y []float32) {
	for i, v := range y {
		sum[i] += v
	}
}

func divide(sum []float32, n int) {
	for i := range sum {
		sum[i] /= float32(n)
	}
}

// decide answers each image with the class of its largest output.
func (r *evaluation) decide(y []float32) {
	r.y, r.diverged = y, 0
	for i := range r.part.Len() {
		if diverged(r.outputs(i)) {
			r.diverged++
		}
	}
	r.answer(func(i int) int { return graph.Argmax(r.outputs(i)) })
}

// diverged reports whether an output is NaN or infinite.
func diverged(y []float32) bool {
	return slices.ContainsFunc(y, func(v float32) bool { return !finite(float64(v)) })
}

// accuracy is NaN if outputs are not finite: a missing answer is not a wrong one.
func (r evaluation) accuracy() float64 {
	if r.diverged > 0 {
		return math.NaN()
	}
	return fraction(r.correct, r.part.Len())
}

// score is the accuracy with its interval, in words.
func (r evaluation) score() string {
	switch {
	case r.rebuilds && r.diverged == 0:
		return fmt.Sprintf("loss %.4f, %s %s", r.loss, count(r.part.Len()), noun(r.data))
	case r.numbers() && r.diverged == 0:
		return fmt.Sprintf("loss %.4f, %s, %s %s", r.loss, r.near.words(), count(r.part.Len()), noun(r.data))
	case r.diverged > 0:
		return fmt.Sprintf("none: of %s images, %s have outputs that are NaN or infinite", count(r.part.Len()), count(r.diverged))
	}
	return score(r.correct, r.part.Len())
}

// err is an error if outputs are not finite.
func (r evaluation) err() error {
	if r.diverged == 0 {
		return nil
	}
	return &exitError{exitDiverged, fmt.Errorf("%s: outputs for %s of %s images are NaN or infinite; use weights from before that, or train with a smaller eta",
		r.name, count(r.diverged), count(r.part.Len()))}
}

// outputs are the outputs for image i.
func (r evaluation) outputs(i int) []float32 { return r.y[i*r.classes : (i+1)*r.classes] }

// answer collects the answers to all images, and counts the right ones.
func (r *evaluation) answer(to func(image int) int) {
	r.answers, r.correct = make([]int, r.part.Len()), 0
	for i, label := range r.part.Labels {
		if r.answers[i] = to(i); r.answers[i] == label {
			r.correct++
		}
	}
}

// The two ways in which networks answer together.
const majority, mean = "majority", "mean"

// together are the answers by majority, and those by the mean of the outputs.
func together(members []evaluation) []evaluation {
	byMean := members[0]
	byMean.name, byMean.epoch = fmt.Sprintf("%s of %d", mean, len(members)), -1
	sum := make([]float32, len(byMean.y))
	for _, m := range members {
		add(sum, m.y)
	}
	divide(sum, len(members))
	byMean.decide(sum)
	byMajority := byMean
	byMajority.name = fmt.Sprintf("%s of %d", majority, len(members))
	byMajority.answer(func(i int) int {
		votes := make([]int, byMean.classes)
		for _, m := range members {
			if m.answers[i] >= 0 {
				votes[m.answers[i]]++
			}
		}
		return winner(votes, byMean.outputs(i))
	})
	return []evaluation{byMajority, byMean}
}

// winner is the class with the most votes. A tie goes to the largest output; −1 means no vote.
func winner(votes []int, y []float32) int {
	best := -1
	for class, n := range votes {
		if n > 0 && (best < 0 || n > votes[best] || n == votes[best] && y[class] > y[best]) {
			best = class
		}
	}
	return best
}

// weights says which weights the network had.
func (r evaluation) weights() string {
	switch {
	case r.epoch >= 0:
		return fmt.Sprintf("weights of epoch %d", r.epoch)
	case r.imported:
		return "weights as they were saved"
	}
	return "weights before the end of the first epoch"
}

// object is the score in JSON.
func (r evaluation) object() object {
	if r.numbers() {
		return r.numberObject()
	}
	low, high := train.Interval(r.correct, r.part.Len())
	if r.diverged > 0 {
		low, high = math.NaN(), math.NaN()
	}
	return object{{"correct", r.correct}, {"total", r.part.Len()}, {"accuracy", r.accuracy()}, {"low", low}, {"high", high}}
}

// numberObject is how close the predicted numbers are, for all targets together and for each.
func (r evaluation) numberObject() object {
	if r.rebuilds {
		return object{{"total", r.part.Len()}, {"loss", r.loss}}
	}
	each := []object{}
	for k, n := range r.near.each {
		each = append(each, object{{"target", r.data.Schema.Targets[k]}, {"mae", n.mae}, {"r2", pointer(n.r2)}})
	}
	return object{{"total", r.part.Len()}, {"loss", r.loss}, {"mae", r.near.mae}, {"r2", pointer(r.near.r2)}, {"targets", each}}
}
