//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stheno-ml/stheno/internal/intake"
)

// acquire locks the run's folder, and returns how to unlock it. The lock is a file, so it remains after a killed trainer.
func acquire(folder string) (release func() error, err error) {
	path := filepath.Join(folder, lockFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		pid, _ := intake.Read(folder, lockFile, intake.Record)
		return nil, fmt.Errorf("%w by process %s; wait until it ends, or delete %s if it was killed", ErrLocked, strings.TrimSpace(string(pid)), path)
	}
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(f, os.Getpid())
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return func() error { return os.Remove(path) }, nil
}

// held reports whether the lock exists. It also exists after a trainer was killed; these systems cannot tell the difference.
func held(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, lockFile))
	return err == nil
}

// syncFolder does nothing: these systems cannot, or need not, sync a folder.
func syncFolder(string) error { return nil }
