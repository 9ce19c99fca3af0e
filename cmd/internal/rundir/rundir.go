// Package rundir keeps a training in a folder, so that it can be killed at any instant and continue as if nothing had happened:
//
//	runs/<model>-<yyyymmdd-hhmmss>-<4 hex>/
//	    run.json                     what is run, where, and how far it has come
//	    model.toml                   the architecture and the recipe
//	    data.json                    how the data was prepared for the network
//	    metrics.jsonl                an event on each line
//	    checkpoints/<step>.safetensors
//	    checkpoints/latest.json      the name of the newest checkpoint
//	    checkpoints/best.json        the name of the best
//	    lock                         held by the trainer that is writing, with its process
//
// To replace a file, it is written under a temporary name, synced, renamed, and its folder synced. A checkpoint records the length
// of metrics.jsonl, and Resume cuts the file back to it.
package rundir

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stheno-ml/stheno/internal/intake"
)

var (
	// ErrLocked means that another trainer is writing the run.
	ErrLocked = errors.New("locked")
	// ErrNoCheckpoint means that the run has not saved a checkpoint yet.
	ErrNoCheckpoint = errors.New("no checkpoint")
	// ErrDamaged means that a file of the run is not as it was written.
	ErrDamaged = intake.ErrDamaged
)

// The files of a run.
const (
	infoFile    = "run.json"
	modelFile   = "model.toml"
	dataFile    = "data.json"
	metricsFile = "metrics.jsonl"
	lockFile    = "lock"
	checkpoints = "checkpoints"
	temporary   = ".tmp" // the ending of a file that is being written
)

// A Run is the folder of one training. Only one goroutine may use it at a time.
type Run struct {
	path    string
	info    Info
	disk    disk
	release func() error // releases the lock; nil if the run is only read
	metrics file
	offset  int64  // the bytes of whole lines in metrics.jsonl
	torn    bool   // part of a line follows them
	latest  string // the name of the newest good checkpoint; "" before the first
}

// Texts are the files of a run that are written only once.
type Texts struct {
	ModelTOML []byte
	DataJSON  []byte // nil: no such file
}

// Create makes the folder of a new run below root, and locks it. It sets the info's Model, Status, Started and DataJSON.
func Create(root, model string, now time.Time, info Info, texts Texts) (*Run, error) {
	return create(osDisk{}, root, model, now, info, texts)
}

func create(d disk, root, model string, now time.Time, info Info, texts Texts) (*Run, error) {
	if err := os.MkdirAll(root, 0o777); err != nil {
		return nil, fmt.Errorf("rundir: %w; choose another folder for the runs", err)
	}
	info.Model, info.Status, info.Started = model, Running, now
	if n := len(texts.DataJSON); n > intake.Log {
		return nil, fmt.Errorf("rundir: %s has %d bytes, over the limit of %d; use data with fewer columns and texts", dataFile, n, intake.Log)
	}
	if texts.DataJSON != nil {
		info.DataJSON = digest(texts.DataJSON)
	}
	r := &Run{info: info, disk: d}
	var err error
	for range 16 { // another run in the same second may have the same four digits
		var digits [2]byte
		rand.Read(digits[:])
		r.path = filepath.Join(root, fmt.Sprintf("%s-%s-%x", plain(model), now.Format("20060102-150405"), digits))
		if err = d.mkdir(r.path); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("rundir: %s: %w; choose another folder for the runs", r.path, err)
	}
	if err := r.fill(root, texts); err != nil {
		r.Close()
		os.RemoveAll(r.path) // without run.json it is not a run
		return nil, fmt.Errorf("rundir: %s: %w; choose another folder for the runs", r.path, err)
	}
	return r, nil
}

