package op

import "github.com/stheno-ml/stheno/internal/kernel"

// loop is a Recurrence over some of the examples.
type loop[T kernel.Float] struct {
	Recurrence
	*kernel.Set[T]
	m, steps, n int
	wide, kept  int // numbers in a step's z, and in what a step keeps
	states      []T
	zero        []T // the state before the first step
	mask        []T
}

// loopOf returns the loop for z, the weights, more inputs, and the mask, with scratch numbers of borrowed memory for each example.
func loopOf[T kernel.Float](r Recurrence, x []Array[T], scratch int) (l loop[T], lent *[]T) {
	s := x[0].Shape
	l = loop[T]{Recurrence: r, Set: kernel.For[T](), m: s[0], steps: s[1], n: x[1].Shape[0], wide: s[2]}
	l.kept = r.Cell.kept() * l.n
	if r.Masked {
		l.mask = x[len(x)-1].Data
	}
	lent = kernel.Borrow[T](l.kept + l.m*scratch)
	l.zero = (*lent)[:l.kept]
	clear(l.zero)
	return l, lent
}

// there reports whether step t of example i is not padding.
func (l *loop[T]) there(i, t int) bool { return l.mask == nil || l.mask[i*l.steps+t] != 0 }

// at returns the number of the k-th step to process.
func (l *loop[T]) at(k int) int {
	if l.Reverse {
		return l.steps - 1 - k
	}
	return k
}

// state returns what example i keeps of step t.
func (l *loop[T]) state(i, t int) []T { return l.states[(i*l.steps+t)*l.kept:][:l.kept] }

// before returns what example i keeps of the step processed before the k-th.
func (l *loop[T]) before(i, k int) []T {
	if k == 0 {
		return l.zero
	}
	return l.state(i, l.at(k-1))
}

func statesDo[T kernel.Float](r Recurrence) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		l, lent := loopOf(r, x, x[0].Shape[2]+x[1].Shape[0])
		defer kernel.Return(lent)
		l.states = y.Data
		z, u, bias := x[0].Data, x[1].Data, x[r.Cell.weights()].Data
		a, h := (*lent)[l.kept:][:l.m*l.wide], (*lent)[l.kept+l.m*l.wide:]
		for k := range l.steps {
			t := l.at(k)
			for i := range l.m {
				ai := a[i*l.wide : (i+1)*l.wide]
				copy(ai, z[(i*l.steps+t)*l.wide:])
				if r.Cell == GRU {
					copy(ai[2*l.n:], bias)
				}
			}
			if k > 0 {
				l.Mul(a, l.wide, h, l.n, 1, u, l.wide, l.m, l.wide, l.n, 1, 1)
			}
			for i := range l.m {
				y, before := l.state(i, t), l.before(i, k)
				if l.there(i, t) {
					l.forward(y, a[i*l.wide:(i+1)*l.wide], z[(i*l.steps+t)*l.wide:][:l.wide], before)
				} else {
					clear(y[copy(y[:r.Cell.carried()*l.n], before):])
				}
				copy(h[i*l.n:(i+1)*l.n], y)
			}
		}
	}
}

// forward computes a step's state y from a = z + h′ U, and h′ U + b for the GRU's q.
func (l *loop[T]) forward(y, a, z, before []T) {
	n, h := l.n, y[:l.n]
	switch l.Cell {
	case RNN:
		l.Tanh(h, a)
	case LSTM:
		c, i, f, g, o := y[n:2*n], y[2*n:3*n], y[3*n:4*n], y[4*n:5*n], y[5*n:]
		l.Sigmoid(y[2*n:4*n], a[:2*n])
		l.Tanh(g, a[2*n:3*n])
		l.Sigmoid(o, a[3*n:])
		l.Hadamard(c, f, before[n:2*n])
		l.Hadamard(h, i, g)
		l.Add(c, c, h)
		l.Tanh(h, c)
		l.Hadamard(h, h, o)
	case GRU:
		r, u, v := y[n:2*n], y[2*n:3*n], y[3*n:4*n]
		l.Sigmoid(y[n:3*n], a[:2*n])
		copy(y[4*n:], a[2*n:])
		l.Hadamard(v, r, y[4*n:])
		l.Add(v, v, z[2*n:])
		l.Tanh(v, v)
		l.NormalizeGrad(h, before[:n], v, 0, 1, -1, 0) // h′ − v
		l.Hadamard(h, h, u)
		l.Add(h, h, v)
	}
}

func outputsDo[T kernel.Float](r Recurrence) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		l, lent := loopOf(r, x, 0)
		defer kernel.Return(lent)
		l.states = x[1+r.Cell.weights()].Data
		for i := range l.m {
			for t := range l.steps {
				h := y.Data[(i*l.steps+t)*l.n:][:l.n]
				if copy(h, l.state(i, t)); !l.there(i, t) {
					clear(h)
				}
			}
		}
	}
}

func stepBeforeDo[T kernel.Float](after bool) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		eachBefore(y.Shape, x[1:], after, func(t, before, n int) {
			if before < 0 {
				clear(y.Data[t*n:][:n])
			} else {
				copy(y.Data[t*n:][:n], x[0].Data[before*n:])
			}
		})
	}
}

