package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Attention is y = softmax(Q Kᵀ/√d) V for each head (Vaswani et al. 2017). x is (m,t,3w): each of the t steps of an example has queries, keys and
// values of w numbers each. Of these, head i uses d = w/heads numbers, starting at i·d. y is (m,t,w), with the heads side by side. A mask (m,t)
// as second input excludes the keys and values of padding. If all steps of an example are padding, y is 0.
func Attention(heads int) *Op {
	return &Op{
		Name: fmt.Sprintf("attention/%d", heads), F32: attentionDo[float32](heads), F64: attentionDo[float64](heads), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			s := x[0]
			if len(s) != 3 || s[2]%(3*heads) != 0 {
				return nil, fmt.Errorf("%v for %d heads; it takes (m,t,3w), with a w that is a multiple of the heads", s, heads)
			}
			if len(x) == 2 {
				if _, err := maskedShape(x); err != nil {
					return nil, err
				}
			}
			return Shape{s[0], s[1], s[2] / 3}, nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node {
			if len(x) == 2 {
				return DAttentionOf(heads).Apply(x[0], dy, x[1])
			}
			return DAttention(heads).Apply(x[0], dy)
		}},
		Made: func(x Nodes) *Node {
			q, k, v := split(x[0], heads)
			y := BatchMul(false, false).Apply(weigh(q, k, x[1:]), v) // (m,heads,t,d)
			return Reshape(Shape{y.Shape()[0], y.Shape()[2], x[0].Shape()[2] / 3}).Apply(Transpose(0, 2, 1, 3).Apply(y))
		},
	}
}

// AttentionOf is Attention with a mask.
func AttentionOf(heads int) *Op {
	o := masked(Attention(heads))
	o.Grad = append(o.Grad, nil)
	return o
}

// DAttention is dx of Attention, from x, dy and the mask, if there is one.
func DAttention(heads int) *Op {
	return &Op{
		Name: fmt.Sprintf("dAttention/%d", heads), F32: dAttentionDo[float32](heads), F64: dAttentionDo[float64](heads), Cut: each2,
		Shape: func(x []Shape) (Shape, error) {
			y, err := Attention(heads).Shape(append([]Shape{x[0]}, x[2:]...))
			if err != nil || !slices.Equal(x[1], y) {
				return nil, fmt.Errorf("%v is not of attention over %v with %d heads", x[1], x[0], heads)
			}
			return x[0].Clone(), nil
		},
		Grad: defined(2, func(x Nodes) *Node { return attentionGrad(x, heads) }),
	}
}

// DAttentionOf is DAttention with a mask.
func DAttentionOf(heads int) *Op {
	o := masked(DAttention(heads))
	o.Grad = append(defined(3, func(x Nodes) *Node { return attentionGrad(x, heads) })[:2], nil)
	return o
}

// attentionGrad defines DAttention by smaller ops.
func attentionGrad(x Nodes, heads int) *Node {
	q, k, v := split(x[0], heads)
	s, p := q.Shape(), weigh(q, k, x[2:]) // (m,heads,t,d)
	dy := Transpose(0, 2, 1, 3).Apply(Reshape(Shape{s[0], s[2], s[1], s[3]}).Apply(x[1]))
	rows := Reshape(Shape{s[0] * s[1] * s[2], s[2]})
	dp := BatchMul(false, true).Apply(dy, v)
	dz := Reshape(p.Shape()).Apply(scale(1/math.Sqrt(float64(s[3])), DSoftmax.Apply(rows.Apply(p), rows.Apply(dp))))
	dq, dk, dv := BatchMul(false, false).Apply(dz, k), BatchMul(true, false).Apply(dz, q), BatchMul(true, false).Apply(p, dy)
	one := Reshape(Shape{s[0], 1, s[1], s[2], s[3]})
	all := Concat(3).Apply(one.Apply(dq), one.Apply(dk), one.Apply(dv))
	return Reshape(x[0].Shape()).Apply(Transpose(0, 3, 1, 2, 4).Apply(all))
}

// split returns the queries, keys and values of x (m,t,3w), each as (m,heads,t,d).
func split(x *Node, heads int) (q, k, v *Node) {
	s := x.Shape()
	d := s[2] / 3 / heads
	all := Transpose(0, 2, 3, 1, 4).Apply(Reshape(Shape{s[0], s[1], 3, heads, d}).Apply(x))
	part := func(i int) *Node { return Reshape(Shape{s[0], heads, s[1], d}).Apply(Part(i, i+1).Apply(all)) }
	return part(0), part(1), part(2)
}

// weigh is softmax(q kᵀ/√d), with 0 for keys that the mask excludes.
func weigh(q, k *Node, mask Nodes) *Node {
	s := q.Shape()
	hide := func(z *Node, value float64) *Node {
		if len(mask) == 0 {
			return z
		}
		return MaskKeys(value).Apply(z, mask[0])
	}
	z := hide(scale(1/math.Sqrt(float64(s[3])), BatchMul(false, true).Apply(q, k)), hidden)
	p := Softmax.Apply(Reshape(Shape{s[0] * s[1] * s[2], s[2]}).Apply(z))
	return hide(Reshape(z.Shape()).Apply(p), 0)
}

// hidden is so far below any product of keys and queries that its e^z is 0.
const hidden = -1e9

