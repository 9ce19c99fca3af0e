package vm

import (
	"runtime"
	"slices"
	"time"

	"github.com/stheno-ml/stheno/internal/team"
)

// A pace decides on how many threads a program runs: as many as requested or, without a request, all or one, whichever is faster. This cannot be
// predicted, because it depends on the caches between the processors and on what else runs. So a trial times both in turn, and its result
// is used for many runs. The results of a run have the same bits either way.
type pace struct {
	sides   []int            // the numbers of threads to choose from; empty: no choice
	threads int              // the chosen number
	left    int              // runs until the next trial
	rest    int              // how long the choice holds, which grows as long as trials agree
	now     func() time.Time // the clock

	turn  int             // the trial's turn; it gives each side one block of runs, and then another
	cold  bool            // the next run is the first of a block
	runs  int             // runs in the current block that count
	spent time.Duration   // time spent on them
	begun time.Time       // start of the current run, if it is timed
	best  []time.Duration // each side's shortest mean time for a run of a block
}

const (
	blockTime = 10 * time.Millisecond // a block's minimum length: the system can take a processor away for some milliseconds
	rounds    = 2                     // blocks for each side, so that a hiccup spoils only one
	hold      = 50                    // how many blocks a first choice holds
	longest   = 16                    // the most by which that time grows
)

// newPace returns a pace for jobs on the given number of threads; 0 means choose.
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

// choose makes it choose from the given numbers.
func (p *pace) choose(sides ...int) {
	p.sides, p.best, p.cold = sides, make([]time.Duration, len(sides)), true
}

// tries reports whether the next run belongs to a trial.
func (p *pace) tries() bool { return len(p.sides) > 0 && p.left == 0 }

// next returns the number of threads for the next run.
func (p *pace) next() int {
	if p.tries() {
		return p.sides[p.turn%len(p.sides)]
	}
	return p.threads
}

// begin must be called before each run.
func (p *pace) begin() {
	if p.tries() {
		p.begun = p.now()
	}
}

// end must be called after each run.
func (p *pace) end() {
	switch {
	case len(p.sides) == 0:
	case p.left > 0:
		p.left--
	default:
		p.tried(p.now().Sub(p.begun))
	}
}

// tried counts a run of a trial. A block's first run does not count, because the data are still in another processor's cache, unless the run
// is a block by itself.
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