func dStepBeforeDo[T kernel.Float](after bool) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		clear(dx.Data)
		eachBefore(dx.Shape, x[1:], after, func(t, before, n int) {
			if before >= 0 {
				sum := dx.Data[before*n:][:n]
				kernel.For[T]().Add(sum, sum, x[0].Data[t*n:][:n])
			}
		})
	}
}

// eachBefore calls do for each step t of all examples with the nearest step before it, or after it, that is not padding; −1 if there is none.
func eachBefore[T kernel.Float](s Shape, mask []Array[T], after bool, do func(t, before, n int)) {
	l := loop[T]{Recurrence: Recurrence{Reverse: after}, steps: s[1]}
	if len(mask) > 0 {
		l.mask = mask[0].Data
	}
	for i := range s[0] {
		before := -1
		for k := range l.steps {
			t := l.at(k)
			do(i*l.steps+t, before, s[2])
			if l.there(i, t) {
				before = i*l.steps + t
			}
		}
	}
}

func backDo[T kernel.Float](r Recurrence) func(Array[T], []Array[T]) {
	return func(dz Array[T], x []Array[T]) {
		w := r.Cell.weights()
		l, lent := loopOf(r, x, x[0].Shape[2]+5*x[1].Shape[0])
		defer kernel.Return(lent)
		l.states = x[1+w].Data
		back := dz.Shape[2]
		u, dy := x[1].Data, x[2+w].Data
		turned := kernel.Borrow[T](len(u))
		defer kernel.Return(turned)
		transpose(*turned, u, Shape{l.wide, l.n}, []int{1, l.wide})
		scratch := (*lent)[l.kept:]
		da, dh := scratch[:l.m*l.wide], scratch[l.m*l.wide:][:l.m*l.n]
		dc, free := scratch[l.m*(l.wide+l.n):][:l.m*l.n], scratch[l.m*(l.wide+2*l.n):]
		clear(dh)
		clear(dc)
		for k := l.steps - 1; k >= 0; k-- {
			t := l.at(k)
			for i := range l.m {
				dzi, dai := dz.Data[(i*l.steps+t)*back:][:back], da[i*l.wide:(i+1)*l.wide]
				if !l.there(i, t) {
					clear(dzi)
					clear(dai)
					continue
				}
				dhi := dh[i*l.n : (i+1)*l.n]
				l.Add(dhi, dhi, dy[(i*l.steps+t)*l.n:][:l.n])
				l.backward(dai, l.state(i, t), l.before(i, k), dhi, dc[i*l.n:(i+1)*l.n], free)
				if copy(dzi, dai); r.Cell == GRU { // q's gradient instead of v's
					l.Hadamard(dai[2*l.n:], dai[2*l.n:], l.state(i, t)[l.n:2*l.n])
					copy(dzi[3*l.n:], dai[2*l.n:])
				}
			}
			if k > 0 {
				l.Mul(dh, l.n, da, l.wide, 1, *turned, l.n, l.m, l.n, l.wide, 1, 1)
			}
		}
	}
}

// backward computes the gates' gradient dz. From the gradients dh and dc for a step's state it makes those for the previous state, without the
// part that goes through h′ U.
func (l *loop[T]) backward(dz, y, before, dh, dc, free []T) {
	n := l.n
	switch l.Cell {
	case RNN:
		l.TanhGrad(dz, y, dh)
		clear(dh)
	case LSTM:
		c, i, f, g, o := y[n:2*n], y[2*n:3*n], y[3*n:4*n], y[4*n:5*n], y[5*n:]
		di, df, dg, do := dz[:n], dz[n:2*n], dz[2*n:3*n], dz[3*n:]
		tanh, d := free[:n], free[n:2*n]
		l.Tanh(tanh, c)
		l.Hadamard(do, dh, tanh)
		l.SigmoidGrad(do, o, do)
		l.Hadamard(d, dh, o)
		l.TanhGrad(d, tanh, d)
		l.Add(dc, dc, d)
		l.Hadamard(di, dc, g)
		l.Hadamard(df, dc, before[n:2*n])
		l.SigmoidGrad(dz[:2*n], y[2*n:4*n], dz[:2*n])
		l.Hadamard(dg, dc, i)
		l.TanhGrad(dg, g, dg)
		l.Hadamard(dc, dc, f)
		clear(dh)
	case GRU:
		u, v, q := y[2*n:3*n], y[3*n:4*n], y[4*n:]
		dr, du, dv := dz[:n], dz[n:2*n], dz[2*n:]
		through := free[:n]
		l.NormalizeGrad(du, before[:n], v, 0, 1, -1, 0) // h′ − v
		l.Hadamard(du, du, dh)
		l.Hadamard(through, u, dh)
		l.NormalizeGrad(dv, dh, through, 0, 1, -1, 0) // (1−u) dh
		l.TanhGrad(dv, v, dv)
		l.Hadamard(dr, dv, q)
		l.SigmoidGrad(dz[:2*n], y[n:3*n], dz[:2*n])
		copy(dh, through)
	}
}
