package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/plot"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/safetensors"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// The exit codes besides 0. After a signal, the program saves and exits with exitSignal plus the signal's number.
const (
	exitFailure  = 1
	exitUsage    = 2 // the command line, a model's name or file
	exitCheck    = 3 // a check failed
	exitData     = 4 // data, pictures or a run's files
	exitDiverged = 5
	exitSignal   = 128
)

// exitError is an error that knows its exit code.
type exitError struct {
	code int
	error
}

func (e *exitError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func dataf(format string, args ...any) error {
	return &exitError{exitData, fmt.Errorf(format, args...)}
}

// unknown is the error for a name that is not one of names. It suggests the nearest of them, or lists all.
func unknown(what, name string, names []string) error {
	return usagef("%w", term.Unknown(what, name, names))
}

// checkPicture is an error if --output cannot be a picture's file; "" means no picture.
func checkPicture(output string) error {
	if output == "" {
		return nil
	}
	if err := plot.Check(output); err != nil {
		return usagef("--output: %w", err)
	}
	return checkFolder(output)
}

// checkFolder is an error if the folder of --output is missing.
func checkFolder(output string) error {
	if _, err := os.Stat(filepath.Dir(output)); errors.Is(err, fs.ErrNotExist) {
		return usagef("--output %s: no folder %s; make it first", output, filepath.Dir(output))
	}
	return nil
}

// wrote reports that a file was written, with its size.
func (a *app) wrote(path string) error {
	info, err := os.Stat(path)
	if err == nil {
		fmt.Fprintf(a.err, "%s: %s\n", intake.Line(path), size(int(info.Size())))
	}
	return err
}

// exitCode is the only place where errors become exit codes.
func exitCode(err error) int {
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if _, ok := errors.AsType[*train.DivergedError](err); ok {
		return exitDiverged
	}
	_, images := errors.AsType[*mnist.FormatError](err)
	_, tensors := errors.AsType[*safetensors.FormatError](err)
	if images || tensors || errors.Is(err, rundir.ErrDamaged) || errors.Is(err, rundir.ErrNoCheckpoint) {
		return exitData
	}
	return exitFailure
}

// signaled is the cause of a context that a signal canceled.
type signaled struct{ signal syscall.Signal }

func (s signaled) Error() string { return s.signal.String() }

// echo is the time within which another signal counts as the same one: timeout(1) signals its child, and then the child's group.
const echo = 100 * time.Millisecond

// interruptible is a context that the first SIGINT or SIGTERM cancels, so that work can be saved. A second signal ends the program at once.
func interruptible(parent context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	c := make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	go func() {
		var first time.Time
		for s := range c {
			why := signaled{s.(syscall.Signal)}
			if first.IsZero() {
				first = time.Now()
				cancel(why)
			} else if time.Since(first) > echo {
				os.Exit(signalCode(why))
			}
		}
	}()
	return ctx, func() {
		signal.Stop(c)
		close(c)
		cancel(nil)
	}
}

// cutShort is the error for work that the end of ctx has interrupted.
func cutShort(ctx context.Context, format string, args ...any) error {
	return &exitError{signalCode(context.Cause(ctx)), fmt.Errorf(format, args...)}
}

// signalCode is the exit code for the cause of a context's end.
func signalCode(cause error) int {
	if s, ok := errors.AsType[signaled](cause); ok {
		return exitSignal + int(s.signal)
	}
	return exitSignal + int(syscall.SIGINT)
}
