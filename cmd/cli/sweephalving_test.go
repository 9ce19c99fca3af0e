package cli

import (
	"fmt"
	"strings"
	"testing"
)

const halvedSweep = `format = 1
model = "784-8-10"
halving = 2
[train]
data = "DIR"
epochs = 8
schedule = "cosine"
eta = [0.01, 0.1, 0.5, 3]
`

// The best half goes on after each stage, by checkpoints, so that the last has the bits of a training that nobody stopped; and processes that
// each know one trial come to the same end.
func TestSweepHalving(t *testing.T) {
	sweepIn(t, halvedSweep)
	write(t, "whole.toml", []byte(strings.Replace(readAll(t, "s.toml"), "halving = 2\n", "", 1)))
	whole := byIndex(t, ok(t, "sweep", "whole.toml", "--json").out)
	trials := swept(t)
	epochs := map[float64]int{}
	for i, e := range trials {
		n := e["epochs"].(float64)
		epochs[n]++
		if want := map[bool]string{true: "done", false: "out"}[n == 8]; e["status"] != want {
			t.Errorf("trial %d: %v", i, e)
		}
		if n == 8 {
			mine, uncut := e["run"].(string), whole[i]["run"].(string)
			if latestTensors(t, mine) != latestTensors(t, uncut) || e["val_acc"] != whole[i]["val_acc"] {
				t.Errorf("the last has other bits than without a halving: %v, %v", e, whole[i])
			}
		}
	}
	if fmt.Sprint(epochs) != "map[2:2 4:1 8:1]" {
		t.Errorf("epochs of trials: %v", epochs)
	}
	if r := ok(t, "sweep", "s.toml"); r.err != "" || strings.Count(r.out, " out ") != 3 {
		t.Errorf("again:\n%s%s", r.out, r.err)
	}
	said := ""
	for range 3 { // stages
		for i := range 4 {
			said += ok(t, "sweep", "s.toml", "--runs", "tasks", "--index", fmt.Sprint(3-i)).err
		}
	}
	alikeTrials(t, swept(t, "--list", "--runs", "tasks"), trials)
	for _, want := range []string{
		"trial 3 has trained 2 of 8 epochs; whether it goes on depends on trials that have not come as far: call it again",
		"trial 0 ends after 2 of 8 epochs: others were better",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
}
