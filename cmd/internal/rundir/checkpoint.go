package rundir

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/safetensors"
)

const (
	latestFile = "latest.json"
	bestFile   = "best.json"
	extension  = ".safetensors"
	offsetKey  = "stheno.metrics" // the key in a checkpoint's metadata for the number of bytes of metrics.jsonl that belong to it
)

// A Snapshot is a checkpoint that was read, with every byte verified.
type Snapshot struct {
	Step    int
	Path    string
	File    *safetensors.File
	Skipped []error // why newer checkpoints, or better ones, are not good

	offset int64 // of metrics.jsonl
}

// pointer is latest.json and best.json.
type pointer struct {
	File string `json:"file"`
}

// Checkpoint saves f as the newest checkpoint, and as the best if best is true. When it returns nil, f survives a power cut.
// If it fails, or is killed at any point, the previous checkpoint is intact. Two checkpoints and the best are kept. A second
// checkpoint of the same step replaces the first. The metadata key "stheno.metrics" is reserved.
func (r *Run) Checkpoint(f *safetensors.File, step int, best bool) error {
	if err := r.writable(); err != nil {
		return err
	}
	if step < 0 {
		return fmt.Errorf("rundir: %s: checkpoint of step %d; count steps from 0", r.path, step)
	}
	name := nameOf(step)
	if err := r.save(f, name, best); err != nil {
		return fmt.Errorf("rundir: %s: checkpoint of step %d was not saved, the previous one is intact: %w; fix that and resume the run", r.path, step, err)
	}
	previous := r.latest
	r.latest = name
	if err := r.prune(previous); err != nil {
		return fmt.Errorf("rundir: %s: checkpoint of step %d was saved, but an older one cannot be deleted: %w; fix that and resume the run", r.path, step, err)
	}
	return nil
}

// save writes the checkpoint, then best.json, and finally latest.json. If it is killed in between, the run resumes from the previous
// checkpoint, and reaches this step, and this best, again.
func (r *Run) save(f *safetensors.File, name string, best bool) error {
	if err := r.metrics.Sync(); err != nil { // the lines that belong to the checkpoint must reach the disk before it does
		return fmt.Errorf("%s: %w", metricsFile, err)
	}
	file := safetensors.File{Metadata: map[string]string{offsetKey: strconv.FormatInt(r.offset, 10)}, Tensors: f.Tensors}
	for k, v := range f.Metadata {
		if k == offsetKey {
			return fmt.Errorf("metadata %q is reserved; choose another key", k)
		}
		file.Metadata[k] = v
	}
	path := r.file(checkpoints, name)
	err := write(r.disk, path+temporary, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		if err := safetensors.Write(b, &file); err != nil {
			return err
		}
		return b.Flush()
	})
	if err != nil {
		return err
	}
	if err := publish(r.disk, path+temporary, path); err != nil {
		return err
	}
	if best {
		if err := r.point(bestFile, name); err != nil {
			return err
		}
	}
	return r.point(latestFile, name)
}

// point makes latest.json or best.json name the checkpoint.
func (r *Run) point(from, name string) error {
	b, err := json.Marshal(pointer{name})
	if err != nil {
		return err
	}
	return replace(r.disk, r.file(checkpoints, from), append(b, '\n'))
}

// follow returns the checkpoint that latest.json or best.json names; "" if there is no such file.
func (r *Run) follow(from string) (string, error) {
	var p pointer
	if err := r.readJSON(filepath.Join(checkpoints, from), &p); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	if _, ok := stepOf(p.File); !ok { // a name with folders in it could lead anywhere
		return "", fmt.Errorf("rundir: %s: %w: %q is not the name of a checkpoint", r.file(checkpoints, from), ErrDamaged, p.File)
	}
	return p.File, nil
}

// nameOf returns the name of the checkpoint of the step.
func nameOf(step int) string { return fmt.Sprintf("%08d%s", step, extension) }