// MaskKeys is z (m,heads,t,n) where the mask (m,n) has the key, and value elsewhere.
func MaskKeys(value float64) *Op {
	return &Op{
		Name: fmt.Sprintf("maskKeys/%v", value), F32: maskKeysDo[float32](value), F64: maskKeysDo[float64](value), Cut: each2,
		Shape: func(x []Shape) (Shape, error) {
			if s := x[0]; len(s) != 4 || !slices.Equal(x[1], Shape{s[0], s[3]}) {
				return nil, fmt.Errorf("%v with the mask %v; it takes (m,heads,t,n) and (m,n)", x[0], x[1])
			}
			return x[0].Clone(), nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return MaskKeys(0).Apply(dy, x[1]) }, nil},
	}
}

func maskKeysDo[T kernel.Float](value float64) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		n := y.Shape[3]
		each := len(y.Data) / y.Shape[0]
		for at, v := range x[0].Data {
			if x[1].Data[at/each*n+at%n] == 0 {
				v = T(value)
			}
			y.Data[at] = v
		}
	}
}

// heads are the heads of attention over a mini-batch, and the head being computed.
type heads[T kernel.Float] struct {
	set     *kernel.Set[T]
	x       Array[T]
	mask    []T
	q, k, v []T // of this head in this example; a step begins row elements after the one before
	row     int
	t, d, n int // steps, numbers in a query, and the steps up to the last one that is not padding
}

// each calls f for each head of each example, with the place of its queries in x and that of its output in y.
func (h *heads[T]) each(count int, x, mask []Array[T], f func(inX, inY int)) {
	h.set, h.x, h.row = kernel.For[T](), x[0], x[0].Shape[2]
	w := h.row / 3
	h.t, h.d = h.x.Shape[1], w/count
	for i := range h.x.Shape[0] {
		h.n = h.t
		if len(mask) > 0 {
			h.mask = mask[0].row(i)
			for h.n > 0 && h.mask[h.n-1] == 0 {
				h.n--
			}
		}
		for j := range count {
			inX := i*h.t*h.row + j*h.d
			h.q, h.k, h.v = h.x.Data[inX:], h.x.Data[inX+w:], h.x.Data[inX+2*w:]
			f(inX, i*h.t*w+j*h.d)
		}
	}
}

// weights writes softmax(Q Kᵀ/√d) (t,n) to p.
func (h *heads[T]) weights(p []T) {
	h.set.MulT(p, h.n, h.q, h.row, h.k, h.row, h.t, h.n, h.d, h.scale(), 0)
	for j, there := range h.mask[:min(h.n, len(h.mask))] {
		for at := j; there == 0 && at < len(p); at += h.n {
			p[at] = hidden
		}
	}
	h.set.Softmax(p, p, h.n)
}

// scale is 1/√d.
func (h *heads[T]) scale() T { return T(1 / math.Sqrt(float64(h.d))) }

func attentionDo[T kernel.Float](count int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		t, w := y.Shape[1], y.Shape[2]
		lent := kernel.Borrow[T](t * t)
		defer kernel.Return(lent)
		h := heads[T]{}
		h.each(count, x[:1], x[1:], func(_, at int) {
			p := (*lent)[:t*h.n]
			if h.n > 0 {
				h.weights(p)
			}
			h.set.Mul(y.Data[at:], w, p, h.n, 1, h.v, h.row, t, h.d, h.n, 1, 0)
		})
	}
}

// dAttentionDo computes the weights again, which takes no longer than reading them from memory.
func dAttentionDo[T kernel.Float](count int) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		t := dx.Shape[1]
		lent := kernel.Borrow[T](2 * t * t)
		defer kernel.Return(lent)
		h, w := heads[T]{}, x[1].Shape[2]
		h.each(count, x[:1], x[2:], func(at, inY int) {
			if h.n < t {
				h.clear(dx.Data[at:], w)
			}
			if h.n > 0 {
				h.backward(dx.Data[at:], x[1].Data[inY:], (*lent)[:t*h.n], (*lent)[t*t:][:t*h.n], w)
			}
		})
	}
}

// clear writes zeros to the gradients of keys and values that nothing looks at: those after the last real step, or everything if there is none.
func (h *heads[T]) clear(dx []T, w int) {
	for i := range h.t {
		if h.n == 0 {
			clear(dx[i*h.row:][:h.d])
		}
		if i >= h.n {
			clear(dx[i*h.row+w:][:h.d])
			clear(dx[i*h.row+2*w:][:h.d])
		}
	}
}

// backward writes the gradients for a head's queries, keys and values, w apart in dx, from dy. p and dz are scratch memory, (t,n).
func (h *heads[T]) backward(dx, dy, p, dz []T, w int) {
	s, row, t, d, n := h.set, h.row, h.t, h.d, h.n
	h.weights(p)
	s.Mul(dx[2*w:], row, p, 1, n, dy, w, n, d, t, 1, 0) // dV = Pᵀ dY
	s.MulT(dz, n, dy, w, h.v, row, t, n, d, 1, 0)       // dP = dY Vᵀ
	s.Hadamard(dz, dz, p)                               // dZ = P ⊙ dP − P Σ P ⊙ dP
	for i := range t {
		z := dz[i*n : i*n+n]
		s.Axpy(z, -s.Sum(z), p[i*n:i*n+n])
	}
	s.Mul(dx, row, dz, n, 1, h.k, row, t, d, n, h.scale(), 0)     // dQ = dZ K/√d
	s.Mul(dx[w:], row, dz, 1, n, h.q, row, n, d, t, h.scale(), 0) // dK = dZᵀ Q/√d
}
