package op

// formula builds the Recurrence step by step, from z, the weights and the mask, with ops that have derivatives of any order. It serves derivatives
// of the gradient op, exports to formats without such a loop, and tests. If extra (m,steps,n) is not nil, it is added to a GRU's q.
func (r Recurrence) formula(x Nodes, extra *Node) *Node {
	s, n := x[0].Shape(), x[1].Shape()[0]
	m, steps := s[0], s[1]
	at := func(t int) *Node { return Reshape(Shape{m, s[2]}).Apply(Part(t, t+1).Apply(x[0])) }
	outs := make(Nodes, steps)
	var state Nodes // h, and for an LSTM c; nil stands for the zeros before the first step
	for k := range steps {
		t := k
		if r.Reverse {
			t = steps - 1 - k
		}
		var more *Node
		if extra != nil && r.Cell == GRU {
			more = Reshape(Shape{m, n}).Apply(Part(t, t+1).Apply(extra))
		}
		next := r.Cell.next(at(t), more, x[1:], state)
		if r.Masked {
			outs[t], state = stay(next, state, Part(t, t+1).Apply(x[len(x)-1]))
		} else {
			outs[t], state = next[0], next
		}
	}
	for t := range outs {
		outs[t] = Reshape(Shape{m, 1, n}).Apply(outs[t])
	}
	return Concat(steps).Apply(outs...)
}

// stay returns the output and the state of a step in which the examples that the mask (m,1) excludes keep their state.
func stay(next, state Nodes, mask *Node) (out *Node, now Nodes) {
	s := next[0].Shape()
	only := func(x *Node) *Node { // x for the examples in the mask, else 0
		return Reshape(s).Apply(Keep.Apply(Reshape(Shape{s[0], 1, s[1]}).Apply(x), mask))
	}
	for i := range next {
		h := only(next[i])
		if i == 0 {
			out = h
		}
		if state != nil {
			h = add(h, sub(state[i], only(state[i])))
		}
		now = append(now, h)
	}
	return out, now
}

// next returns the next state, from a step's z (m,k·n), what is added to q, the weights and the previous state.
func (c Cell) next(z, more *Node, w, state Nodes) Nodes {
	n := w[0].Shape()[0]
	gate := func(x *Node, k int) *Node { return Part(k*n, (k+1)*n).Apply(x) }
	var of *Node // h′ U
	if state != nil {
		of = Linear.Apply(state[0], w[0])
	}
	sum := func(k int) *Node {
		if of == nil {
			return gate(z, k)
		}
		return add(gate(z, k), gate(of, k))
	}
	switch c {
	case LSTM:
		i, f, g, o := Sigmoid.Apply(sum(0)), Sigmoid.Apply(sum(1)), Tanh.Apply(sum(2)), Sigmoid.Apply(sum(3))
		next := mul(i, g)
		if state != nil {
			next = add(mul(f, state[1]), next)
		}
		return Nodes{mul(o, Tanh.Apply(next)), next}
	case GRU:
		r, u := Sigmoid.Apply(sum(0)), Sigmoid.Apply(sum(1))
		q := like(r, w[1])
		if of != nil {
			q = add(gate(of, 2), q)
		}
		if more != nil {
			q = add(q, more)
		}
		v := Tanh.Apply(add(gate(z, 2), mul(r, q)))
		h := sub(v, mul(u, v))
		if state != nil {
			h = add(h, mul(u, state[0]))
		}
		return Nodes{h}
	}
	return Nodes{Tanh.Apply(sum(0))}
}
