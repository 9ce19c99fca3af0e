package rundir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/stheno-ml/stheno/internal/intake"
)

// disk has every call with which a run changes the file system. Tests replace it with a disk that fails, or loses data, at any of these calls.
type disk interface {
	mkdir(path string) error
	create(path string) (file, error) // an empty file
	extend(path string) (file, error) // a file to append to, which is created if it is missing
	rename(from, to string) error
	remove(path string) error
	sync(folder string) error
}

type file interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

type osDisk struct{}

func (osDisk) mkdir(path string) error          { return os.Mkdir(path, 0o777) }
func (osDisk) rename(from, to string) error     { return os.Rename(from, to) }
func (osDisk) remove(path string) error         { return os.Remove(path) }
func (osDisk) sync(folder string) error         { return syncFolder(folder) }
func (osDisk) create(path string) (file, error) { return open(path, os.O_TRUNC) }
func (osDisk) extend(path string) (file, error) { return open(path, os.O_APPEND) }

func open(path string, flag int) (file, error) {
	f, _, err := intake.OpenFile(filepath.Dir(path), filepath.Base(path), os.O_WRONLY|os.O_CREATE|flag) // a link could lead anywhere
	if err != nil {
		return nil, err // not f, because a nil *os.File in the interface would not be nil
	}
	return f, nil
}

// write makes the file at path from what fill writes, and syncs it.
func write(d disk, path string, fill func(io.Writer) error) error {
	f, err := d.create(path)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = d.remove(path) // Half a file is useless on a disk that may be full. Resume removes it if this fails too.
	}
	return err
}

// publish gives a synced file its final name, in place of the file that had it.
func publish(d disk, from, to string) error {
	if err := d.rename(from, to); err != nil {
		_ = d.remove(from)
		return err
	}
	return d.sync(filepath.Dir(to))
}

// Replace makes data the contents of the file at path, and syncs it. At every instant, that file is the old one or the new one. The error does
// not contain the path.
func Replace(path string, data []byte) error {
	err := replace(osDisk{}, path, data)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no folder %s; make it first", filepath.Dir(path))
	}
	if cause, ok := errors.AsType[syscall.Errno](err); ok { // the temporary file's name would only confuse
		return cause
	}
	return err
}

// replace makes data the contents of the file at path. At every instant, that file is the old one or the new one.
func replace(d disk, path string, data []byte) error {
	err := write(d, path+temporary, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return err
	}
	return publish(d, path+temporary, path)
}

// sweep removes the temporary files in the folder.
func sweep(d disk, folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), temporary) {
			if err := d.remove(filepath.Join(folder, f.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
