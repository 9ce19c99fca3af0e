// Package mpi lets the processes of an MPI job add up their numbers. It loads the machine's MPI library when a job starts, without cgo, in
// programs that are built with -tags mpi on Linux; in all others Start is an error.
//
// It takes a library of MPICH's ABI (MPICH, Intel MPI, MVAPICH, HPE Cray MPICH) or of the standard ABI that MPI 5 defines.
package mpi

import "fmt"

// A World is the processes of a job, as one of them sees it. Its methods are for one goroutine at a time.
type World struct {
	rank, size int
	sharing    int
	library
}

// library is what is needed of an MPI library.
type library interface {
	sum(x any) error
	finalize() error
	abort(code int)
	version() string
}

// Rank is the number of this process, from 0.
func (w *World) Rank() int { return w.rank }

// Size is how many processes there are.
func (w *World) Size() int { return w.size }

// Version is the library's own line about itself.
func (w *World) Version() string { return w.version() }

// Sum adds up x, a []float32 or []float64 of one length in all processes, and leaves the sums in the x of each. If a process has died, it is
// an error, or it waits until whoever started the job ends this process too.
func (w *World) Sum(x any) error {
	if err := w.sum(x); err != nil {
		return fmt.Errorf("process %d of %d: the others cannot be reached: %w", w.rank, w.size, err)
	}
	return nil
}

// Close waits for all the others to close, and leaves the job.
func (w *World) Close() error {
	if err := w.Sum([]float64{0}); err != nil {
		return err
	}
	return w.finalize()
}

// Abort ends all processes of the job, this one among them, with an exit code.
func (w *World) Abort(code int) { w.abort(code) }

// Sharing is how many processes have the same processors as this one, itself included.
func (w *World) Sharing() int { return w.sharing }
