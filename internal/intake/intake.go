// Package intake opens files that anybody may have put there. It opens only regular files, and none larger than what it should hold.
// A pipe would block forever, a device might never end, and a link could lead anywhere.
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

// The largest files, in bytes. docs/reliability.md says what happens to larger ones.
const (
	Record = 1 << 18  // run.json, the result of a training: JSON of a few thousand bytes, where one argument may have 128 KiB
	Text   = 1 << 20  // what a person writes, such as a model
	Log    = 16 << 20 // metrics.jsonl: about 60,000 epochs
	Saved  = 64 << 20 // a network saved by network2.py
)

// ErrDamaged means that a file does not contain what it should.
var ErrDamaged = errors.New("damaged")

// An Error says what is wrong with a file's contents or kind. It wraps ErrDamaged.
type Error struct{ Path, Msg string }

// Error returns the path and the fault.
func (e *Error) Error() string { return e.Path + ": " + e.Msg }

// Unwrap returns ErrDamaged.
func (e *Error) Unwrap() error { return ErrDamaged }

// OpenFile opens a regular file in folder with package os's flags; name may contain folders. No link may lead out of the folder. If folder is
// empty, name is a path that the user gave, and links are followed.
func OpenFile(folder, name string, flag int) (*os.File, fs.FileInfo, error) {
	path := filepath.Join(folder, name)
	f, info, err := open(folder, name, flag)
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err
	}
	switch {
	case err == nil:
		return f, info, nil
	case strings.Contains(err.Error(), "escapes"): // Package os has no name for this error.
		err = &Error{path, "a link out of its folder; put the file itself there"}
	case err == errKind:
		err = &Error{path, "not a regular file, but a " + kind(info.Mode()) + "; put the file itself there"}
	default:
		err = fmt.Errorf("%s: %w", path, err)
	}
	return nil, nil, err
}

var errKind = errors.New("not a regular file")

// open checks the file before opening it, because opening a device may have effects, and afterwards, because it may have been replaced.
func open(folder, name string, flag int) (*os.File, fs.FileInfo, error) {
	stat, open := os.Stat, os.OpenFile
	if folder != "" {
		root, err := os.OpenRoot(Folder(folder))
		if err != nil {
			return nil, nil, err
		}
		defer root.Close()
		stat, open = root.Stat, root.OpenFile
	}
	info, err := stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, info, errKind
	}
	f, err := open(name, flag|syscall.O_NONBLOCK, 0o666) // opening a pipe would wait for its other end
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errKind
	}
	if err != nil {
		f.Close()
	}
	return f, info, err
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

// Folder returns the path with a slash at its end. If the path is a pipe, opening it then fails instead of blocking.
func Folder(path string) string { return path + string(filepath.Separator) }

// Open opens a file of at most limit bytes for reading, and returns its size. For folder, see OpenFile.
func Open(folder, name string, limit int64) (*os.File, int64, error) {
	f, info, err := OpenFile(folder, name, os.O_RDONLY)
	if err != nil {
		return nil, 0, err
	}
	if info.Size() > limit {
		f.Close()
		return nil, 0, &Error{filepath.Join(folder, name), fmt.Sprintf("%d bytes, more than the limit of %d; use another file", info.Size(), limit)}
	}
	return f, info.Size(), nil
}

// Read returns the contents of a file of at most limit bytes. For folder, see OpenFile.
func Read(folder, name string, limit int64) ([]byte, error) {
	f, size, err := Open(folder, name, limit)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, size)) // the file may grow meanwhile
}

// JSON reads a file of at most limit bytes that holds a single JSON value into v. If strict is set, the file must not have keys that v lacks. For
// folder, see OpenFile.
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
