package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/models"
)

const latest = "latest"

// runPath is the folder of a run. The name may be the folder itself, a folder below runs, the name of a run there, or latest.
func (a *app) runPath(runs, name string) (string, error) {
	var other error
	for _, path := range []string{name, filepath.Join(runs, name)} {
		_, err := os.Stat(filepath.Join(path, "run.json"))
		switch {
		case err == nil:
			return path, nil
		case errors.Is(err, fs.ErrPermission):
			return "", dataf("%w; ask its owner, or copy the run", err)
		case other == nil:
			other = noRun(path)
		}
	}
	entries, err := rundir.List(runs)
	if err != nil {
		return "", err
	}
	if path, err := runNamed(entries, name); path != "" || err != nil {
		return path, err
	}
	if other != nil {
		return "", &exitError{exitData, other}
	}
	var folders, names []string
	for _, e := range entries {
		folders = append(folders, filepath.Base(e.Path))
		if e.Info.Name != "" {
			names = append(names, e.Info.Name)
		}
	}
	if near := term.Nearest(name, names); near != "" {
		return "", usagef("unknown run %q; did you mean %s?", name, near)
	}
	if near := term.Nearest(filepath.Base(name), folders); near != "" {
		return "", usagef("unknown run %q; did you mean %s?", name, filepath.Join(runs, near))
	}
	return "", usagef("unknown run %q; %s ls lists the runs in %s", name, commandName(), runs)
}

// runNamed is the folder of the run that has the name from train --name, or of the latest run; "" if there is none.
func runNamed(entries []rundir.Entry, name string) (string, error) {
	var paths []string
	for _, e := range entries {
		switch {
		case e.Err == nil && name == latest:
			return e.Path, nil
		case e.Err == nil && name != "" && e.Info.Name == name:
			paths = append(paths, e.Path)
		}
	}
	if len(paths) > 1 {
		return "", usagef("run %q: %w: %s; give the folder", name, errSeveral, strings.Join(paths, ", "))
	}
	return strings.Join(paths, ""), nil
}

// errSeveral means that several runs have the same name.
var errSeveral = errors.New("several runs have this name")

// A notRun is the error for something that lies beside runs and is not a run.
type notRun struct{ error }

// noRun says why path is not a run; nil if nothing is there.
func noRun(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil
	case info.IsDir():
		return notRun{fmt.Errorf("%s: no run.json in this folder; give the folder of a run, or restore that file", path)}
	case strings.HasPrefix(filepath.Base(path), "book-"):
		return notRun{fmt.Errorf("%s: the result of an experiment of the book, not a run; %s book shows it", path, commandName())}
	}
	return notRun{fmt.Errorf("%s: a file, not a run; %s", path, cmp.Or(advice(path), "give the folder of a run"))}
}

// leaveOut notes that one of several names is left out, because it is not a run or has no epoch yet: a shell expands runs/* to such names too.
func (a *app) leaveOut(err error, names []string) bool {
	_, other := errors.AsType[notRun](err)
	if len(names) < 2 || !other && !errors.Is(err, rundir.ErrNoCheckpoint) && !errors.Is(err, errNoEpoch) {
		return false
	}
	a.note(fmt.Errorf("left out: %w", err))
	return true
}

// errNoEpoch means that a run has no epoch yet.
var errNoEpoch = errors.New("no epoch has ended yet")

// withData adds a fix to an error of a run's own data, whose relative path may be from another folder.
func withData(err error, own string) error {
	if errors.Is(err, fs.ErrNotExist) && own != "" && !filepath.IsAbs(own) {
		return dataf("%w; the run recorded this path in another folder: give the data with --data", err)
	}
	return err
}

// runModel is the model of a run.
func (a *app) runModel(r *rundir.Run) (models.Model, error) {
	text, err := r.ModelTOML()
	if err != nil {
		return models.Model{}, dataf("%w", err)
	}
	m, err := a.decode(a.written(), filepath.Join(r.Path(), "model.toml"), text)
	if err != nil {
		return m, dataf("%w", err)
	}
	return m, nil
}

// trained is a run that is ready for use: the network with the weights of its best epoch.
type trained struct {
	path  string
	epoch int // −1 before the first
	model models.Model
	net   *graph.Net

	schema   *dataset.Schema // of the data that it was trained on
	flags    dataFlags       // of its training
	seed     uint64
	sha256   string   // of the data
	imported bool     // not trained here, so it has no epoch
	notes    []string // what was assumed when it was read
	costless bool     // its file names no cost
}

// options are for reading data for the run's network.
func (t *trained) options() dataset.Options {
	o := t.flags.options(nil)
	o.Schema, o.Seed = t.schema, t.seed
	return o
}

// trained opens a run. A run that was interrupted in its first epoch has no best weights; then the latest are used.
func (a *app) trained(path string) (*trained, error) {
	return a.trainedBy(path, func(r *rundir.Run, limit int64) (*rundir.Snapshot, error) {
		s, err := r.Best(limit)
		if errors.Is(err, rundir.ErrNoCheckpoint) {
			s, err = r.Latest(limit)
		}
		return s, err
	})
}

// trainedBy opens a run with the weights of the checkpoint that choose reads.
func (a *app) trainedBy(path string, choose func(r *rundir.Run, limit int64) (*rundir.Snapshot, error)) (*trained, error) {
	r, err := rundir.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := a.runModel(r)
	if err != nil {
		return nil, err
	}
	f, err := flagsOfRun(a.reader(), path, r.Info())
	if err != nil {
		return nil, err
	}
	net, err := graph.New(m.Net, m.Loss, m.Input, f.config(r.Info().Seed, m.Recipe))
	if err != nil {
		return nil, dataf("%s: %w", filepath.Join(path, "model.toml"), err)
	}
	s, err := choose(r, largest(net))
	if err != nil {
		return nil, err
	}
	state, err := stateOf(s)
	if err != nil {
		return nil, err
	}
	schema, err := schemaOf(r)
	if err != nil {
		return nil, err
	}
	t := &trained{path: path, epoch: state.Best.Epoch, model: m, net: net, schema: schema, flags: f.dataFlags, seed: r.Info().Seed, sha256: r.Info().DataSHA256, imported: wasImported(r.Info().Argv)}
	if err := t.settle(filepath.Join(path, "data.json")); err != nil {
		return nil, err
	}
	return t, restoreWeights(net, s)
}

// settle gives a network without a schema one for images of bytes. Otherwise it checks that the schema from path fits the network.
func (t *trained) settle(path string) error {
	if t.schema == nil {
		t.schema = digitSchema(t.net)
	}
	if s := t.schema; !t.net.Input.Eq(s.Input) {
		return dataf("%s: examples %v, but the network takes %v; restore the file", path, s.Input, t.net.Input)
	}
	if s := t.schema; s.Classes == nil && t.net.Outputs != len(s.Targets) || len(s.Classes) > t.net.Outputs {
		return dataf("%s: %d classes and %d targets, but the network has %d outputs; restore the file", path, len(s.Classes), len(s.Targets), t.net.Outputs)
	}
	return nil
}
