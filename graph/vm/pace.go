package vm

import (
	"runtime"
	"slices"
	"time"

	"github.com/stheno-ml/stheno/internal/team"
)

// A pace says on how many threads a program's next run is: as many as were asked for or, where nobody asked, all or one, whichever takes less
// time. That cannot be known beforehand: it depends on the caches between the processors and on what else runs. So a trial times both in
// turn, and its result holds for many runs. The results of a run have the same bits either way.
type pace struct {
	sides   []int            // the threads to choose from; none: there is no choice
	threads int              // that were chosen
	left    int              // runs until the next trial
	rest    int              // how long the choice holds; it grows as long as trials agree
	now     func() time.Time // the clock

	turn  int             // of the trial, which gives each side a block of runs and then another
	cold  bool            // the next run is the first of a block
	runs  int             // of the present block that count
	spent time.Duration   // in its runs
	begun time.Time       // the present run, if it is timed
	best  []time.Duration // the shorter mean time of a run of each side's blocks
}

const (
	blockTime = 10 * time.Millisecond // of a block at least: a processor is taken away for some milliseconds
	rounds    = 2                     // blocks of each side: a hiccup spoils one
	hold      = 50                    // how many blocks a first choice holds
	longest   = 16                    // times as long, the most that it comes to hold
)

// newPace is for jobs on so many threads; 0: choose.
func newPace(threads int, jobs []team.Job) pace {
	p := pace{threads: threads, rest: 1, now: time.Now}
	if threads > 0 {
		return p
	}
	p.threads = runtime.GOMAXPROCS(0)
	if p.threads > 1 && slices.ContainsFunc(jobs, func(j team.Job) bool { return j.Parts > 1 }) {
		p.choose(p.threads, 1)
	}
	return p
}

// choose makes it choose from these.
func (p *pace) choose(sides ...int) {
	p.sides, p.best, p.cold = sides, make([]time.Duration, len(sides)), true
}

// tries says that the next run is one of a trial.
func (p *pace) tries() bool { return len(p.sides) > 0 && p.left == 0 }

// next is on how many threads the next run is.
func (p *pace) next() int {
	if p.tries() {
		return p.sides[p.turn%len(p.sides)]
	}
	return p.threads
}

// begin is to be called before a run.
func (p *pace) begin() {
	if p.tries() {
		p.begun = p.now()
	}
}

// end is to be called after it.
func (p *pace) end() {
	switch {
	case len(p.sides) == 0:
	case p.left > 0:
		p.left--
	default:
		p.tried(p.now().Sub(p.begun))
	}
}

// tried counts a run of a trial. The first of a block does not count, since it finds the numbers in another processor's cache, unless it is a
// block by itself.
func (p *pace) tried(took time.Duration) {
	if p.cold && took < blockTime {
		p.cold = false
		return
	}
	p.runs++
	if p.spent += took; p.spent < blockTime {
		return
	}
	mean, side := p.spent/time.Duration(p.runs), p.turn%len(p.sides)
	if p.turn < len(p.sides) || mean < p.best[side] {
		p.best[side] = mean
	}
	p.turn, p.cold, p.runs, p.spent = p.turn+1, true, 0, 0
	if p.turn == rounds*len(p.sides) {
		p.decide()
	}
}

// decide ends a trial.
func (p *pace) decide() {
	least := slices.Min(p.best)
	chosen := p.sides[slices.Index(p.best, least)]
	if p.rest = min(2*p.rest, longest); chosen != p.threads {
		p.rest = 1
	}
	p.threads, p.turn = chosen, 0
	p.left = p.rest * hold * max(1, int(blockTime/max(1, least)))
}
