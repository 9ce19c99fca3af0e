// Package ladder compares trainings with the book's figures: the rungs are the catalogue's models, the results a folder of small
// files, one a training, and the page is made of both.
package ladder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/internal/intake"
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
	Shifted         int     `json:"shifted,omitempty"` // validation images right at the best epoch with outputs averaged over nine shifts; 0 if not counted
	Loss            float64 `json:"loss,omitempty"`    // of the test images at the best epoch, where the network does not classify
	ValidationTotal int     `json:"validation_total"`
	TestTotal       int     `json:"test_total"`
	Seconds         float64 `json:"seconds"` // of training, without evaluation
	Threads         int     `json:"threads"`
	Build           string  `json:"build"`
	Kernel          string  `json:"kernel"`
	VM              string  `json:"vm"`
	DataSHA256      string  `json:"data_sha256"`
	Recipe          string  `json:"recipe"` // the model as TOML
}

// A Score counts the images that were classified correctly after an epoch.
type Score struct {
	Epoch      int `json:"epoch"`
	Validation int `json:"validation"`
	Test       int `json:"test"`
}

// Name is the name of the result's file.
func (r Result) Name() string { return fmt.Sprintf("%s-seed%d.json", r.Model, r.Seed) }

// Save keeps the result in the folder dir.
func (r Result) Save(dir string) error { return save(filepath.Join(dir, r.Name()), r) }

// A Vote counts the test images that the networks of the seeds 1, 2, … classify correctly together.
type Vote struct {
	Model      string `json:"model"`
	Members    []int  `json:"members"` // what each of them classifies correctly
	Majority   int    `json:"majority"`
	Mean       int    `json:"mean"` // by the mean of their outputs
	TestTotal  int    `json:"test_total"`
	DataSHA256 string `json:"data_sha256"`
	Recipe     string `json:"recipe"`
}

// Save keeps the vote in the folder dir.
func (v Vote) Save(dir string) error { return save(filepath.Join(dir, v.Model+"-vote.json"), v) }

func save(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o777)
	}
	if err == nil {
		err = rundir.Replace(path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("ladder: %s: %w", path, err)
	}
	return nil
}

// Tried says how many configurations of a recipe were compared on validation images before it was as it is.
type Tried struct {
	Recipe         string `json:"recipe"`
	Configurations int    `json:"configurations"`
}

// Kept is what a folder of results has.
type Kept struct {
	Results []Result
	Votes   []Vote
	Tried   []Tried // tried.json, written by hand
}

// Load reads the folder dir, the files in the order of their names; nothing if there is no such folder. The error wraps
// rundir.ErrDamaged where a file is not what its name says.
func Load(dir string) (Kept, error) {
	var k Kept
	files, err := os.ReadDir(intake.Folder(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	const limit = 16 << 20 // bytes of all files together: of some 8,000 trainings
	total := int64(0)
	for _, f := range files {
		if info, e := f.Info(); e == nil && filepath.Ext(f.Name()) == ".json" {
			total += info.Size()
		}
		if total > limit {
			err = &intake.Error{Path: filepath.Join(dir, f.Name()), Msg: fmt.Sprintf("more than %d bytes with the results before; take it out of the folder", limit)}
		}
		if err == nil {
			err = k.read(dir, f.Name())
		}
	}
	if err != nil {
		return k, fmt.Errorf("ladder: %w", err)
	}
	return k, nil
}

// read adds a file; others than those of results are passed over.
func (k *Kept) read(dir, name string) error {
	var r Result
	var v Vote
	var fault string
	var err error
	read := func(into any) error { return intake.JSON(dir, name, intake.Record, into, true) }
	switch {
	case name == "tried.json":
		if err = read(&k.Tried); err == nil {
			fault = triedFault(k.Tried)
		}
	case strings.HasSuffix(name, "-vote.json"):
		if err = read(&v); err == nil {
			fault = v.fault(name)
		}
		k.Votes = append(k.Votes, v)
	case filepath.Ext(name) == ".json" && strings.Contains(name, "-seed"):
		if err = read(&r); err == nil {
			fault = r.fault(name)
		}
		k.Results = append(k.Results, r)
	}
	if fault != "" {
		err = &intake.Error{Path: filepath.Join(dir, name), Msg: fmt.Sprintf("%v: it is of %s", intake.ErrDamaged, fault)}
	}
	if err != nil {
		return fmt.Errorf("%w; delete it, and train anew", err)
	}
	return nil
}

// triedFault is what cannot be so.
func triedFault(list []Tried) string {
	for _, t := range list {
		if t.Recipe == "" || t.Configurations < 1 {
			return fmt.Sprintf("%d configurations of the recipe %q", t.Configurations, t.Recipe)
		}
	}
	return ""
}

// fault is what cannot be so in a vote of that file.
func (v Vote) fault(name string) string {
	if v.Model+"-vote.json" != name {
		return v.Model
	}
	for _, n := range append([]int{v.Majority, v.Mean}, v.Members...) {
		if n < 0 || n > v.TestTotal || v.TestTotal < 1 || v.Members == nil {
			return fmt.Sprintf("%s with %d of %d test images, and %d members", v.Model, n, v.TestTotal, len(v.Members))
		}
	}
	return ""
}

// fault is what cannot be so in a result of that file.
func (r Result) fault(name string) string {
	if fault := r.odd(); fault != "" || r.Name() != name {
		return fmt.Sprintf("%s seed %d %s", r.Model, r.Seed, fault)
	}
	return ""
}

// odd is what cannot be so.
func (r Result) odd() string {
	scores := []Score{r.Best, r.Last}
	if r.First != nil {
		scores = append(scores, *r.First)
	}
	for _, s := range scores {
		if s.Epoch < 0 || s.Epoch >= r.Epochs || s.Validation < 0 || s.Validation > r.ValidationTotal || s.Test < 0 || s.Test > r.TestTotal {
			return fmt.Sprintf("with the score %+v", s)
		}
	}
	if r.Shifted < 0 || r.Shifted > r.ValidationTotal {
		return fmt.Sprintf("with %d of %d validation images", r.Shifted, r.ValidationTotal)
	}
	if r.TestTotal < 1 || !(r.Seconds >= 0) || r.Threads < 0 || !(r.Loss >= 0) {
		return fmt.Sprintf("with %d test images in %g s by %d threads, loss %g", r.TestTotal, r.Seconds, r.Threads, r.Loss)
	}
	return ""
}
