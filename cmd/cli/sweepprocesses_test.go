//go:build linux || darwin

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// gridOf24 is a sweep of 24 trials.
const gridOf24 = `format = 1
model = "mlp"
[train]
data = "DIR"
epochs = 5
train_size = 200
eta = [0.1, 0.5, 3]
lambda = [0, 1]
seed = "range(1, 4)"
`

// As many processes as trials work in one folder at once, three more want trials that others train, and five are killed. Each is as on
// a computer of its own. Called until all have ended, they leave the table of one process, and a run for each trial.
func TestSweepProcesses(t *testing.T) {
	sweepIn(t, gridOf24)
	want := swept(t, "--runs", "alone")
	kills := map[int]bool{3: true, 8: true, 11: true, 16: true, 22: true}
	var processes []*program
	for i := range 24 {
		processes = append(processes, beginTrial(t, i))
	}
	for _, i := range []int{0, 12, 23} {
		processes = append(processes, beginTrial(t, i))
	}
	killed := 0
	var again []int
	for k, p := range processes {
		if kills[k] {
			<-p.lines // The run is there, and its training begins.
			if err := p.Process.Signal(syscall.SIGKILL); err != nil && err != os.ErrProcessDone {
				t.Fatal(err)
			}
		}
	}
	for k, p := range processes {
		code := p.exit(t)
		if code < 0 {
			killed++
		}
		if k < 24 && code != 0 {
			again = append(again, k)
		}
		if k >= 24 && code != 0 && !strings.Contains(p.err.String(), "is training it; wait until that ends, or stop it") {
			t.Logf("a second process: exit %d\n%s", code, &p.err) // It had the trial, and no time to say so.
		}
	}
	t.Logf("killed %d, of which those of %v are called again", killed, again)
	untilDone(t, again)
	alikeTrials(t, swept(t, "--list"), want)
	runs, err := filepath.Glob(filepath.Join("runs", "*", "run.json"))
	if err != nil || len(runs) != 24 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
	for _, path := range runs {
		checkLog(t, filepath.Dir(path), 5)
	}
}

// beginTrial calls sweep for a trial, as on a computer of its own.
func beginTrial(t *testing.T, i int) *program {
	return start(t, "computer", "", "sweep", "s.toml", "--index", fmt.Sprint(i))
}

// untilDone calls trials again until each has ended.
func untilDone(t *testing.T, again []int) {
	t.Helper()
	for round := 0; len(again) > 0; round++ {
		if round == 20 {
			t.Fatalf("the trials %v do not end", again)
		}
		var processes []*program
		for _, i := range again {
			processes = append(processes, beginTrial(t, i))
		}
		var more []int
		for k, p := range processes {
			if code := p.exit(t); code != 0 {
				more = append(more, again[k])
				t.Logf("trial %d: exit %d, %s", again[k], code, &p.err)
			}
		}
		again = more
	}
}
