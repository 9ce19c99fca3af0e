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
	claim atomic.Uint64 // job number in the high half, next part in the low half
	done  atomic.Int32  // finished parts of the job
	size  atomic.Int32  // how many may work on it, the caller included
	sleep atomic.Int32  // workers that wait on wake
	wake  chan struct{}
}

// closed is a part number that no job has: nothing can be claimed.
const closed = 1<<32 - 1

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
	if threads == 1 || j.parts == 1 || !workers().busy.TryLock() {
		for i := range j.parts {
			j.run(i)
		}
		return
	}
	t := workers()
	defer t.busy.Unlock()
	number := t.claim.Load()>>32 + 1
	t.claim.Store(number<<32 | closed) // so that no worker claims a part of j for the job before
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
		c := t.claim.Load()
		j := t.job.Load()
		part := int(uint32(c))
		if j == nil || part >= j.parts || member >= int(t.size.Load()) {
			return
		}
		// Success means that the job is still the one that was read: a job ends only when all its parts are done.
		if t.claim.CompareAndSwap(c, c+1) {
			j.run(part)
			t.done.Add(1)
		}
	}
}

func (t *team) work(member int) {
	for {
		seen := t.claim.Load()
		t.help(member)
		for i := 0; t.claim.Load()>>32 == seen>>32; i++ {
			if i < spins {
				rest(i)
				continue
			}
			t.sleep.Add(1)
			if t.claim.Load()>>32 == seen>>32 {
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
