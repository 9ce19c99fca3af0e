package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Attention is y = softmax(Q Kᵀ/√d) V for each head, of x (m,t,3w): an example's t steps have queries, keys and values of w numbers each, of
// which head i has those from i·d on, d = w/heads (Vaswani et al. 2017). y is (m,t,w), the heads beside each other.
func Attention(heads int) *Op {
	return &Op{
		Name: fmt.Sprintf("attention/%d", heads), F32: attentionDo[float32](heads), F64: attentionDo[float64](heads), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			s := x[0]
			if len(s) != 3 || s[2]%(3*heads) != 0 {
				return nil, fmt.Errorf("%v for %d heads; it takes (m,t,3w), with a w that is a multiple of the heads", s, heads)
			}
			return Shape{s[0], s[1], s[2] / 3}, nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return DAttention(heads).Apply(x[0], dy) }},
		Made: func(x Nodes) *Node {
			q, k, v := split(x[0], heads)
			return besides(BatchMul(false, false).Apply(weights(q, k), v))
		},
	}
}

// DAttention is dx of Attention, from x and dy.
func DAttention(heads int) *Op {
	return &Op{
		Name: fmt.Sprintf("dAttention/%d", heads), F32: dAttentionDo[float32](heads), F64: dAttentionDo[float64](heads), Cut: each2,
		Shape: func(x []Shape) (Shape, error) {
			y, err := Attention(heads).Shape(x[:1])
			if err != nil || !slices.Equal(x[1], y) {
				return nil, fmt.Errorf("%v is not of attention over %v with %d heads", x[1], x[0], heads)
			}
			return x[0].Clone(), nil
		},
		Grad: defined(2, func(x Nodes) *Node { return gradient(x[0], x[1], heads) }),
	}
}

// gradient is what DAttention is made of.
func gradient(x, dy *Node, heads int) *Node {
	q, k, v := split(x, heads)
	s := q.Shape() // (m,heads,t,d)
	p := weights(q, k)
	dy = Transpose(0, 2, 1, 3).Apply(Reshape(Shape{s[0], s[2], s[1], s[3]}).Apply(dy))
	dp := BatchMul(false, true).Apply(dy, v)
	rows := Reshape(Shape{s[0] * s[1] * s[2], s[2]})
	dz := Reshape(p.Shape()).Apply(scale(1/math.Sqrt(float64(s[3])), DSoftmax.Apply(rows.Apply(p), rows.Apply(dp))))
	dq, dk, dv := BatchMul(false, false).Apply(dz, k), BatchMul(true, false).Apply(dz, q), BatchMul(true, false).Apply(p, dy)
	own := Reshape(Shape{s[0], 1, s[1], s[2], s[3]})
	all := Concat(3).Apply(own.Apply(dq), own.Apply(dk), own.Apply(dv))
	return Reshape(x.Shape()).Apply(Transpose(0, 3, 1, 2, 4).Apply(all))
}

// split are the queries, keys and values of x (m,t,3w), each (m,heads,t,d).
func split(x *Node, heads int) (q, k, v *Node) {
	s := x.Shape()
	d := s[2] / 3 / heads
	all := Transpose(0, 2, 3, 1, 4).Apply(Reshape(Shape{s[0], s[1], 3, heads, d}).Apply(x))
	part := func(i int) *Node { return Reshape(Shape{s[0], heads, s[1], d}).Apply(Part(i, i+1).Apply(all)) }
	return part(0), part(1), part(2)
}

// weights are softmax(q kᵀ/√d).
func weights(q, k *Node) *Node {
	s := q.Shape()
	z := scale(1/math.Sqrt(float64(s[3])), BatchMul(false, true).Apply(q, k))
	return Reshape(z.Shape()).Apply(Softmax.Apply(Reshape(Shape{s[0] * s[1] * s[2], s[2]}).Apply(z)))
}

// besides puts the heads of y (m,heads,t,d) beside each other, (m,t,w).
func besides(y *Node) *Node {
	s := y.Shape()
	return Reshape(Shape{s[0], s[2], s[1] * s[3]}).Apply(Transpose(0, 2, 1, 3).Apply(y))
}

// head is one head of one example: its queries, keys and values, and what is between them.
type head[T kernel.Float] struct {
	set     *kernel.Set[T]
	q, k, v []T
	steps   int
	width   int // of all heads
	d       int
}

// scale is 1/√d.
func (h *head[T]) scale() T { return T(1 / math.Sqrt(float64(h.d))) }

// weights writes softmax(Q Kᵀ/√d) to p.
func (h *head[T]) weights(p []T) {
	h.set.MulT(p, h.steps, h.q, 3*h.width, h.k, 3*h.width, h.steps, h.steps, h.d, h.scale(), 0)
	h.set.Softmax(p, p, h.steps)
}

// eachHead calls f for each head of each example of x, with the places of its numbers in x and in y.
func eachHead[T kernel.Float](x Array[T], heads int, f func(h *head[T], inX, inY int)) {
	m, t, w := x.Shape[0], x.Shape[1], x.Shape[2]/3
	h := head[T]{set: kernel.For[T](), steps: t, width: w, d: w / heads}
	for i := range m {
		for j := range heads {
			at := i*t*3*w + j*h.d
			h.q, h.k, h.v = x.Data[at:], x.Data[at+w:], x.Data[at+2*w:]
			f(&h, at, i*t*w+j*h.d)
		}
	}
}

func attentionDo[T kernel.Float](heads int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		t := y.Shape[1]
		p := kernel.Borrow[T](t * t)
		defer kernel.Return(p)
		eachHead(x[0], heads, func(h *head[T], _, at int) {
			h.weights(*p)
			h.set.Mul(y.Data[at:], h.width, *p, t, 1, h.v, 3*h.width, t, h.d, t, 1, 0)
		})
	}
}

// dAttentionDo computes the weights once more, which takes less time than to fetch them from memory.
func dAttentionDo[T kernel.Float](heads int) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		t := dx.Shape[1]
		lent := kernel.Borrow[T](2 * t * t)
		defer kernel.Return(lent)
		p, dz := (*lent)[:t*t], (*lent)[t*t:]
		eachHead(x[0], heads, func(h *head[T], at, inY int) {
			dq, dk, dv := dx.Data[at:], dx.Data[at+h.width:], dx.Data[at+2*h.width:]
			dy, row := x[1].Data[inY:], 3*h.width
			h.weights(p)
			h.set.Mul(dv, row, p, 1, t, dy, h.width, t, h.d, t, 1, 0)
			h.set.MulT(dz, t, dy, h.width, h.v, row, t, t, h.d, 1, 0)
			dSoftmaxRows(h.set, dz, p, t)
			h.set.Mul(dq, row, dz, t, 1, h.k, row, t, h.d, t, h.scale(), 0)
			h.set.Mul(dk, row, dz, 1, t, h.q, row, t, h.d, t, h.scale(), 0)
		})
	}
}

// dSoftmaxRows is dz = p (dz − Σ p dz) by rows of n.
func dSoftmaxRows[T kernel.Float](s *kernel.Set[T], dz, p []T, n int) {
	s.Hadamard(dz, dz, p)
	for at := 0; at < len(dz); at += n {
		row := dz[at : at+n]
		s.Axpy(row, -s.Sum(row), p[at:at+n])
	}
}