// fill makes the files of a new run. run.json comes last, so that a folder with it has all of them.
func (r *Run) fill(root string, texts Texts) (err error) {
	if r.release, err = acquire(r.path); err != nil {
		return err
	}
	if err := r.disk.mkdir(filepath.Join(r.path, checkpoints)); err != nil {
		return err
	}
	if r.metrics, err = r.disk.extend(r.file(metricsFile)); err != nil {
		return err
	}
	if err := replace(r.disk, r.file(modelFile), texts.ModelTOML); err != nil {
		return err
	}
	if texts.DataJSON != nil {
		if err := replace(r.disk, r.file(dataFile), texts.DataJSON); err != nil {
			return err
		}
	}
	if err := r.writeInfo(r.info); err != nil {
		return err
	}
	return r.disk.sync(root)
}

// plain is a short form of the name, with only the letters a to z, digits and hyphens.
func plain(name string) string {
	const limit = 40 // characters; the name may be a whole network in one line
	words := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	s := cmp.Or(strings.Join(words, "-"), "run")
	return strings.TrimRight(s[:min(len(s), limit)], "-")
}

// Open reads the run in the folder at path. It takes no lock and writes nothing; Event, Checkpoint and Update are errors.
func Open(path string) (*Run, error) {
	r := &Run{path: filepath.Clean(path)}
	if err := r.readJSON(infoFile, &r.info); err != nil {
		return nil, fmt.Errorf("%w; is it the folder of a run?", err)
	}
	if err := r.info.check(); err != nil {
		return nil, fmt.Errorf("rundir: %w", &intake.Error{Path: r.file(infoFile), Msg: err.Error()})
	}
	if t := r.info.Test; t != nil && t.Loss != 0 {
		t.Correct = nil // old runs say 0
	}
	return r, nil
}

// Resume opens the run in the folder at path to continue it, and locks it. It returns the checkpoint to continue from, of at most limit bytes,
// or nil before the first. It removes everything later from metrics.jsonl, and the temporary files of a killed trainer. The status is Running
// again. The error wraps ErrLocked if a trainer is writing the run, and ErrDamaged if no checkpoint is good.
func Resume(path string, limit int64) (*Run, *Snapshot, error) {
	return resume(osDisk{}, path, limit)
}

func resume(d disk, path string, limit int64) (*Run, *Snapshot, error) {
	r, err := Open(path) // before locking, so that a folder that is not a run gets no lock
	if err != nil {
		return nil, nil, err
	}
	r.disk = d
	if r.release, err = acquire(r.path); err != nil {
		return nil, nil, fmt.Errorf("rundir: %s: %w", r.path, err)
	}
	s, err := r.rewind(limit)
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return r, s, nil
}

