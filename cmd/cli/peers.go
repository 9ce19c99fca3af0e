package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/mpi"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/train"
)

// peers are the processes of an MPI job that train together. Process 0 leads: it alone writes the run, and prints. An error that all
// processes know of is printed by one of them. A process with an error of its own ends the whole job.
type peers struct {
	*mpi.World
	phase
	reports bool      // this process prints the error that all know of
	err     io.Writer // for errors, in every process
}

// phase is what the other processes wait for while this one has an error.
type phase int

const (
	preparing phase = iota // a call of ready
	training               // a sum of the training, in which a process with an error cannot take part
	over                   // the end of the job
)

// join joins the job of --mpi. Unless flags say otherwise, processes on one computer divide its threads among them, and all use the seed
// that process 0 draws.
func (a *app) join(f *trainFlags) error {
	if f.syncNorm && !f.mpi {
		return usagef("--sync-norm without --mpi; leave it out, one process has the whole mini-batch")
	}
	if !f.mpi {
		return nil
	}
	w, err := mpi.Start()
	if err != nil {
		return usagef("--mpi: %w", err)
	}
	a.peers = &peers{World: w, err: a.err}
	if w.Rank() > 0 {
		a.out, a.err = &output{w: io.Discard}, io.Discard
	}
	if f.threads == 0 && w.Sharing() > 1 {
		f.threads = max(1, f.processors()/w.Sharing())
	}
	if f.resume != "" || f.set.Changed("seed") {
		return nil
	}
	seed := []float64{0}
	if w.Rank() == 0 {
		seed[0] = float64(f.chosenSeed())
	}
	if err := w.Sum(seed); err != nil {
		return err
	}
	return f.set.Set("seed", fmt.Sprint(uint64(seed[0])))
}

// trainers are the peers as package train takes them; nil without --mpi.
func (a *app) trainers() train.Peers {
	if a.peers == nil {
		return nil
	}
	return a.peers
}

// leads reports whether this process writes the run.
func (a *app) leads() bool { return a.peers == nil || a.peers.Rank() == 0 }

// errElsewhere means that another process has an error, and reports it.
var errElsewhere = errors.New("another process has an error")

// ready waits for all peers. If any of them has an error, the first of those gets its own error back, and all others get errElsewhere.
func (p *peers) ready(err error) error {
	failed := make([]float64, p.Size())
	if err != nil {
		failed[p.Rank()] = 1
	}
	if err := p.Sum(failed); err != nil {
		return err
	}
	first := slices.Index(failed, 1)
	if first < 0 {
		return nil
	}
	p.phase, p.reports = over, first == p.Rank()
	if !p.reports {
		return errElsewhere
	}
	if first > 0 {
		return p.named(err)
	}
	return err
}

// together lets the leader create or open the run's folder once all peers have the same session. All of them continue after that.
func (s *session) together(open func() error) error {
	p := s.app.peers
	if p == nil {
		return open()
	}
	text, err := encode(s.model)
	if err != nil {
		return err
	}
	if err := p.ready(nil); err != nil {
		return err
	}
	if err := train.Agree(p, "model or data", string(text)+s.data.SHA256()+s.flags.dtype.value); err != nil {
		p.phase = training
		p.ended(context.Background(), err)
		return err
	}
	if s.app.leads() {
		if err := open(); err != nil {
			return err
		}
	}
	if err := p.ready(nil); err != nil {
		return err
	}
	p.phase = training
	return nil
}

// follow trains as a peer that does not lead, from the run's newest checkpoint if there is one.
func (s *session) follow(ctx context.Context, old *rundir.Run) error {
	if old != nil {
		snapshot, err := old.Latest(largest(s.net))
		if err == nil {
			err = restore(s.trainer, snapshot)
		}
		if err != nil && !errors.Is(err, rundir.ErrNoCheckpoint) {
			return err
		}
	}
	for _, err := range s.trainer.Run(ctx) {
		if err != nil {
			s.app.peers.ended(ctx, err)
			return err
		}
	}
	s.app.peers.ended(ctx, nil)
	return nil
}

// ended records that the training has ended for all peers, unless the error is only this process's.
func (p *peers) ended(ctx context.Context, err error) {
	_, diverged := errors.AsType[*train.DivergedError](err)
	_, differ := errors.AsType[*train.DifferError](err)
	if p != nil && (err == nil || diverged || differ || interrupted(ctx, err)) {
		p.phase, p.reports = over, p.Rank() == 0
	}
}

// named puts the number of the process before an error.
func (p *peers) named(err error) error {
	return &exitError{exitCode(err), fmt.Errorf("process %d of %d: %w", p.Rank(), p.Size(), err)}
}

// passing is how long mpirun gets to forward what a process has printed. MPICH's discards what it has not read when the process aborts.
const passing = 500 * time.Millisecond

// leave leaves the job, and returns the error if this process is to report it. An error that the others do not know of ends the whole job.
func (p *peers) leave(a *app, err error) error {
	if err != nil && p.phase == preparing {
		err = p.ready(err)
	}
	if err != nil && p.phase != over {
		a.err = p.err
		if p.Size() > 1 {
			err = p.named(err)
		}
		a.note(err)
		time.Sleep(passing)
		p.Abort(exitCode(err))
	}
	closed := p.Close()
	if err != nil && !p.reports {
		return nil
	}
	a.err = p.err
	return cmp.Or(err, closed)
}
