package sweep

import "slices"

// A Target is how far a trial is to be trained, given what is known about the others.
type Target struct {
	Epochs int
	Waits  bool // it has reached this epoch, and others of its stage have not
	Out    bool // it has reached this epoch and stops there, because others were better
}

// Stages is the number of stages: one, or with halving, as many as it takes to get down to one setting, with at least an epoch each.
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

// stage is the number of epochs that a trial has after a stage: all after the last, and one in Halving of that after each stage before.
func (s *Sweep) stage(t Trial, stage int) int {
	share := 1
	for range s.Stages() - 1 - stage {
		share *= s.Halving
	}
	return (t.Epochs + share - 1) / share
}

// Targets says how far each trial is to be trained now. After each stage one in Halving of the settings continues, the best by the mean over
// seeds of the trials' scores at that point. So the choice does not depend on who makes it, or when.
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

// thin keeps one in Halving of the settings, the best, and at least one. A setting with a trial without a score comes after all others.
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
