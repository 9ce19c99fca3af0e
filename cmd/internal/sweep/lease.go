package sweep

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stheno-ml/stheno/internal/intake"
)

// ErrLost means that a process has lost the right to train a trial. It was silent for too long, for example because the computer slept, and
// another may have taken over.
var ErrLost = errors.New("silent for too long; another process may be training this by now")

// Leases record which process trains which trial of a sweep, in a folder that several computers may share. They need neither file system locks,
// which not all shared file systems have, nor clocks that agree:
//
//   - A process that wants a trial creates the file ID.1, which only one process can do. If its holder is dead or has ended, the next file is
//     ID.2, and so on. The last file is the holder's, and no file is written by two processes.
//   - A holder writes a new number into its file again and again. If it has not succeeded for the time Term, it stops by itself.
//   - A process that finds a file watches it by its own clock, and takes over if nothing changes for longer than Term. On the holder's own
//     computer it can ask the system whether that process is alive.
type Leases struct {
	Dir  string
	Term time.Duration
	Here string // where this process runs, see [Here]; "" if unknown
}

// Open makes the folder if it is missing.
func Open(dir string, term time.Duration, here string) (*Leases, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("sweep: %w; choose another folder for the runs", err)
	}
	return &Leases{dir, term, here}, nil
}

// A Holder is the process that has a lease.
type Holder struct {
	Key  string `json:"key"` // random
	Host string `json:"host"`
	PID  int    `json:"pid"`
	Here string `json:"here,omitempty"`
	Beat int    `json:"beat"`
	Free bool   `json:"free"` // the holder has released the lease
}

func (h Holder) String() string { return fmt.Sprintf("process %d on %s", h.PID, h.Host) }

// A HeldError names the process that is training a trial.
type HeldError struct {
	Holder
	Alive bool // it has just shown that it is alive
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is training it; wait until that ends, or stop it", e.Holder)
}

// last is the number of a trial's last file, and its text; 0 if there is none.
func (l *Leases) last(id string) (n int, text []byte, err error) {
	for {
		next, err := intake.Read(l.Dir, name(id, n+1), intake.Record)
		if errors.Is(err, fs.ErrNotExist) {
			return n, text, nil
		}
		if err != nil {
			return 0, nil, fmt.Errorf("sweep: %w", err)
		}
		n, text = n+1, next
	}
}

func name(id string, n int) string { return fmt.Sprintf("%s.%d", id, n) }

// holder reads a file. One that is being written has no holder yet.
func holder(text []byte) (h Holder) {
	if json.Unmarshal(text, &h) != nil {
		return Holder{Host: "another computer"}
	}
	return h
}

// free reports whether a lease is free: it was released, or its holder was a process on this computer and has ended.
func (l *Leases) free(h Holder) bool {
	return h.Free || l.Here != "" && h.Here == l.Here && !alive(h.PID)
}

// Who is the holder of a trial's lease, and whether it may be alive.
func (l *Leases) Who(id string) (h Holder, held bool) {
	n, text, err := l.last(id)
	if err != nil || n == 0 {
		return h, false
	}
	h = holder(text)
	return h, !l.free(h) && time.Since(changed(filepath.Join(l.Dir, name(id, n)))) < 3*l.Term // only a hint, because clocks may differ
}

func changed(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// Take takes the lease of a trial. If another process has it, the error is a [*HeldError].
func (l *Leases) Take(id string) (*Lease, error) {
	n, text, err := l.last(id)
	if err != nil {
		return nil, err
	}
	if h := holder(text); n > 0 && !l.free(h) {
		return nil, &HeldError{h, false}
	}
	return l.make(id, n+1)
}

// Await is Take for a trial that is held. It waits until the holder shows that it is alive, which is a [*HeldError], or does not.
func (l *Leases) Await(ctx context.Context, id string) (*Lease, error) {
	n, text, err := l.last(id)
	if err != nil || n == 0 || l.free(holder(text)) {
		return l.takeNow(id)
	}
	const polls = 12
	poll := time.NewTicker(l.Term / polls)
	defer poll.Stop()
	for range polls + polls/4 {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-poll.C:
		}
		m, now, err := l.last(id)
		switch h := holder(now); {
		case err != nil:
			return nil, err
		case l.free(h):
			return l.takeNow(id)
		case m != n || !bytes.Equal(now, text):
			return nil, &HeldError{h, true}
		}
	}
	return l.make(id, n+1)
}

