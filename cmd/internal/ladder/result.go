// Package ladder compares trainings with the book's figures: the rungs are the catalogue's models, the results a folder of small
// files, one a training, and the page is made of both.
package ladder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

// A Result is what one training gave, on any machine.
type Result struct {
	Model           string  `json:"model"`
	Seed            uint64  `json:"seed"`
	Command         string  `json:"command"` // that repeats it
	Epochs          int     `json:"epochs"`
	First           *Score  `json:"first,omitempty"` // after the first epoch, where the book gives that
	Best            Score   `json:"best"`            // of the epoch of best validation accuracy; the last where there is no validation
	Last            Score   `json:"last"`
	ValidationTotal int     `json:"validation_total"`
	TestTotal       int     `json:"test_total"`
	Seconds         float64 `json:"seconds"` // of training, without evaluation
	Threads         int     `json:"threads"`
	Build           string  `json:"build"`
	Kernel          string  `json:"kernel"`
	VM              string  `json:"vm"`
	DataSHA256      string  `json:"data_sha256"`
	Wrong           []Wrong `json:"wrong,omitempty"` // with the weights of the best epoch, where networks vote
	Recipe          string  `json:"recipe"`          // the model as TOML
}

// A Score counts the images that were classified correctly after an epoch.
type Score struct {
	Epoch      int `json:"epoch"`
	Validation int `json:"validation"`
	Test       int `json:"test"`
}

// Wrong is a wrong answer: the test image's number, counted from 0, its label, and the answer; 255 is none.
type Wrong struct{ Image, Label, Answer int }

// noAnswer is the answer of a network whose outputs are not numbers.
const noAnswer = 255

// MarshalText is "340: 5 as 3".
func (w Wrong) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d: %d as %d", w.Image, w.Label, w.Answer), nil
}

// UnmarshalText reads that.
func (w *Wrong) UnmarshalText(text []byte) error {
	_, err := fmt.Sscanf(string(text), "%d: %d as %d", &w.Image, &w.Label, &w.Answer)
	if err != nil || min(w.Image, w.Label, w.Answer) < 0 || max(w.Label, w.Answer) > noAnswer || w.Label == w.Answer {
		return fmt.Errorf("wrong answer %q; write image: label as answer", text)
	}
	return nil
}

// Name is the name of the result's file.
func (r Result) Name() string { return fmt.Sprintf("%s-seed%d.json", r.Model, r.Seed) }

// Save keeps the result in the folder dir.
func (r Result) Save(dir string) error {
	path := filepath.Join(dir, r.Name())
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.MkdirAll(dir, 0o777)
	}
	if err == nil {
		err = rundir.Replace(path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("ladder: %s: %w", path, err)
	}
	return nil
}

// Load reads the results in the folder dir, in the order of their files' names; none if there is no such folder. The error wraps
// rundir.ErrDamaged where a file is not a result.
func Load(dir string) ([]Result, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*-seed*.json"))
	if err != nil {
		return nil, fmt.Errorf("ladder: %s: %w", dir, err)
	}
	var results []Result
	for _, path := range paths {
		var r Result
		if err := read(path, &r); err != nil {
			return nil, err
		}
		if fault := r.fault(); fault != "" || r.Name() != filepath.Base(path) {
			return nil, fmt.Errorf("ladder: %s: %w: it is of %s seed %d %s; delete it, and train anew", path, rundir.ErrDamaged, r.Model, r.Seed, fault)
		}
		results = append(results, r)
	}
	return results, nil
}

// read decodes a JSON file that must have no other keys than those of v.
func read(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("ladder: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("ladder: %s: %w: %w; delete it, and train anew", path, rundir.ErrDamaged, err)
	}
	return nil
}

// fault is what cannot be so.
func (r Result) fault() string {
	scores := []Score{r.Best, r.Last}
	if r.First != nil {
		scores = append(scores, *r.First)
	}
	for _, s := range scores {
		if s.Epoch < 0 || s.Epoch >= r.Epochs || s.Validation < 0 || s.Validation > r.ValidationTotal || s.Test < 0 || s.Test > r.TestTotal {
			return fmt.Sprintf("with the score %+v", s)
		}
	}
	if r.TestTotal < 1 || !(r.Seconds >= 0) {
		return fmt.Sprintf("with %d test images in %g s", r.TestTotal, r.Seconds)
	}
	return ""
}

// Tried says how many configurations of a recipe were compared on validation images before it was as it is.
type Tried struct {
	Recipe         string `json:"recipe"`
	Configurations int    `json:"configurations"`
}

// LoadTried reads tried.json in the folder dir; nothing if there is none.
func LoadTried(dir string) ([]Tried, error) {
	path := filepath.Join(dir, "tried.json")
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return nil, nil
	}
	var tried []Tried
	return tried, read(path, &tried)
}