// stepOf returns the step in the name of a checkpoint, and whether it is one.
func stepOf(name string) (int, bool) {
	step, err := strconv.Atoi(strings.TrimSuffix(name, extension))
	return step, err == nil && step >= 0 && name == nameOf(step)
}

// names returns the checkpoints in the folder, the newest first.
func (r *Run) names() ([]string, error) {
	files, err := os.ReadDir(r.file(checkpoints))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, r.noFolder()
	}
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	var steps []int
	for _, f := range files {
		if step, ok := stepOf(f.Name()); ok {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	var names []string
	for _, step := range slices.Backward(steps) {
		names = append(names, nameOf(step))
	}
	return names, nil
}

// prune deletes all checkpoints except the newest, the one before it, and the best.
func (r *Run) prune(previous string) error {
	best, err := r.follow(bestFile)
	if err != nil || previous == r.latest {
		return nil // If best.json is damaged, any of them may be the best. If a step is saved again, the one before stays.
	}
	names, err := r.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if name != r.latest && name != previous && name != best {
			if err := r.disk.remove(r.file(checkpoints, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Latest reads the newest good checkpoint of at most limit bytes. Its Skipped says which newer ones are not good, and why. The error wraps
// ErrNoCheckpoint if there is no checkpoint, and ErrDamaged if none is good.
func (r *Run) Latest(limit int64) (*Snapshot, error) {
	return r.newest(limit, math.MaxInt64)
}

// newest is Latest among the checkpoints that belong to the first metrics bytes of metrics.jsonl.
func (r *Run) newest(limit, metrics int64) (*Snapshot, error) {
	names, err := r.names()
	if err != nil {
		return nil, err
	}
	first, err := r.follow(latestFile)
	if len(names) == 0 && first == "" && err == nil {
		return nil, fmt.Errorf("rundir: %s: %w; train it for an epoch", r.path, ErrNoCheckpoint)
	}
	var faults []error
	if err != nil {
		faults = append(faults, err)
	}
	if first != "" {
		names = append([]string{first}, slices.DeleteFunc(names, func(n string) bool { return n == first })...)
	}
	const tries = 8 // twice as many as a run can leave when it is killed
	for _, name := range names[:min(len(names), tries)] {
		s, err := r.load(name, limit)
		if err == nil && s.offset > metrics {
			err = fmt.Errorf("rundir: %s: %w: it belongs to %d bytes of %s, which has %d; restore that file", s.Path, ErrDamaged, s.offset, metricsFile, metrics)
		}
		if err == nil {
			s.Skipped = faults
			return s, nil
		}
		faults = append(faults, err)
	}
	return nil, fmt.Errorf("rundir: %s: no checkpoint is good: %w", r.path, errors.Join(faults...))
}

// Best reads the best checkpoint, of at most limit bytes. The error wraps ErrNoCheckpoint if there is none, and ErrDamaged if it is not good.
func (r *Run) Best(limit int64) (*Snapshot, error) {
	name, err := r.follow(bestFile)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, fmt.Errorf("rundir: %s: %w is the best yet; train it for an epoch, or take the latest", r.path, ErrNoCheckpoint)
	}
	return r.load(name, limit)
}

// load reads one checkpoint.
func (r *Run) load(name string, limit int64) (*Snapshot, error) {
	s := &Snapshot{Path: r.file(checkpoints, name)}
	f, size, err := intake.Open(r.path, filepath.Join(checkpoints, name), limit)
	if err == nil {
		defer f.Close()
		s.File, err = safetensors.Read(bufio.NewReader(f), size, s.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("rundir: %w: %w", ErrDamaged, err)
	}
	s.Step, _ = stepOf(name)
	s.offset, err = strconv.ParseInt(s.File.Metadata[offsetKey], 10, 64)
	if err != nil || s.offset < 0 {
		return nil, fmt.Errorf("rundir: %s: %w: metadata %q is %q, not a number of bytes", s.Path, ErrDamaged, offsetKey, s.File.Metadata[offsetKey])
	}
	delete(s.File.Metadata, offsetKey)
	return s, nil
}
