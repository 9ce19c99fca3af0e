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

// disk is every way in which a run changes the file system. It is a seam: a test's disk fails, or forgets, at any of these calls.
type disk interface {
	mkdir(path string) error
	create(path string) (file, error) // empty
	extend(path string) (file, error) // to append to; made if it is missing
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
	f, _, err := intake.OpenFile(filepath.Dir(path), filepath.Base(path), os.O_WRONLY|os.O_CREATE|flag) // A link could lead anywhere.
	if err != nil {
		return nil, err // and not f, which would be a file that is not nil
	}
	return f, nil
}

// write makes the file at path, safe on the disk, of what fill writes.
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
		_ = d.remove(path) // Half a file is of no use on a disk that may be full; Resume removes it if this fails too.
	}
	return err
}

// publish gives a file that is safe on the disk its name, in place of the file that had it.
func publish(d disk, from, to string) error {
	if err := d.rename(from, to); err != nil {
		_ = d.remove(from)
		return err
	}
	return d.sync(filepath.Dir(to))
}

// Replace makes data the contents of the file at path, safe on the disk. At every instant, that file is the old one or the new one. The error
// is without the path.
func Replace(path string, data []byte) error {
	err := replace(osDisk{}, path, data)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no folder %s; make it first", filepath.Dir(path))
	}
	if cause, ok := errors.AsType[syscall.Errno](err); ok { // The temporary file's name is nobody's concern.
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