// takeNow is Take for a trial that was free an instant ago. If another process has it now, it has just taken it.
func (l *Leases) takeNow(id string) (*Lease, error) {
	x, err := l.Take(id)
	if held, ok := errors.AsType[*HeldError](err); ok {
		held.Alive = true
	}
	return x, err
}

// make takes a lease by creating the file with that number.
func (l *Leases) make(id string, n int) (*Lease, error) {
	host, _ := os.Hostname() // a computer without a name is fine
	x := &Lease{
		path: filepath.Join(l.Dir, name(id, n)), next: filepath.Join(l.Dir, name(id, n+1)), term: l.Term,
		Holder: Holder{Key: rand.Text(), Host: host, PID: os.Getpid(), Here: l.Here}, lost: make(chan struct{}), stop: make(chan struct{}),
	}
	f, err := os.OpenFile(x.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		text, _ := intake.Read(l.Dir, name(id, n), intake.Record)
		return nil, &HeldError{holder(text), true}
	}
	if err != nil {
		return nil, fmt.Errorf("sweep: %w; choose another folder for the runs", err)
	}
	if err := errors.Join(f.Close(), x.write()); err != nil {
		return nil, fmt.Errorf("sweep: %w; choose another folder for the runs", err)
	}
	x.fence = time.AfterFunc(x.term, x.lose)
	x.beats.Go(x.live)
	return x, nil
}

// A Lease is the right to train a trial.
type Lease struct {
	Holder
	path, next string // its file, and the file of the next holder
	term       time.Duration
	fence      *time.Timer // ends the lease
	once       sync.Once
	lost, stop chan struct{}
	beats      sync.WaitGroup
}

// Lost is closed when the lease ends without being released.
func (x *Lease) Lost() <-chan struct{} { return x.lost }

func (x *Lease) lose() { x.once.Do(func() { close(x.lost) }) }

// write writes the file in one go, so that nobody reads half of it.
func (x *Lease) write() error {
	f, err := os.OpenFile(x.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	text, err := json.Marshal(x.Holder)
	if err == nil {
		_, err = f.WriteAt(fmt.Appendf(nil, "%-500s\n", text), 0)
	}
	return errors.Join(err, f.Close())
}

// live keeps the lease alive until it is released or lost.
func (x *Lease) live() {
	tick := time.NewTicker(x.term / 6)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-x.stop:
			return
		case <-x.lost:
			return
		case <-tick.C:
		}
		now := time.Now()
		if now.Round(0).Sub(last.Round(0)) > x.term || !x.mine() { // Round(0) drops the monotonic clock, which may stop while the computer sleeps.
			x.lose()
			return
		}
		x.Beat++
		if x.write() == nil {
			last = now
			x.fence.Reset(x.term - time.Since(now))
		}
	}
}

// mine reports whether the file is there, and not another holder's.
func (x *Lease) mine() bool {
	if _, err := os.Lstat(x.next); err == nil {
		return false
	}
	text, err := intake.Read("", x.path, intake.Record)
	return err == nil && holder(text).Key == x.Key || err != nil && !errors.Is(err, fs.ErrNotExist) // if the disk fails, the fence ends the lease
}

// Release releases the lease.
func (x *Lease) Release() error {
	close(x.stop)
	x.beats.Wait()
	x.fence.Stop()
	select {
	case <-x.lost:
		return nil
	default:
	}
	if !x.mine() {
		return nil
	}
	x.Free = true
	return x.write()
}
