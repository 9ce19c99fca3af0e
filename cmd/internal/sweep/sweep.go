// Package sweep plans trainings that differ in their settings, and shares them among processes. A sweep's file becomes a list of trials, which is
// the same on every machine, and a [Lease] gives a trial to one process. The results are in runs, whose names come from the trials.
package sweep

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// MostTrials is the most trials of a sweep, which is Slurm's usual limit for an array of jobs.
const MostTrials = 1000

// An Axis is a setting with its possible values.
type Axis struct {
	Key    string // model, or the name of a flag of train
	Choice Choice
}

// A Sweep is the contents of a sweep's file, and its trials.
type Sweep struct {
	Name    string
	Axes    []Axis            // without the seed
	Seeds   List              // each setting is trained once with each seed
	Random  int               // the number of random settings; 0: all settings
	Seed    uint64            // for drawing random settings
	Halving int               // one in Halving settings continues after a stage; 0: no stages
	Files   map[string][]byte // the models that are files, by name
	Trials  []Trial
}

// A Trial is one training.
type Trial struct {
	Index   int
	Setting int      // the trials of a setting differ only in their seeds
	Values  []string // one for each axis
	Seed    string
	ID      string // depends on the settings and the seed, but not on the index
	Epochs  int    // from the recipe
}

// A KeyError is an error at a key of the file.
type KeyError struct {
	Key string
	Err error
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }
func (e *KeyError) Unwrap() error { return e.Err }

// Plan makes the trials.
func (s *Sweep) Plan() error {
	settings, err := s.grid()
	if s.Random > 0 {
		settings, err = s.chance()
	}
	if err != nil {
		return err
	}
	if n := len(settings) * len(s.Seeds); n > MostTrials {
		return &KeyError{"seed", fmt.Errorf("%d settings with %d seeds each; use at most %d trials", len(settings), len(s.Seeds), MostTrials)}
	}
	for i, values := range settings {
		for _, seed := range s.Seeds {
			s.Trials = append(s.Trials, Trial{Index: len(s.Trials), Setting: i, Values: values, Seed: seed, ID: s.id(values, seed)})
		}
	}
	return nil
}

// grid is all settings; the last axis changes fastest.
func (s *Sweep) grid() ([][]string, error) {
	settings := [][]string{nil}
	for _, a := range s.Axes {
		if a.Choice.Len() == 0 {
			return nil, &KeyError{a.Key, fmt.Errorf("any number between two; say how many, as in log(0.01, 1, 5) or range(0, 1, 0.25), or add random = 20")}
		}
		if n := len(settings) * a.Choice.Len(); n > MostTrials || a.Choice.Len() > MostTrials {
			return nil, &KeyError{a.Key, fmt.Errorf("more than %d settings; use fewer values, or add random = 20", MostTrials)}
		}
		var more distinct
		for _, before := range settings {
			for i := range a.Choice.Len() {
				more.add(append(before[:len(before):len(before)], a.Choice.Value(i)))
			}
		}
		settings = more.list
	}
	return settings, nil
}

// chance is Random different settings at random. A larger Random begins with the same settings.
func (s *Sweep) chance() ([][]string, error) {
	if s.Random > MostTrials {
		return nil, &KeyError{"random", fmt.Errorf("%d; use at most %d", s.Random, MostTrials)}
	}
	var settings distinct
	for draw := 0; len(settings.list) < s.Random; draw++ {
		if draw > 100*s.Random {
			return nil, &KeyError{"random", fmt.Errorf("%d, but there are hardly more than %d settings; use fewer, or leave it out for all", s.Random, len(settings.list))}
		}
		var values []string
		for _, a := range s.Axes {
			u := s.fraction(draw, a.Key)
			if n := a.Choice.Len(); n > 0 {
				values = append(values, a.Choice.Value(min(n-1, int(u*float64(n)))))
			} else {
				values = append(values, a.Choice.Between(u))
			}
		}
		settings.add(values)
	}
	return settings.list, nil
}

// distinct is a list of different settings: numbers may become the same when they are rounded to whole numbers.
type distinct struct {
	list [][]string
	seen map[string]bool
}

func (d *distinct) add(values []string) {
	key := strings.Join(values, "\x00")
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	if !d.seen[key] {
		d.list = append(d.list, values)
	}
	d.seen[key] = true
}

// fraction is a random number, at least 0 and less than 1. It depends on the draw and the key alone, not on other keys.
func (s *Sweep) fraction(draw int, key string) float64 {
	h := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", s.Seed, draw, key))
	return float64(binary.BigEndian.Uint64(h[:])>>11) / (1 << 53)
}

// id identifies a trial's run. It is a hash of everything that the sweep says about the trial, and of its model's file.
func (s *Sweep) id(values []string, seed string) string {
	h := sha256.New()
	fmt.Fprintf(h, "seed\x00%s\x00", seed)
	for i, a := range s.Axes {
		fmt.Fprintf(h, "%s\x00%s\x00", a.Key, values[i])
		if a.Key == "model" {
			h.Write(s.Files[values[i]])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:6]) // two of 1,000 trials are alike once in 500 million sweeps
}

// RunName is the name of a trial's run.
func (s *Sweep) RunName(t Trial) string { return s.Name + "-" + t.ID }

// Varied are the axes with more than one value.
func (s *Sweep) Varied() (axes []int) {
	for i, a := range s.Axes {
		if a.Choice.Len() != 1 {
			axes = append(axes, i)
		}
	}
	return axes
}

// Settings is a trial's values of the varied axes in one line: eta=0.5 lambda=0.1.
func (s *Sweep) Settings(t Trial) string {
	var words []string
	for _, i := range s.Varied() {
		words = append(words, s.Axes[i].Key+"="+t.Values[i])
	}
	return strings.Join(words, " ")
}

// Settled is the number of different settings.
func (s *Sweep) Settled() int { return len(s.Trials) / len(s.Seeds) }
