package graph

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// numbers is the core of a network with elements of type T.
type numbers[T kernel.Float] struct {
	machines map[use]*machine[T]
	order    []use          // the machines' keys, most recently used last
	running  map[string][]T // the running moments of batch norms, by layer
	trained  *machine[T]    // the machine of the last training step
}

func newNumbers[T kernel.Float]() core {
	return &numbers[T]{machines: map[use]*machine[T]{}, running: map[string][]T{}}
}

func (*numbers[T]) buffer(n int) any { return make([]T, n) }

// moments finds or creates a layer's running moments: means, then variances. mean and variance are nil if the moments existed.
func (c *numbers[T]) moments(name string, n int) (all, mean, variance any) {
	if m := c.running[name]; m != nil {
		return m, nil, nil
	}
	m := make([]T, 2*n)
	op.Fill(m[n:], 1)
	c.running[name] = m
	return m, m[:n:n], m[n:]
}

func (c *numbers[T]) last() runner {
	if c.trained == nil {
		return nil
	}
	return c.trained
}

// kept is how many graphs a network keeps for each purpose.
const kept = 8

// machine finds or creates the graph and VM for u.
func (c *numbers[T]) machine(n *Net, u use) (runner, error) {
	m := c.machines[u]
	if m != nil && c.order[len(c.order)-1] == u {
		return m, nil
	}
	if m == nil {
		var err error
		if m, err = newMachine[T](n, u); err != nil {
			return nil, fmt.Errorf("graph: %w", err)
		}
		c.forget(u.purpose)
		c.machines[u] = m
	}
	c.order = append(slices.DeleteFunc(c.order, func(o use) bool { return o == u }), u)
	return m, nil
}

// forget makes room for one more machine of the purpose.
func (c *numbers[T]) forget(p purpose) {
	count := 0
	for i, u := range slices.Backward(c.order) {
		if u.purpose != p {
			continue
		}
		if count++; count >= kept {
			delete(c.machines, u)
			c.order = slices.Delete(c.order, i, i+1)
		}
	}
}

func (c *numbers[T]) predictor(n *Net, u use) (runner, error) { return newMachine[T](n, u) }
