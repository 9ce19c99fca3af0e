package graph

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// job is work in parts that may run in any order and at once.
type job struct {
	parts int
	run   func(part int)
}

// team is the process's worker goroutines, one a processor beside the caller. A step of a deep network takes about a hundred
// microseconds, waking a sleeping thread takes tens: so a worker that has just worked spins for a while before it sleeps.
type team struct {
	busy  sync.Mutex // held by the caller whose jobs the team runs
	job   atomic.Pointer[job]
	claim atomic.Uint64 // see claims
	done  atomic.Int32  // finished parts of the job
	size  atomic.Int32  // how many may work on it, the caller included
	sleep atomic.Int32  // workers that wait on wake
	wake  chan struct{}
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

// do runs all parts of j: on the team if that is free and threads allows it, by the caller alone otherwise.
func do(j *job, threads int) {
	if threads == 1 || j.parts == 1 || j.parts >= most || !workers().busy.TryLock() {
		for i := range j.parts {
			j.run(i)
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
	for range min(int(t.sleep.Load()), threads-1) {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	t.help(0)
	for i := 0; int(t.done.Load()) < j.parts; i++ {
		rest(i)
	}
}

// Parallel calls f once for each part from 0 to parts−1, in any order, and at once on as many processors as the network uses. Who wants
// the same bits from any number of them lets what a part does depend on nothing but the part.
func (n *Net) Parallel(parts int, f func(part int)) { do(&job{parts, f}, n.processors()) }

// processors is how many the network uses.
func (n *Net) processors() int {
	if n.threads > 0 {
		return n.threads
	}
	return runtime.GOMAXPROCS(0)
}

// help runs parts of the present job until none is left to claim. The caller is member 0.
func (t *team) help(member int) {
	for {
		c := claims(t.claim.Load())
		j := t.job.Load()
		if j == nil || c.front()+c.back() >= j.parts || member >= int(t.size.Load()) {
			return
		}
		part, next := c.front(), c+front
		if member > 0 {
			part, next = j.parts-1-c.back(), c+back
		}
		// Success means that the job is still the one that was read: a job ends only when all its parts are done.
		if t.claim.CompareAndSwap(uint64(c), uint64(next)) {
			j.run(part)
			t.done.Add(1)
		}
	}
}

func (t *team) work(member int) {
	for {
		seen := claims(t.claim.Load()).job()
		t.help(member)
		for i := 0; claims(t.claim.Load()).job() == seen; i++ {
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
