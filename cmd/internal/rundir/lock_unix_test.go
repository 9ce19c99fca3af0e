//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package rundir

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets this program be another trainer too.
func TestMain(m *testing.M) {
	if path := os.Getenv("RUNDIR_TEST_TRAIN"); path != "" {
		trainForEver(path)
	}
	os.Exit(m.Run())
}

// trainForEver goes on with the run, and prints each step when it is safe.
func trainForEver(path string) {
	r, _, err := Resume(path, most)
	for step := 1; err == nil; step++ {
		if err = epoch(r, step, true); err == nil {
			_, err = fmt.Println(step)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// A run whose trainer is gone is not running, whatever its run.json says; one whose trainer is alive is, however often one asks, and
// asking does not stand in the way of the next trainer.
func TestKilled(t *testing.T) {
	r := start(t, quick{})
	status := func(want Status) {
		t.Helper()
		entries, err := List(filepath.Dir(r.Path()))
		if err != nil || len(entries) != 1 || entries[0].Err != nil || entries[0].Info.Status != want {
			t.Errorf("got %+v, %v; want %s", entries, err, want)
		}
	}
	train(t, r, 1, 1)
	status(Running)
	status(Running)
	r.Close() // as a kill does: without another status
	status(Killed)
	asking, err := os.Open(r.file(lockFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := lock(asking, syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	status(Killed)
	time.AfterFunc(15*time.Millisecond, func() { asking.Close() })
	w, _, err := Resume(r.Path(), most)
	if err != nil {
		t.Fatal(err)
	}
	status(Running)
	if err := w.Update(func(i *Info) { i.Status = Done }); err != nil {
		t.Fatal(err)
	}
	w.Close()
	status(Done)
	if err := os.Remove(r.file(lockFile)); err != nil {
		t.Fatal(err)
	}
	status(Done)
	if r, err := Open(r.Path()); err != nil || r.Info().Status != Done {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestLock(t *testing.T) {
	r := start(t, quick{})
	train(t, r, 1, 1)
	holder := fmt.Sprintf("process %d;", os.Getpid())
	locked := func() {
		t.Helper()
		before := content(t, r, metricsFile) + content(t, r, infoFile)
		if w, _, err := Resume(r.Path(), most); w != nil || !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), r.Path()) || !strings.Contains(err.Error(), holder) {
			t.Errorf("second trainer: got %v", err)
		}
		if content(t, r, metricsFile)+content(t, r, infoFile) != before {
			t.Error("the second trainer changed the run")
		}
	}
	locked()
	locked() // The first refusal has not taken the lock away.
	r.Close()
	w, s, err := Resume(r.Path(), most)
	isStep(t, s, err, 1)
	locked()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, r.file(lockFile), "") // A lock is held by a process, not by its file.
	w, s, err = Resume(r.Path(), most)
	isStep(t, s, err, 1)
	w.Close()
}

func TestFailedResumeUnlocks(t *testing.T) {
	r := start(t, quick{})
	train(t, r, 1, 1)
	r.Close()
	whole := content(t, r, checkpoints, nameOf(1))
	put(t, r.file(checkpoints, nameOf(1)), "x")
	if _, _, err := Resume(r.Path(), most); !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
	put(t, r.file(checkpoints, nameOf(1)), whole)
	w, s, err := Resume(r.Path(), most)
	isStep(t, s, err, 1)
	w.Close()
}

// TestKilledTrainer: another process cannot be joined, and what it acknowledged is there when it was killed.
func TestKilledTrainer(t *testing.T) {
	r := start(t, quick{})
	r.Close()
	for _, steps := range []int{1, 2, 5} {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "RUNDIR_TEST_TRAIN="+r.Path())
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		acked, lines := 0, bufio.NewScanner(out)
		for range steps {
			if lines.Scan() {
				fmt.Sscan(lines.Text(), &acked)
			}
		}
		if _, _, err := Resume(r.Path(), most); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d;", child.Process.Pid)) {
			t.Errorf("beside a trainer: got %v", err)
		}
		child.Process.Kill()
		for lines.Scan() { // It may have gone on until it was killed.
			fmt.Sscan(lines.Text(), &acked)
		}
		child.Wait()
		w, s, err := Resume(r.Path(), most)
		if err != nil || acked < steps || s.Step < acked || s.Step > acked+1 {
			t.Fatalf("killed after step %d: got %v, %v", acked, s, err)
		}
		isStep(t, s, nil, s.Step)
		w.Close()
	}
}
