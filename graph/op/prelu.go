package op

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// PReLU is y = x where x > 0, else a[c] x, for x (m,c) or (m,c,h,w) and a (c), or (1) for all c.
var PReLU = &Op{
	Name: "prelu", F32: preluDo[float32], F64: preluDo[float64], Cut: Cut{Each: []bool{true, false}},
	Shape: func(x []Shape) (Shape, error) { return x[0].Clone(), slopesFit(x[0], x[1]) },
	Grad: []Grad{
		func(x Nodes, _, dy *Node) *Node { return DPReLU.Apply(x[0], x[1], dy) },
		func(x Nodes, _, dy *Node) *Node { return DSlopes(x[1].Shape()).Apply(x[0], dy) },
	},
}

// slopesFit returns an error unless a are slopes for x.
func slopesFit(x, a Shape) error {
	if len(x) != 2 && len(x) != 4 || len(a) != 1 || a[0] != 1 && a[0] != x[1] {
		return fmt.Errorf("slopes %v for %v; it takes one or as many as c for (m,c) or (m,c,h,w)", a, x)
	}
	return nil
}

func preluDo[T kernel.Float](y Array[T], x []Array[T]) { slope(y.Data, x[0], x[1].Data, x[0].Data) }

// DPReLU is dx = dy where x > 0, else a[c] dy.
var DPReLU = &Op{
	Name: "dPReLU", F32: dPReLUDo[float32], F64: dPReLUDo[float64], Cut: Cut{Each: []bool{true, false, true}},
	Shape: func(x []Shape) (Shape, error) {
		if !x[0].Eq(x[2]) {
			return nil, fmt.Errorf("%v for %v; it takes two of one shape", x[2], x[0])
		}
		return x[0].Clone(), slopesFit(x[0], x[1])
	},
	Grad: slices.Concat([]Grad{nil}, defined(3, func(x Nodes) *Node { // constant in x except at the kink
		up := DReLU.Apply(x[0], x[2])
		down := sub(x[2], up)
		if x[1].Shape()[0] == 1 {
			return add(up, ScaledBy.Apply(down, Reshape(Shape{}).Apply(x[1])))
		}
		return add(up, mul(down, like(x[0], x[1])))
	})[1:]),
}

func dPReLUDo[T kernel.Float](dx Array[T], x []Array[T]) { slope(dx.Data, x[0], x[1].Data, x[2].Data) }

// slope is y = v where x > 0, else a[c] v.
func slope[T kernel.Float](y []T, x Array[T], a, v []T) {
	s := kernel.For[T]()
	c, area := maps(x.Shape)
	switch {
	case len(a) == 1:
		s.LeakyReLUGrad(y, x.Data, v, a[0])
	case area == 1:
		for at := 0; at < len(y); at += c {
			s.Slopes(y[at:at+c], x.Data[at:at+c], a, v[at:at+c])
		}
	default:
		for at := 0; at < len(y); at += area {
			s.LeakyReLUGrad(y[at:at+area], x.Data[at:at+area], v[at:at+area], a[at/area%c])
		}
	}
}

// DSlopes is da[c] = Σ x dy over the examples and places of map or feature c with x ≤ 0, for slopes of shape a. If a is (1), it sums over all maps.
func DSlopes(a Shape) *Op {
	return &Op{
		Name: fmt.Sprintf("dSlopes/%v", a), F32: dSlopesDo[float32], F64: dSlopesDo[float64], Cut: Cut{Sum: true},
		Shape: func(x []Shape) (Shape, error) {
			if !x[0].Eq(x[1]) {
				return nil, fmt.Errorf("%v for %v; it takes two of one shape", x[1], x[0])
			}
			return a.Clone(), slopesFit(x[0], a)
		},
		Grad: defined(2, func(x Nodes) *Node {
			down := sub(x[1], DReLU.Apply(x[0], x[1]))
			switch {
			case a[0] == 1:
				return Reshape(a).Apply(Inner.Apply(x[0], down))
			case len(x[0].Shape()) == 2:
				return SumRows.Apply(mul(x[0], down))
			}
			return SumMaps.Apply(mul(x[0], down))
		}),
	}
}

func dSlopesDo[T kernel.Float](da Array[T], x []Array[T]) {
	s := kernel.For[T]()
	c, area := maps(x[0].Shape)
	scratch := kernel.Borrow[T](c * area)
	defer kernel.Return(scratch)
	down := *scratch // for one example
	clear(da.Data)
	for at := 0; at < len(x[0].Data); at += c * area {
		x, dy := x[0].Data[at:at+c*area], x[1].Data[at:at+c*area]
		s.LeakyReLUGrad(down, x, dy, 0)
		s.NormalizeGrad(down, down, dy, 0, -1, 1, 0)
		switch {
		case len(da.Data) == 1:
			_, sum := s.SumProducts(down, x, 0)
			da.Data[0] += sum
		case area == 1:
			s.Hadamard(down, down, x)
			s.Add(da.Data, da.Data, down)
		default:
			for j := range da.Data {
				_, sum := s.SumProducts(down[j*area:(j+1)*area], x[j*area:(j+1)*area], 0)
				da.Data[j] += sum
			}
		}
	}
}
