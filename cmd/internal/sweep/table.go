package sweep

import (
	"cmp"
	"math"
	"slices"
)

// A Score is a trial's result on the validation examples after its best epoch; NaN if it was not measured.
type Score struct {
	Epoch     int // the best
	Acc, Loss float64
}

// None means no score.
var None = Score{-1, math.NaN(), math.NaN()}

// A Record is a trial's results so far.
type Record struct {
	Curve []Score // after each epoch, the best so far
	Over  bool    // there will be no more epochs
}

// Last is the score after the last epoch.
func (r Record) Last() Score { return r.after(len(r.Curve)) }

// after is the score after that many epochs.
func (r Record) after(epochs int) Score {
	if n := min(epochs, len(r.Curve)); n > 0 {
		return r.Curve[n-1]
	}
	return None
}

// Compare puts the better score first: by higher accuracy, then by lower loss. Scores that were not measured come last.
func Compare(a, b Score) int {
	return cmp.Or(cmp.Compare(b.Acc, a.Acc), rising(a.Loss, b.Loss))
}

// rising puts NaN last.
func rising(x, y float64) int {
	if math.IsNaN(x) || math.IsNaN(y) {
		return cmp.Compare(y, x)
	}
	return cmp.Compare(x, y)
}

// A Result is the combined result of a setting's trials.
type Result struct {
	Setting int
	Trials  []int // the trials with a score
	Mean    Score // over their seeds
	SD      Score // the standard deviation over seeds; NaN for fewer than two
}

// Results are the settings, best first. Settings without all of their seeds come after the others, and those without any score are left out.
func (s *Sweep) Results(scores []Score) []Result {
	results := make([]Result, s.Settled())
	for i, t := range s.Trials {
		if !math.IsNaN(scores[i].Acc) || !math.IsNaN(scores[i].Loss) {
			results[t.Setting].Trials = append(results[t.Setting].Trials, i)
		}
	}
	for i := range results {
		r := &results[i]
		var all []Score
		for _, t := range r.Trials {
			all = append(all, scores[t])
		}
		r.Setting = i
		r.Mean, r.SD = moments(all)
	}
	results = slices.DeleteFunc(results, func(r Result) bool { return len(r.Trials) == 0 })
	slices.SortStableFunc(results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(len(b.Trials)/len(s.Seeds), len(a.Trials)/len(s.Seeds)), Compare(a.Mean, b.Mean))
	})
	return results
}

// moments are the mean and the standard deviation of scores; NaN if one of them is NaN.
func moments(scores []Score) (mean, sd Score) {
	mean, sd = Score{Epoch: -1}, Score{Epoch: -1}
	n := float64(len(scores))
	for _, x := range scores {
		mean.Acc += x.Acc / n
		mean.Loss += x.Loss / n
	}
	for _, x := range scores {
		sd.Acc += (x.Acc - mean.Acc) * (x.Acc - mean.Acc)
		sd.Loss += (x.Loss - mean.Loss) * (x.Loss - mean.Loss)
	}
	sd.Acc, sd.Loss = math.Sqrt(sd.Acc/(n-1)), math.Sqrt(sd.Loss/(n-1))
	return mean, sd
}
