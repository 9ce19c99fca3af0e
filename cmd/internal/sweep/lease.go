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

// ErrLost means that a process has lost the right to train a trial: it gave no sign of life for too long, as after a computer slept, and
// another may have taken over.
var ErrLost = errors.New("no sign of life for too long; another process may train this by now")

// Leases are who trains which trial of a sweep, in a folder that computers may share. Nothing in it needs locks of the file system, which
// shared ones do not all have, or clocks that agree:
//
//   - who wants a trial makes the file ID.1, which only one can, or behind a holder that is dead or has ended ID.2, and so on. The last file
//     is the holder's, and no file is written by two processes;
//   - a holder writes a new number into its file again and again. One that has not succeeded for the time Term stops by itself;
//   - who finds a file watches it by its own clock, and takes over if nothing changes for longer than Term. On the holder's own computer
//     it can ask the system whether that process is alive.
type Leases struct {
	Dir  string
	Term time.Duration
	Here string // the name of the system that runs this process, as far as it can see processes; "" for none
}

// Open makes the folder, if it is not there.
func Open(dir string, term time.Duration, here string) (*Leases, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("sweep: %w; choose another folder for the runs", err)
	}
	return &Leases{dir, term, here}, nil
}

// A Holder is who has a lease.
type Holder struct {
	Key  string `json:"key"` // by chance
	Host string `json:"host"`
	PID  int    `json:"pid"`
	Here string `json:"here,omitempty"`
	Beat int    `json:"beat"`
	Free bool   `json:"free"` // the holder has ended, or may
}

func (h Holder) String() string { return fmt.Sprintf("process %d on %s", h.PID, h.Host) }

// A HeldError says who trains a trial.
type HeldError struct {
	Holder
	Alive bool // by a sign of life
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s trains it; wait until that ends, or stop it", e.Holder)
}

// last is the number of the last file of a trial, with what is in it; 0 if there is none.
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

// holder is what a file says. One that is being written says nothing yet.
func holder(text []byte) (h Holder) {
	if json.Unmarshal(text, &h) != nil {
		return Holder{Host: "another computer"}
	}
	return h
}

// free says that nobody has the lease: it was given back, or its holder was a process of this system and is no more.
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
	return h, !l.free(h) && time.Since(changed(filepath.Join(l.Dir, name(id, n)))) < 3*l.Term // a hint only: clocks may differ
}

func changed(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// Take is the lease of a trial, or a [*HeldError].
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

// Await is Take for a trial that is held: it waits until the holder shows that it is alive, which is a [*HeldError], or not.
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

// takeNow is Take for a trial that was free an instant ago: who has it now has just taken it.
func (l *Leases) takeNow(id string) (*Lease, error) {
	x, err := l.Take(id)
	if held, ok := errors.AsType[*HeldError](err); ok {
		held.Alive = true
	}
	return x, err
}

// make takes a lease by the file of that number.
func (l *Leases) make(id string, n int) (*Lease, error) {
	host, _ := os.Hostname() // A computer without a name has the lease too.
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
	path, next string // its file, and the next holder's
	term       time.Duration
	fence      *time.Timer // ends the lease
	once       sync.Once
	lost, stop chan struct{}
	beats      sync.WaitGroup
}

// Lost ends when the lease does so without being given back.
func (x *Lease) Lost() <-chan struct{} { return x.lost }

func (x *Lease) lose() { x.once.Do(func() { close(x.lost) }) }

// write writes the file in one go, so that nobody reads a half of it.
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

// live gives signs of life until the lease is given back or lost.
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
		if now.Round(0).Sub(last.Round(0)) > x.term || !x.mine() { // The clock that has gone on while the computer slept is that without Round's.
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

// mine says that the file is there, and no other holder's.
func (x *Lease) mine() bool {
	if _, err := os.Lstat(x.next); err == nil {
		return false
	}
	text, err := intake.Read("", x.path, intake.Record)
	return err == nil && holder(text).Key == x.Key || err != nil && !errors.Is(err, fs.ErrNotExist) // A failing disk has the fence to end it.
}

// Release gives the lease back.
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
