// Package team has the process's worker goroutines, which work together on the parts of one job at a time.
package team

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// A Job is work in parts that may run in any order and at the same time.
type Job struct {
	Parts int
	Run   func(part int)
}

// team is the worker goroutines, one for each processor except the caller's. A step of a deep network takes about a hundred microseconds, and
// waking a sleeping thread takes tens of them. So after work, a worker spins for a while before it sleeps.
type team struct {
	busy       sync.Mutex // held by the caller whose job the team runs
	job        atomic.Pointer[Job]
	claim      atomic.Uint64 // see claims
	done       atomic.Int32  // finished parts of the job
	size       atomic.Int32  // how many may work on it, including the caller
	sleep      atomic.Int32  // workers that wait on wake
	wake       chan struct{}
	background atomic.Pointer[background]
}

// background is work for idle workers. A worker does a part of it when it has nothing else to do.
type background struct {
	parts   int
	run     func(member, part int)
	members int          // how many may do it, including the caller
	next    atomic.Int32 // the first part that nobody has taken
	done    atomic.Int32
}

// take does a part. It returns false if no part is left, or if this member may not do the work.
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

// claims are the unclaimed parts of the current job: its number in the high half, and then how many parts were claimed from the front and from
// the back. The caller takes parts from the front and workers take them from the back. So a part that comes again in every step mostly finds
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

// closed returns the claims of a job with no parts left.
func closed(number uint64) uint64 { return number<<32 | most<<16 }

// spins is how long a worker waits for the next job before it sleeps: about 300 µs.
const spins = 20000

var workers = sync.OnceValue(func() *team {
	n := runtime.GOMAXPROCS(0) - 1
	t := &team{wake: make(chan struct{}, n)}
	for i := range n {
		go t.work(i + 1)
	}
	return t
})

// Do runs all parts of j on up to threads threads if the team is free. Otherwise the caller runs them alone. To get the same bits with
// any number of threads, what a part does must depend on nothing but the part.
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
	t.claim.Store(closed(number)) // so that no worker claims a part of j for the previous job
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

// call wakes up to this many sleeping workers.
func (t *team) call(workers int) {
	for range min(int(t.sleep.Load()), workers) {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// Background calls f once for each part from 0 to parts−1, in any order, on up to threads processors while they are idle: even in a job,
// processors sometimes wait for each other. No two calls with the same member, a number below Size(threads), run at the same time.
// The caller must call finish, which does the remaining parts and returns when all are done.
func Background(parts, threads int, f func(member, part int)) (finish func()) {
	a := &background{parts: parts, run: f, members: Size(threads)}
	shared := a.members > 1 && workers().background.CompareAndSwap(nil, a) // otherwise another caller has background work
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

// Most is the largest size of a team. It is limited because each member has memory of its own.
const Most = 256

// Size returns how many processors the given number of threads uses, at most Most; 0 means one thread for each processor.
func Size(threads int) int {
	if threads > 0 {
		return min(threads, Most)
	}
	return min(runtime.GOMAXPROCS(0), Most)
}

// help runs parts of the current job until none is left to claim. The caller is member 0.
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
		// If this succeeds, the job is still the one that was read: a job ends only when all its parts are done.
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

// rest does the i-th pause of a wait.
func rest(i int) {
	if i%64 == 63 {
		runtime.Gosched()
	}
	kernel.Pause()
}
