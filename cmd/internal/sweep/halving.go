package sweep

import "slices"

// A Target is how far a trial is to be trained, by what is known of the others.
type Target struct {
	Epochs int
	Waits  bool // it has come so far, and others of its stage have not
	Out    bool // it has come so far, and goes no further: others were better
}

// Stages are how many there are: one, or of a halving as many as thin the settings out to one, where a stage has at least an epoch.
func (s *Sweep) Stages() int {
	epochs := s.Trials[0].Epochs
	for _, t := range s.Trials {
		epochs = min(epochs, t.Epochs)
	}
	stages := 1
	for n := s.Halving; s.Halving > 1 && n <= min(s.Settled(), epochs); n *= s.Halving {
		stages++
	}
	return stages
}

// stage is how many of a trial's epochs it has had after a stage: all after the last, one in Halving of those after the one before.
func (s *Sweep) stage(t Trial, stage int) int {
	share := 1
	for range s.Stages() - 1 - stage {
		share *= s.Halving
	}
	return (t.Epochs + share - 1) / share
}

// Targets says how far each trial is to be trained now. After each stage the best settings go on, one in Halving, by the mean over seeds of
// what each trial had reached then: so the choice is the same whoever makes it, and when.
func (s *Sweep) Targets(records []Record) []Target {
	targets := make([]Target, len(s.Trials))
	in := make([]bool, s.Settled()) // settings
	for i := range in {
		in[i] = true
	}
	for stage := range s.Stages() {
		complete := true
		for i, t := range s.Trials {
			if in[t.Setting] {
				targets[i] = Target{Epochs: s.stage(t, stage)}
				complete = complete && records[i].reached(targets[i].Epochs)
			}
		}
		if stage == s.Stages()-1 {
			break
		}
		for i, t := range s.Trials {
			if in[t.Setting] {
				targets[i].Waits = !complete && records[i].reached(targets[i].Epochs)
			}
		}
		if !complete {
			break
		}
		s.thin(in, records, targets)
	}
	return targets
}

func (r Record) reached(epochs int) bool { return r.Over || len(r.Curve) >= epochs }

// thin leaves the best settings in, one in Halving, and at least one. One whose trial has no score is behind all that have theirs.
func (s *Sweep) thin(in []bool, records []Record, targets []Target) {
	scores := make([][]Score, len(in))
	for i, t := range s.Trials {
		scores[t.Setting] = append(scores[t.Setting], records[i].after(targets[i].Epochs))
	}
	var order []int
	means := make([]Score, len(in))
	for setting := range in {
		if in[setting] {
			order = append(order, setting)
			means[setting], _ = moments(scores[setting])
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return Compare(means[a], means[b]) })
	for _, setting := range order[(len(order)+s.Halving-1)/s.Halving:] {
		in[setting] = false
	}
	for i, t := range s.Trials {
		targets[i].Out = !in[t.Setting]
	}
}
