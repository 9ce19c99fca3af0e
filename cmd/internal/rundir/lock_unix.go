//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stheno-ml/stheno/internal/intake"
)

// acquire locks the run's folder, and returns how to unlock it. The lock belongs to the open file. So the system releases it when
// the process dies in any way, and a second attempt in the same process fails too. The file is never deleted: that could delete a
// file that another process has just locked.
func acquire(folder string) (release func() error, err error) {
	path := filepath.Join(folder, lockFile)
	f, _, err := intake.OpenFile(folder, lockFile, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	err = lock(f, syscall.LOCK_EX)
	for range 5 { // another process may be checking the lock at this instant
		if errors.Is(err, syscall.EWOULDBLOCK) {
			time.Sleep(10 * time.Millisecond)
			err = lock(f, syscall.LOCK_EX)
		}
	}
	if err != nil {
		f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return nil, fmt.Errorf("%w by %s; wait until it ends, or stop it", ErrLocked, holder(folder))
	}
	_, err = f.WriteAt([]byte(fmt.Sprintf("%-20d\n", os.Getpid())), 0)
	if err != nil {
		f.Close()
		return nil, err
	}
	return f.Close, nil
}

// held reports whether a process has the lock. To find out, it takes a shared lock for an instant if it can.
func held(folder string) bool {
	f, _, err := intake.OpenFile(folder, lockFile, os.O_RDONLY)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	return lock(f, syscall.LOCK_SH) != nil
}

func lock(f *os.File, how int) error { return syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB) }

// holder names the process that wrote the lock's file.
func holder(folder string) string {
	b, _ := intake.Read(folder, lockFile, intake.Record)
	if pid := strings.TrimSpace(string(b)); pid != "" {
		return "process " + pid
	}
	return "another process"
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
