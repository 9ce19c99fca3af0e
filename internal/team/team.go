// Package team is the process's worker goroutines, which work on the parts of one job at a time.
package team

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// A Job is work in parts that may run in any order and at once.
type Job struct {
	Parts int
	Run   func(part int)
}

// team is the process's worker goroutines, one a processor beside the caller. A step of a deep network takes about a hundred
// microseconds, waking a sleeping thread takes tens: so a worker that has just worked spins for a while before it sleeps.
type team struct {
	busy       sync.Mutex // held by the caller whose jobs the team runs
	job        atomic.Pointer[Job]
	claim      atomic.Uint64 // see claims
	done       atomic.Int32  // finished parts of the job
	size       atomic.Int32  // how many may work on it, the caller included
	sleep      atomic.Int32  // workers that wait on wake
	wake       chan struct{}
	background atomic.Pointer[background]
}

// background is work whose parts the workers do while they have nothing else to do.
type background struct {
	parts   int
	run     func(member, part int)
	members int          // who may, the caller included
	next    atomic.Int32 // the first part that nobody has taken
	done    atomic.Int32
}

// take does a part; false if none is left, or the member is not among those who may.
func (a *background) take(member int) bool {
	if a == nil || member >= a.members || int(a.next.Load()) >= a.parts {
		return false
	}
	part := int(a.next.Add(1)) - 1
	if part >= a.parts {
		return false
	}
	a.run(member, part)
	a.done.Add(1)
	return true
}

// claims are what is left of the present job: its number in the high half, then how many parts were claimed from the front and from the
// back. The caller takes parts from the front and the workers from the back, so that a part which comes again in every step mostly finds
// its weights in the cache of the same processor.
type claims uint64

const (
	front claims = 1 << 16
	back  claims = 1
	most         = 1<<16 - 1 // parts of a job
)

func (c claims) job() uint64 { return uint64(c) >> 32 }
func (c claims) front() int  { return int(c>>16) & most }
func (c claims) back() int   { return int(c) & most }

// closed are the claims of a job of which nothing is left, whatever it is.
func closed(number uint64) uint64 { return number<<32 | most<<16 }

// spins is how long a worker waits for the next job before it sleeps: some 300 µs.
const spins = 20000

var workers = sync.OnceValue(func() *team {
	n := runtime.GOMAXPROCS(0) - 1
	t := &team{wake: make(chan struct{}, n)}
	for i := range n {
		go t.work(i + 1)
	}
	return t
})

// Do runs all parts of j, on up to so many threads, if the team is free; otherwise the caller runs them alone. Whoever wants the same bits
// from any number of threads lets what a part does depend on nothing but the part.
func Do(j *Job, threads int) {
	if threads == 1 || j.Parts == 1 || j.Parts >= most || !workers().busy.TryLock() {
		for i := range j.Parts {
			j.Run(i)
		}
		return
	}
	t := workers()
	defer t.busy.Unlock()
	number := claims(t.claim.Load()).job() + 1
	t.claim.Store(closed(number)) // so that no worker claims a part of j for the job before
	t.job.Store(j)
	t.done.Store(0)
	t.size.Store(int32(threads))
	t.claim.Store((number + 1) << 32)
	t.call(threads - 1)
	t.help(0)
	for i := 0; int(t.done.Load()) < j.Parts; i++ {
		rest(i)
	}
}

// call wakes up to so many of the workers that sleep.
func (t *team) call(workers int) {
	for range min(int(t.sleep.Load()), workers) {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// Background has f called once for each part from 0 to parts−1, in any order, by up to so many processors that have nothing to do at the time:
// while they run a job, they wait for each other now and then. Only one call at a time has the same member, a number below Size(threads).
// The caller must call finish, which does what is left and returns when all parts are done.
func Background(parts, threads int, f func(member, part int)) (finish func()) {
	a := &background{parts: parts, run: f, members: Size(threads)}
	shared := a.members > 1 && workers().background.CompareAndSwap(nil, a) // otherwise another caller has work in the background
	if shared {
		workers().call(a.members - 1)
	}
	return func() {
		for a.take(0) {
		}
		for i := 0; int(a.done.Load()) < a.parts; i++ {
			rest(i)
		}
		if shared {
			workers().background.Store(nil)
		}
	}
}

// Most is the largest size of a team: each member has memory of its own.
const Most = 256

// Size is how many processors so many threads are, at most Most; 0 means one thread a processor.
func Size(threads int) int {
	if threads > 0 {
		return min(threads, Most)
	}
	return min(runtime.GOMAXPROCS(0), Most)
}

// help runs parts of the present job until none is left to claim. The caller is member 0.
func (t *team) help(member int) {
	for {
		c := claims(t.claim.Load())
		j := t.job.Load()
		if j == nil || c.front()+c.back() >= j.Parts || member >= int(t.size.Load()) {
			return
		}
		part, next := c.front(), c+front
		if member > 0 {
			part, next = j.Parts-1-c.back(), c+back
		}
		// Success means that the job is still the one that was read: a job ends only when all its parts are done.
		if t.claim.CompareAndSwap(uint64(c), uint64(next)) {
			j.Run(part)
			t.done.Add(1)
		}
	}
}

func (t *team) work(member int) {
	for {
		seen := claims(t.claim.Load()).job()
		t.help(member)
		for i := 0; claims(t.claim.Load()).job() == seen; i++ {
			if t.background.Load().take(member) {
				i = 0
				continue
			}
			if i < spins {
				rest(i)
				continue
			}
			t.sleep.Add(1)
			if claims(t.claim.Load()).job() == seen {
				<-t.wake
			}
			t.sleep.Add(-1)
			i = 0
		}
	}
}

// rest is the i-th moment of a wait.
func rest(i int) {
	if i%64 == 63 {
		runtime.Gosched()
	}
	kernel.Pause()
}
