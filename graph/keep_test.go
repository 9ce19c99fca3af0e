package graph

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestKeep: whatever sizes a network is asked for, it keeps few graphs, and it repeats its earlier results.
func TestKeep(t *testing.T) {
	n, err := New(Seq{Dense{Out: 4}, Dropout{P: .5}, Dense{Out: 2}}, Quadratic, Shape{3}, Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float32, 300*3), make([]float32, 300*2)
	for i := range x {
		x[i] = float32(i%7) / 7
	}
	first := map[int]Stats{}
	for round := range 2 {
		for m := 1; m <= 300; m += 1 + m/20 {
			if err := n.Predict(y[:2*m], x[:3*m]); err != nil {
				t.Fatal(err)
			}
			clear(y)
			s, err := n.Evaluate(x[:3*m], y[:2*m])
			if err != nil {
				t.Fatal(err)
			}
			if round > 0 && s != first[m] {
				t.Errorf("%d examples: %+v, then %+v", m, first[m], s)
			}
			first[m] = s
			if m <= 30 {
				if _, err := n.Step(x[:3*m], y[:2*m]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	count := map[purpose]int{}
	for u := range n.core.(*numbers[float32]).machines {
		count[u.purpose]++
	}
	for p, graphs := range count {
		if graphs > kept {
			t.Errorf("%d graphs of purpose %d", graphs, p)
		}
	}
	if len(count) != 3 {
		t.Errorf("graphs by purpose: %v", count)
	}
}

// TestWrongKernel: if the environment names a kernel that this machine does not have, New returns an error and the program goes on.
func TestWrongKernel(t *testing.T) {
	if os.Getenv("STHENO_KERNEL") == "abacus" {
		_, err := New(Dense{Out: 1}, Quadratic, Shape{1}, Config{})
		if err == nil || !strings.HasPrefix(err.Error(), `graph: STHENO_KERNEL: kernel "abacus" is not one of this machine's: `) {
			t.Errorf("error %v", err)
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=TestWrongKernel$")
	cmd.Env = append(os.Environ(), "STHENO_KERNEL=abacus")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
