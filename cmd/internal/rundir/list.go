package rundir

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stheno-ml/stheno/internal/intake"
)

// An Entry is a folder below the folder of runs: its run.json, or why that cannot be read.
type Entry struct {
	Path string
	Info Info
	Err  error

	time time.Time // of the start or, if that is unknown, of the folder's last change
}

// List returns the runs below root, newest first. There are none if root does not exist, as before the first run. A folder that is not a run,
// or a broken one, is an Entry with an error. Folders whose names begin with a dot are skipped.
func List(root string) ([]Entry, error) {
	files, err := os.ReadDir(intake.Folder(root))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	var entries []Entry
	const limit = 16 << 20 // bytes of all run.json together, enough for 10,000 runs
	total := int64(0)
	for _, f := range files {
		if !f.IsDir() || f.Name()[0] == '.' { // such as .sweep
			continue
		}
		e := Entry{Path: filepath.Join(root, f.Name())}
		if info, err := os.Stat(filepath.Join(e.Path, infoFile)); err == nil {
			total += min(info.Size(), intake.Record) // larger files are not read
		}
		if total > limit {
			e.Err = &intake.Error{Path: filepath.Join(e.Path, infoFile), Msg: fmt.Sprintf("more than %d bytes with those of the runs before; move runs to another folder", limit)}
		} else if e.Info, e.Err = Look(e.Path); e.Err == nil {
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

// Look reads a run.json. A trainer takes the lock before it sets the status to Running, and releases it after setting another. So a run whose
// lock is free, and whose status is still Running after that, was killed.
func Look(path string) (Info, error) {
	r, err := Open(path)
	if err == nil && r.info.Status == Running && !held(path) {
		if r, err = Open(path); err == nil && r.info.Status == Running {
			r.info.Status = Killed
		}
	}
	if err != nil {
		return Info{}, err
	}
	return r.info, nil
}

// Metrics returns the text of metrics.jsonl, without a last line that is still being written.
func Metrics(path string) ([]byte, error) {
	text, err := intake.Read(path, metricsFile, intake.Log)
	return text[:bytes.LastIndexByte(text, '\n')+1], err
}

// Start returns the first line of metrics.jsonl, the run's first event, without reading the rest.
func Start(path string) ([]byte, error) {
	f, _, err := intake.Open(path, metricsFile, intake.Log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const most = 16 << 10 // bytes, enough for two paths and some more
	line, err := bufio.NewReaderSize(f, most).ReadSlice('\n')
	if err != nil {
		return nil, &intake.Error{Path: filepath.Join(path, metricsFile), Msg: fmt.Sprintf("no first line of at most %d bytes; resume the run, or train again", most)}
	}
	return bytes.TrimRight(line, "\n"), nil
}

// Saved is when a run last saved a checkpoint; the zero time before the first.
func Saved(path string) time.Time {
	var last time.Time
	for _, name := range []string{latestFile, bestFile} {
		if info, err := os.Stat(filepath.Join(path, checkpoints, name)); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}
