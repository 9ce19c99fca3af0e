package rundir

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stheno-ml/stheno/internal/intake"
)

// An Entry is a folder below the one for the runs: what is shown of its run.json, or why that cannot be read.
type Entry struct {
	Path string
	Info Info
	Err  error

	time time.Time // of the start; where that is not known, of the folder's last change
}

// List returns the runs below root, the newest first. A folder that is no run, or a broken one, is an Entry with an error. The
// error wraps fs.ErrNotExist where root does not exist, as before the first run.
func List(root string) ([]Entry, error) {
	files, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	var entries []Entry
	for _, f := range files {
		if !f.IsDir() {
			continue
		}
		e := Entry{Path: filepath.Join(root, f.Name())}
		if e.Info, e.Err = look(e.Path); e.Err == nil {
			e.time = e.Info.Started
		}
		if info, err := f.Info(); err == nil && e.time.IsZero() {
			e.time = info.ModTime()
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(b.time.Compare(a.time), cmp.Compare(b.Path, a.Path))
	})
	return entries, nil
}

// look reads a run.json. Who writes a run has its lock before the status is Running, and until after it is something else: a run that
// is Running still after its lock was seen free was killed.
func look(path string) (Info, error) {
	r, err := Open(path)
	if err == nil && r.info.Status == Running && !held(path) {
		if r, err = Open(path); err == nil && r.info.Status == Running {
			r.info.Status = Killed
		}
	}
	if err != nil {
		return Info{}, err
	}
	i := r.info
	if n := len(i.Model) + len(i.Status); n > longest {
		return Info{}, &intake.Error{Path: r.file(infoFile), Msg: fmt.Sprintf("model and status of %d bytes, and the limit is %d", n, longest)}
	}
	return Info{Model: i.Model, Status: i.Status, Seed: i.Seed, Started: i.Started, Ended: i.Ended, Best: i.Best, Test: i.Test}, nil
}

// longest is the number of bytes in the names of a listed run.
const longest = 4096
