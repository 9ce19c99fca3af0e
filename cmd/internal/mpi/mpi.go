// Package mpi lets the processes of an MPI job add up numbers. It loads the machine's MPI library, without cgo, when a job starts. That needs a
// program built with -tags mpi on Linux; in all others Start is an error.
//
// The library must have MPICH's ABI (MPICH, Intel MPI, MVAPICH, HPE Cray MPICH) or the standard ABI of MPI 5.
package mpi

import "fmt"

// A World is the processes of a job, as seen by one of them. Only one goroutine at a time may call its methods.
type World struct {
	rank, size int
	sharing    int
	library
}

// library is the part of an MPI library that is needed.
type library interface {
	sum(x any) error
	finalize() error
	abort(code int)
	version() string
}

// Rank is the number of this process, from 0.
func (w *World) Rank() int { return w.rank }

// Size is the number of processes.
func (w *World) Size() int { return w.size }

// Version is the library's own line about itself.
func (w *World) Version() string { return w.version() }

// Sum adds up x, a []float32 or []float64 with the same length in all processes, and leaves the sums in each process's x. If a process has died,
// Sum fails, or waits until the job's launcher ends this process too.
func (w *World) Sum(x any) error {
	if err := w.sum(x); err != nil {
		return fmt.Errorf("process %d of %d: the others cannot be reached: %w", w.rank, w.size, err)
	}
	return nil
}

// Close waits until all processes close, and leaves the job.
func (w *World) Close() error {
	if err := w.Sum([]float64{0}); err != nil {
		return err
	}
	return w.finalize()
}

// Abort ends all processes of the job, including this one, with an exit code.
func (w *World) Abort(code int) { w.abort(code) }

// Sharing is the number of processes on the same processors as this one, including itself.
func (w *World) Sharing() int { return w.sharing }
