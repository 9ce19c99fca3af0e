package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

// history is what a run's folder says about its training, apart from the epochs.
type history struct {
	path  string
	info  rundir.Info
	run   *rundir.Run
	start event // the first event, which has the settings; nil if it is missing
}

// readHistory reads the history of the run in the folder path, and calls f for each epoch.
func readHistory(path string, f func(event)) (history, error) {
	h := history{path: path}
	run, err := rundir.Open(path)
	if err != nil {
		return h, err
	}
	h.run, h.info = run, run.Info()
	return h, readEvents(path, func(e event) {
		switch e["event"] {
		case "start":
			h.start = e
		case "epoch":
			f(e)
		}
	})
}

// event is a line of metrics.jsonl.
type event map[string]any

// number is the number of that key, or NaN, which the file writes as null.
func (e event) number(key string) float64 {
	if x, ok := e[key].(float64); ok {
		return x
	}
	return math.NaN()
}

// readEpochs calls f for each epoch of a run.
func readEpochs(path string, f func(event)) error {
	n := 0
	err := readEvents(path, func(e event) {
		if e["event"] == "epoch" {
			n++
			f(e)
		}
	})
	if err == nil && n == 0 {
		err = noEpoch(path)
	}
	return err
}

// noEpoch is the error for a run without an epoch.
func noEpoch(path string) error {
	return fmt.Errorf("%s: %w; wait for the first", filepath.Join(path, "metrics.jsonl"), errNoEpoch)
}

// readEvents calls f for each event of a run.
func readEvents(path string, f func(event)) error {
	text, err := rundir.Metrics(path)
	if err != nil {
		return dataf("%w", err)
	}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return dataf("%s:%d: %w: %w; resume the run, or train again", filepath.Join(path, "metrics.jsonl"), number, rundir.ErrDamaged, err)
		}
		f(e)
	}
	return nil
}
