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

// The exit codes beside 0. A program ended by a signal, after it has saved, exits with exitSignal plus the signal's number.
const (
	exitFailure  = 1
	exitUsage    = 2 // the command line, a model's name or file
	exitCheck    = 3 // a check that was asked for
	exitData     = 4 // data, pictures, a run's files
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

// unknown is the error for a name that is not one of names, with the nearest of them, or else all.
func unknown(what, name string, names []string) error {
	return usagef("%w", term.Unknown(what, name, names))
}

// checkPicture is an error if a picture cannot be written to the file of --output; "" is none.
func checkPicture(output string) error {
	if output == "" {
		return nil
	}
	if err := plot.Check(output); err != nil {
		return usagef("--output: %w", err)
	}
	return checkFolder(output)
}

// checkFolder is an error if the folder of a file that is to be written is missing.
func checkFolder(output string) error {
	if _, err := os.Stat(filepath.Dir(output)); errors.Is(err, fs.ErrNotExist) {
		return usagef("--output %s: no folder %s; make it first", output, filepath.Dir(output))
	}
	return nil
}

// wrote says that a file was written.
func (a *app) wrote(path string) error {
	info, err := os.Stat(path)
	if err == nil {
		fmt.Fprintf(a.err, "%s: %s\n", intake.Line(path), size(int(info.Size())))
	}
	return err
}

// exitCode is the one place where errors become exit codes.
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

// signaled is why a context was canceled.
type signaled struct{ signal syscall.Signal }

func (s signaled) Error() string { return s.signal.String() }

// echo is how soon after a signal another is no second request: timeout(1) signals its child, and then the child's group.
const echo = 100 * time.Millisecond

// interruptible is a context that the first SIGINT or SIGTERM cancels, for the work to be saved; a second ends the program at once.
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

// cutShort is the error of work that the end of ctx has cut short.
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
