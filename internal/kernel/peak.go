package kernel

import (
	"sync"
	"time"
)

// mulAdd uses eight numbers, so that none has to wait for another.
func mulAdd[T Float](n int, x T) int {
	var a, b, c, d, e, f, g, h T
	for range n {
		a = a*x + x
		b = b*x + x
		c = c*x + x
		d = d*x + x
		e = e*x + x
		f = f*x + x
		g = g*x + x
		h = h*x + x
	}
	if a+b+c+d+e+f+g+h == 0 { // never true, but the compiler must not remove the computation
		return 0
	}
	return 8 * n
}

// Peak returns how many GFLOP/s (10⁹ floating-point operations per second, two for a multiply-add) the given number of threads reaches in total, if
// the current row's multiply-adds stay in registers. It is the best of fifty tries of about a millisecond: what the processor can do, not what
// other programs leave of it.
func Peak[T Float](threads int) float64 {
	best := 0.
	for range 50 {
		best = max(best, mulAdds[T](threads, 1<<18).gflops())
	}
	return best
}

// rate is an amount of work and the time it took.
type rate struct {
	flops   int
	elapsed time.Duration
}

func (r rate) gflops() float64 { return float64(r.flops) / float64(r.elapsed.Nanoseconds()) }

// mulAdds runs n rounds of MulAdd on each of the threads.
func mulAdds[T Float](threads, n int) rate {
	var all sync.WaitGroup
	done, begin := make([]int, threads), time.Now()
	for i := range done {
		all.Go(func() { done[i] = For[T]().MulAdd(n, .5) })
	}
	all.Wait()
	r := rate{elapsed: time.Since(begin)}
	for _, multiplyAdds := range done {
		r.flops += 2 * multiplyAdds
	}
	return r
}
