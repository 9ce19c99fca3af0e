package vm

import (
	"testing"
	"time"

	"github.com/stheno-ml/stheno/internal/team"
)

// A stand is a machine with its own clock, on which a run takes as long as cost says.
type stand struct {
	pace
	clock time.Time
	spent map[int]time.Duration // by threads
}

func newStand() *stand {
	s := &stand{pace: pace{threads: 2, rest: 1}, spent: map[int]time.Duration{}}
	s.now = func() time.Time { return s.clock }
	s.choose(2, 1)
	return s
}

// runs makes runs for the given time.
func (s *stand) runs(total time.Duration, cost func(threads int) time.Duration) {
	for until := s.clock.Add(total); s.clock.Before(until); {
		threads := s.next()
		s.begin()
		took := cost(threads)
		s.clock = s.clock.Add(took)
		s.end()
		s.spent[threads] += took
	}
}

func costs(two, one time.Duration) func(int) time.Duration {
	return func(threads int) time.Duration {
		if threads == 2 {
			return two
		}
		return one
	}
}

// TestPace: nearly all of the time goes to the faster choice, for short runs and for long ones.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		two, one time.Duration
		want     int
	}{
		{100 * time.Microsecond, 200 * time.Microsecond, 2},
		{200 * time.Microsecond, 100 * time.Microsecond, 1},
		{5 * time.Microsecond, 4 * time.Microsecond, 1},
		{16 * time.Millisecond, 31 * time.Millisecond, 2},
		{31 * time.Millisecond, 16 * time.Millisecond, 1},
		{2 * time.Second, 3 * time.Second, 2},
	} {
		s := newStand()
		s.runs(max(10*time.Second, 4000*c.two), costs(c.two, c.one))
		if other := s.spent[3-c.want]; s.threads != c.want || other > s.spent[c.want]/50 {
			t.Errorf("%v on two threads, %v on one: chose %d, %v of %v went to the other", c.two, c.one, s.threads, other, s.spent[c.want]+other)
		}
	}
}

// TestPaceLong: a choice between long runs needs only two of the slower ones.
func TestPaceLong(t *testing.T) {
	s := newStand()
	s.runs(6*100*time.Millisecond, costs(100*time.Millisecond, 200*time.Millisecond))
	if s.threads != 2 || s.tries() || s.spent[1] != 400*time.Millisecond {
		t.Errorf("%d threads after %v on one", s.threads, s.spent[1])
	}
}

// TestPaceFollows: another program comes and goes.
func TestPaceFollows(t *testing.T) {
	s := newStand()
	idle, busy := costs(100*time.Microsecond, 190*time.Microsecond), costs(300*time.Microsecond, 200*time.Microsecond)
	for i, cost := range []func(int) time.Duration{idle, busy, idle} {
		s.runs(30*time.Second, cost)
		if want := []int{2, 1, 2}[i]; s.threads != want {
			t.Errorf("phase %d: %d threads, want %d", i, s.threads, want)
		}
	}
}

// TestPaceHiccup: one run that takes very long does not decide.
func TestPaceHiccup(t *testing.T) {
	s, done := newStand(), 0
	s.runs(time.Second, func(threads int) time.Duration {
		if done++; done == 50 {
			return 30 * time.Millisecond
		}
		return costs(100*time.Microsecond, 120*time.Microsecond)(threads)
	})
	if s.threads != 2 {
		t.Errorf("%d threads, want 2", s.threads)
	}
}

// TestPaceFixed: with a requested number of threads, or with jobs of one part, there is no choice, and nobody reads the clock.
func TestPaceFixed(t *testing.T) {
	one, two := team.Job{Parts: 1}, team.Job{Parts: 2}
	for _, p := range []pace{newPace(1, []team.Job{one, two}), newPace(3, []team.Job{two}), newPace(0, []team.Job{one, one})} {
		p.now = nil
		want := p.threads
		for range 100 {
			p.begin()
			if got := p.next(); got != want {
				t.Errorf("%d threads, want %d", got, want)
			}
			p.end()
		}
	}
}
