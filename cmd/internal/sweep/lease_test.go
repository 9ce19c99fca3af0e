package sweep

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const minute = time.Minute

// leases are those of computers that share a folder; none knows the processes of another.
func leases(t *testing.T, computers int) []*Leases {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deep", "folder")
	var all []*Leases
	for range computers {
		l, err := Open(dir, minute, "")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// isLost says that a lease was lost.
func (x *Lease) isLost() bool {
	select {
	case <-x.Lost():
		return true
	default:
		return false
	}
}

// wantHeld fails the test unless the error says that the lease is held, by a process that is seen alive or not.
func wantHeld(t *testing.T, err error, alive bool) {
	t.Helper()
	if held, ok := errors.AsType[*HeldError](err); !ok || held.Alive != alive {
		t.Fatalf("%v; want that it is held, alive: %v", err, alive)
	}
}

// Of many that want a trial at the same instant, one has it, also where they take it over from a dead one.
func TestLeaseOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := leases(t, 40)
		for round := range 3 {
			var mu sync.Mutex
			var have []*Lease
			var takers sync.WaitGroup
			for _, l := range all {
				takers.Go(func() {
					x, err := l.Await(t.Context(), "a")
					if err != nil {
						wantHeld(t, err, true)
						return
					}
					mu.Lock()
					have = append(have, x)
					mu.Unlock()
				})
			}
			takers.Wait()
			if len(have) != 1 {
				t.Fatalf("round %d: %d have it", round, len(have))
			}
			kill(have[0])
		}
	})
}

func TestLeaseGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := leases(t, 2)
		x, err := l[0].Take("a")
		if err != nil {
			t.Fatal(err)
		}
		_, err = l[1].Take("a")
		wantHeld(t, err, false)
		if h, held := l[1].Who("a"); !held || h.PID != os.Getpid() {
			t.Errorf("%+v, %v", h, held)
		}
		time.Sleep(10 * minute) // it lives on
		_, err = l[1].Await(t.Context(), "a")
		wantHeld(t, err, true)
		go func() {
			time.Sleep(minute / 100)
			_ = x.Release()
		}()
		y, err := l[1].Await(t.Context(), "a")
		if err != nil || x.isLost() {
			t.Fatalf("given back: %v, lost %v", err, x.isLost())
		}
		if err := y.Release(); err != nil {
			t.Error(err)
		}
		if _, held := l[0].Who("a"); held {
			t.Error("held by nobody")
		}
		b, err := l[0].Take("b") // which is another trial
		if err != nil {
			t.Fatal(err)
		}
		_ = b.Release()
	})
}

// A dead process's trial is taken over after the term, and no sooner.
func TestLeaseOfDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := leases(t, 2)
		x, err := l[0].Take("a")
		if err != nil {
			t.Fatal(err)
		}
		kill(x)
		begin := time.Now()
		y, err := l[1].Await(t.Context(), "a")
		if took := time.Since(begin); err != nil || took < minute || took > 2*minute {
			t.Fatalf("%v after %v", err, took)
		}
		_ = y.Release()
	})
}

// kill ends a lease's signs of life, as the end of its process does.
func kill(x *Lease) {
	close(x.stop)
	x.beats.Wait()
	x.fence.Stop()
}

// A holder that cannot give signs of life stops before another may take over, and writes nothing more.
func TestLeaseLost(t *testing.T) {
	for name, fail := range map[string]func(t *testing.T, l *Leases, x *Lease){
		"the file is gone": func(t *testing.T, l *Leases, x *Lease) {
			if err := os.Remove(x.path); err != nil {
				t.Fatal(err)
			}
		},
		"the file cannot be written": func(t *testing.T, l *Leases, x *Lease) {
			if err := errors.Join(os.Remove(x.path), os.Mkdir(x.path, 0o777)); err != nil {
				t.Fatal(err)
			}
		},
		"another has it": func(t *testing.T, l *Leases, x *Lease) {
			if y, err := l.make("a", 2); err != nil {
				t.Fatal(err)
			} else {
				kill(y)
			}
		},
		"the file is another's": func(t *testing.T, l *Leases, x *Lease) {
			if err := os.WriteFile(x.path, []byte(`{"key":"other"}`), 0o666); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := leases(t, 1)[0]
				x, err := l.Take("a")
				if err != nil {
					t.Fatal(err)
				}
				fail(t, l, x)
				before, _ := os.ReadFile(x.path)
				begin := time.Now()
				<-x.Lost()
				if took := time.Since(begin); took > minute {
					t.Errorf("after %v", took)
				}
				if err := x.Release(); err != nil {
					t.Error(err)
				}
				if after, _ := os.ReadFile(x.path); string(after) != string(before) {
					t.Errorf("wrote %s", after)
				}
			})
		})
	}
}

// On one computer, the system says at once whether a holder is alive.
func TestLeaseHere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere nobody can tell")
	}
	l := leases(t, 1)[0]
	l.Here = Here()
	x, err := l.Take("a")
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Take("a")
	wantHeld(t, err, false) // by this process
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	kill(x)
	x.PID = dead.Process.Pid
	if err := x.write(); err != nil {
		t.Fatal(err)
	}
	y, err := l.Take("a")
	if err != nil {
		t.Fatal(err)
	}
	kill(y)
	y.PID, y.Here = dead.Process.Pid, "another computer"
	if err := y.write(); err != nil {
		t.Fatal(err)
	}
	_, err = l.Take("a")
	wantHeld(t, err, false)
}

// A file that is being written, or is none of ours, is somebody's who may be alive.
func TestLeaseTorn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := leases(t, 1)[0]
		for _, text := range []string{"", `{"key":"x`, "[]"} {
			if err := os.WriteFile(filepath.Join(l.Dir, "a.1"), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := l.Take("a")
			wantHeld(t, err, false)
		}
		x, err := l.Await(t.Context(), "a")
		if err != nil || filepath.Base(x.path) != "a.2" {
			t.Fatal(err)
		}
		_ = x.Release()
	})
}
