// Package intake opens files that anybody may have put there: regular files only, and none that is larger than what it should hold.
// A pipe would wait for ever, a device never end, and a link could lead anywhere.
package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The largest files, in bytes. docs/reliability.md says what becomes of them.
const (
	Record = 64 << 10 // run.json, the result of a training: JSON of some thousand bytes
	Text   = 1 << 20  // what a person may have written, as a model
	Log    = 16 << 20 // metrics.jsonl: of some 60,000 epochs
	Saved  = 64 << 20 // a network that network2.py has saved
)

// ErrDamaged means that a file is not what it should be.
var ErrDamaged = errors.New("damaged")

// An Error is about a file that is not what it should be. It wraps ErrDamaged.
type Error struct{ Path, Msg string }

// Error gives the path and the fault.
func (e *Error) Error() string { return e.Path + ": " + e.Msg }

// Unwrap returns ErrDamaged.
func (e *Error) Unwrap() error { return ErrDamaged }

// OpenFile opens a regular file of the folder, with the flags of package os; name may have folders in it. No link leads out of the
// folder; without a folder, the name is a path that the user gave, and links are followed.
func OpenFile(folder, name string, flag int) (*os.File, fs.FileInfo, error) {
	path := filepath.Join(folder, name)
	f, err := open(folder, name, flag|syscall.O_NONBLOCK) // Opening a pipe would wait for its other end.
	if err != nil {
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			err = cause.Err
		}
		if strings.Contains(err.Error(), "escapes") { // Package os has no name for this error.
			return nil, nil, &Error{path, "a link out of its folder; put the file itself there"}
		}
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &Error{path, "not a regular file, but a " + kind(info.Mode()) + "; put the file itself there"}
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func open(folder, name string, flag int) (*os.File, error) {
	if folder == "" {
		return os.OpenFile(name, flag, 0o666)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(name, flag, 0o666)
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "folder"
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	}
	return "device"
}

// Open opens a file of at most limit bytes to be read, and returns its size. See OpenFile for the folder.
func Open(folder, name string, limit int64) (*os.File, int64, error) {
	f, info, err := OpenFile(folder, name, os.O_RDONLY)
	if err != nil {
		return nil, 0, err
	}
	if info.Size() > limit {
		f.Close()
		return nil, 0, &Error{filepath.Join(folder, name), fmt.Sprintf("%d bytes, and the limit is %d; is it another file?", info.Size(), limit)}
	}
	return f, info.Size(), nil
}

// Read returns the contents of a file of at most limit bytes. See OpenFile for the folder.
func Read(folder, name string, limit int64) ([]byte, error) {
	f, size, err := Open(folder, name, limit)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, size)) // It may grow meanwhile.
}

// JSON reads a file of at most limit bytes that holds one JSON value into v; it must not have keys that v has not, if strict. See OpenFile
// for the folder.
func JSON(folder, name string, limit int64, v any, strict bool) error {
	text, err := Read(folder, name, limit)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if strict {
		d.DisallowUnknownFields()
	}
	err = d.Decode(v)
	if err == nil && len(bytes.TrimSpace(text[d.InputOffset():])) > 0 {
		err = errors.New("text after the JSON value")
	}
	if err != nil {
		return &Error{filepath.Join(folder, name), fmt.Sprintf("byte offset %d: %v: %v", d.InputOffset(), ErrDamaged, err)}
	}
	return nil
}
