package train_test

import (
	"errors"
	"sync"

	"github.com/stheno-ml/stheno/train"
)

// A circle is a group of goroutines that sum like peers, in the order of their ranks.
type circle struct {
	mu    sync.Mutex
	turn  *sync.Cond
	given []any
	sums  []float64
	left  int // how many have not taken the sums yet
	gone  bool
}

// A member is one goroutine of a circle.
type member struct {
	*circle
	rank int
}

func (m member) Rank() int { return m.rank }
func (m member) Size() int { return len(m.given) }

var errGone = errors.New("one of the peers has gone")

func (m member) Sum(x any) error {
	c := m.circle
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.left > 0 && !c.gone { // of the previous sum
		c.turn.Wait()
	}
	c.given[m.rank] = x
	if c.full() {
		c.add()
		c.left = len(c.given)
		c.turn.Broadcast()
	}
	for c.left == 0 && !c.gone {
		c.turn.Wait()
	}
	if c.gone {
		return errGone
	}
	switch x := x.(type) {
	case []float32:
		for i := range x {
			x[i] = float32(c.sums[i])
		}
	case []float64:
		copy(x, c.sums)
	}
	if c.left--; c.left == 0 {
		clear(c.given)
		c.turn.Broadcast()
	}
	return nil
}

func (c *circle) full() bool {
	for _, x := range c.given {
		if x == nil {
			return false
		}
	}
	return true
}

func (c *circle) add() {
	c.sums = nil
	for _, x := range c.given {
		switch x := x.(type) {
		case []float32:
			c.sums = append(c.sums, make([]float64, len(x)-len(c.sums))...)
			for i, v := range x {
				c.sums[i] = float64(float32(c.sums[i]) + v)
			}
		case []float64:
			c.sums = append(c.sums, make([]float64, len(x)-len(c.sums))...)
			for i, v := range x {
				c.sums[i] += v
			}
		}
	}
}

// together calls f as each of n peers, at the same time. The first one that returns an error ends all of them.
func together(n int, f func(p train.Peers) error) []error {
	c := &circle{given: make([]any, n)}
	c.turn = sync.NewCond(&c.mu)
	errs := make([]error, n)
	var all sync.WaitGroup
	for rank := range n {
		all.Go(func() {
			if errs[rank] = f(member{c, rank}); errs[rank] != nil {
				c.mu.Lock()
				c.gone = true
				c.turn.Broadcast()
				c.mu.Unlock()
			}
		})
	}
	all.Wait()
	return errs
}