// rewind sets a locked run back to its newest good checkpoint.
func (r *Run) rewind(limit int64) (*Snapshot, error) {
	if err := r.readJSON(infoFile, &r.info); err != nil { // the last holder of the lock may have written it in the meantime
		return nil, err
	}
	if info, err := os.Lstat(r.file(checkpoints)); errors.Is(err, fs.ErrNotExist) {
		return nil, r.noFolder()
	} else if err == nil && !info.IsDir() { // a link could make this remove files elsewhere
		return nil, fmt.Errorf("rundir: %s: %w: not a folder; restore it", r.file(checkpoints), ErrDamaged)
	}
	for _, folder := range []string{r.path, r.file(checkpoints)} {
		if err := sweep(r.disk, folder); err != nil {
			return nil, fmt.Errorf("rundir: %s: %w", folder, err)
		}
	}
	var err error
	if r.metrics, err = r.disk.extend(r.file(metricsFile)); err != nil {
		return nil, fmt.Errorf("rundir: %s: %w", r.file(metricsFile), err)
	}
	info, err := os.Stat(r.file(metricsFile))
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	s, err := r.newest(limit, info.Size())
	if errors.Is(err, ErrNoCheckpoint) {
		s, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	if s != nil {
		r.offset, r.latest = s.offset, filepath.Base(s.Path)
	}
	if err := errors.Join(r.metrics.Truncate(r.offset), r.metrics.Sync()); err != nil {
		return nil, fmt.Errorf("rundir: %s: %w", r.file(metricsFile), err)
	}
	return s, r.Update(func(i *Info) { i.Status, i.Ended, i.Error = Running, time.Time{}, "" })
}

// noFolder is the error of a run without a folder for checkpoints.
func (r *Run) noFolder() error {
	return fmt.Errorf("rundir: %s: %w: the folder is missing; restore it, or make an empty one to start over", r.file(checkpoints), ErrDamaged)
}

// Path returns the run's folder.
func (r *Run) Path() string { return r.path }

// Info returns run.json as it was last read or written.
func (r *Run) Info() Info { return r.info }

// ModelTOML returns the text of model.toml.
func (r *Run) ModelTOML() ([]byte, error) { return intake.Read(r.path, modelFile, intake.Text) }

// DataJSON returns the text of data.json, verified to be as it was written; nil if the run has none.
func (r *Run) DataJSON() ([]byte, error) {
	if r.info.DataJSON == "" {
		return nil, nil
	}
	text, err := intake.Read(r.path, dataFile, intake.Log)
	if err == nil && digest(text) != r.info.DataJSON {
		err = fmt.Errorf("rundir: %s: %w: not as it was written, by the digest in %s; restore it", r.file(dataFile), ErrDamaged, infoFile)
	}
	return text, err
}

// digest is the SHA-256 of a text in hexadecimal.
func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// readJSON reads one of the run's files of JSON into v.
func (r *Run) readJSON(name string, v any) error {
	if err := intake.JSON(r.path, name, intake.Record, v, false); err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	return nil
}

// file returns the path of one of the run's files.
func (r *Run) file(name ...string) string {
	return filepath.Join(append([]string{r.path}, name...)...)
}

// Update changes run.json. f must replace Best and Test rather than change what they point to. If Update fails, both the file and Info are as
// they were.
func (r *Run) Update(change func(*Info)) error {
	if err := r.writable(); err != nil {
		return err
	}
	info := r.info
	change(&info)
	if err := r.writeInfo(info); err != nil {
		return fmt.Errorf("rundir: %s: %w", r.file(infoFile), err)
	}
	r.info = info
	return nil
}

func (r *Run) writeInfo(info Info) error {
	b, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	if len(b) >= intake.Record {
		return fmt.Errorf("%d bytes, over the limit of %d; give shorter arguments", len(b), intake.Record)
	}
	return replace(r.disk, r.file(infoFile), append(b, '\n'))
}

func (r *Run) writable() error {
	if r.release == nil {
		return fmt.Errorf("rundir: %s: the run is not open for writing; resume it", r.path)
	}
	return nil
}

// Event appends v as a line of JSON to metrics.jsonl. The line is synced by the next Checkpoint or Close.
func (r *Run) Event(v any) error {
	if err := r.writable(); err != nil {
		return err
	}
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("rundir: %s: %w", r.file(metricsFile), err)
	}
	if r.torn { // A full disk may have taken part of a line. The next line must not follow that.
		if err := r.metrics.Truncate(r.offset); err != nil {
			return fmt.Errorf("rundir: %s: %w", r.file(metricsFile), err)
		}
	}
	_, err = r.metrics.Write(append(line, '\n'))
	if r.torn = err != nil; r.torn {
		return fmt.Errorf("rundir: %s: %w", r.file(metricsFile), err)
	}
	r.offset += int64(len(line)) + 1
	return nil
}

// Close syncs the last events, and releases the lock. It does not change the status. Closing twice is not an error.
func (r *Run) Close() error {
	if r.release == nil {
		return nil
	}
	var errs []error
	if r.metrics != nil {
		errs = append(errs, r.metrics.Sync(), r.metrics.Close())
	}
	err := errors.Join(append(errs, r.release())...)
	r.release = nil
	if err != nil {
		return fmt.Errorf("rundir: %s: %w", r.path, err)
	}
	return nil
}
