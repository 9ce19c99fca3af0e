// Package ladder compares trainings with the book's figures. A ladder's entries are the catalogue's models. Their results are small files in a
// folder, one for each training. A page is made from both.
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
	"github.com/stheno-ml/stheno/models"
)

// A Result is the result of one training, on any machine.
type Result struct {
	Model           string  `json:"model"`
	Seed            uint64  `json:"seed"`
	Command         string  `json:"command"` // repeats the training
	Epochs          int     `json:"epochs"`
	First           *Score  `json:"first,omitempty"` // after the first epoch, if the book gives that
	Best            Score   `json:"best"`            // of the epoch with the best validation accuracy; of the last without validation
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

// Save writes the result into the folder dir.
func (r Result) Save(dir string) error { return save(filepath.Join(dir, r.Name()), r) }

// A Vote counts the test images that networks with the seeds 1, 2, … classify correctly when they vote.
type Vote struct {
	Model      string `json:"model"`
	Members    []int  `json:"members"` // test images that each of them classifies correctly
	Majority   int    `json:"majority"`
	Mean       int    `json:"mean"` // by the mean of their outputs
	TestTotal  int    `json:"test_total"`
	DataSHA256 string `json:"data_sha256"`
	Recipe     string `json:"recipe"`
}

// Save writes the vote into the folder dir.
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

// Tried is the number of configurations that were compared on validation images before a recipe was fixed.
type Tried struct {
	Recipe         string `json:"recipe"`
	Configurations int    `json:"configurations"`
}

// Kept is the contents of a folder of results.
type Kept struct {
	Results []Result
	Votes   []Vote
	Tried   []Tried // tried.json, written by hand
}

// Load reads the files in the folder dir, in the order of their names. A folder that does not exist is empty. The error wraps rundir.ErrDamaged
// if a file is not what its name says.
func Load(dir string) (Kept, error) {
	var k Kept
	files, err := os.ReadDir(intake.Folder(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	const limit = 16 << 20 // bytes of all files together, enough for 8,000 trainings
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

// read adds a file of results. Other files are skipped.
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
		for i, t := range k.Tried {
			k.Tried[i].Recipe = models.Current(t.Recipe)
		}
	case strings.HasSuffix(name, "-vote.json"):
		if err = read(&v); err == nil {
			fault = v.fault(name)
		}
		k.addVote(v)
	case filepath.Ext(name) == ".json" && strings.Contains(name, "-seed"):
		if err = read(&r); err == nil {
			fault = r.fault(name)
		}
		k.addResult(r)
	}
	if fault != "" {
		err = &intake.Error{Path: filepath.Join(dir, name), Msg: fmt.Sprintf("%v: it is of %s", intake.ErrDamaged, fault)}
	}
	if err != nil {
		return fmt.Errorf("%w; delete it, and train again", err)
	}
	return nil
}

// addResult adds a result under its model's current name. A folder may have results with one seed under both names; then the file with the
// current name counts.
func (k *Kept) addResult(r Result) {
	old := r.Model
	r.Model = models.Current(old)
	for i, other := range k.Results {
		if other.Model == r.Model && other.Seed == r.Seed {
			if old == r.Model {
				k.Results[i] = r
			}
			return
		}
	}
	k.Results = append(k.Results, r)
}

// addVote adds a vote under the current names of its model or, for the committee, its members.
func (k *Kept) addVote(v Vote) {
	if v.Model == Committee {
		words := strings.Split(v.Recipe, " ") // 2 first, 3 second
		for i, word := range words {
			name, comma := strings.CutSuffix(word, ",")
			if words[i] = models.Current(name); comma {
				words[i] += ","
			}
		}
		v.Recipe = strings.Join(words, " ")
	}
	v.Model = models.Current(v.Model)
	k.Votes = append(k.Votes, v)
}

// triedFault describes a value that is impossible; "" if all is well.
func triedFault(list []Tried) string {
	for _, t := range list {
		if t.Recipe == "" || t.Configurations < 1 {
			return fmt.Sprintf("%d configurations of the recipe %q", t.Configurations, t.Recipe)
		}
	}
	return ""
}

// fault describes what is impossible in a vote from that file; "" if all is well.
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

// fault describes what is impossible in a result from that file; "" if all is well.
func (r Result) fault(name string) string {
	if fault := r.odd(); fault != "" || r.Name() != name {
		return fmt.Sprintf("%s seed %d %s", r.Model, r.Seed, fault)
	}
	return ""
}

// odd describes a number that is impossible; "" if all is well.
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
