package op

import (
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// A map of x (m,c,h,w) is normalized over all examples and places, and a feature of x (m,n) over all examples, as a map with one place. Sums
// over the mini-batch are first computed for each map of each example, while it is in the cache, and then joined.

// maps returns the number of maps of x, and the number of places in a map.
func maps(x Shape) (c, area int) {
	if len(x) == 4 {
		return x[1], x[2] * x[3]
	}
	return x[1], 1
}

// MomentsOf returns the mean and the biased variance of every map of x, (2,c).
func MomentsOf(x *Node) *Node {
	_, area := maps(x.Shape())
	return JoinMoments(area).Apply(MapMoments.Apply(x))
}

// MapMoments is the mean and Σ (x−mean)² of every map of every example of x, (m,2,c).
var MapMoments = &Op{
	Name: "mapMoments", F32: mapMomentsDo[float32], F64: mapMomentsDo[float64], Cut: each1,
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 && len(x[0]) != 4 {
			return nil, fmt.Errorf("%v; it takes (m,n) or (m,c,h,w)", x[0])
		}
		return Shape{x[0][0], 2, x[0][1]}, nil
	},
	Grad: defined(1, func(x Nodes) *Node {
		s := x[0].Shape()
		c, area := maps(s)
		if area == 1 {
			flat := Reshape(Shape{s[0], c}).Apply(x[0])
			return pairs(flat, scale(0, flat))
		}
		mean := MapMeans.Apply(x[0])
		d := sub(x[0], scale(float64(area), DMapMeans(s).Apply(mean)))
		return pairs(mean, placeSums(mul(d, d)))
	}),
}

// pairs joins a and b (m,c) to (m,2,c): for each example a's row, then b's.
func pairs(a, b *Node) *Node {
	s := Shape{a.Shape()[0], 1, a.Shape()[1]}
	return Concat(2).Apply(Reshape(s).Apply(a), Reshape(s).Apply(b))
}

// placeSums returns the sums of the maps of x over their places, (m,c).
func placeSums(x *Node) *Node {
	if len(x.Shape()) == 2 {
		return x
	}
	_, area := maps(x.Shape())
	return scale(float64(area), MapMeans.Apply(x))
}

func mapMomentsDo[T kernel.Float](y Array[T], x []Array[T]) {
	s := kernel.For[T]()
	c, area := maps(x[0].Shape)
	for i := range x[0].Shape[0] {
		mean, squares, xi := y.Data[2*i*c:][:c], y.Data[(2*i+1)*c:][:c], x[0].Data[i*c*area:][:c*area]
		if area == 1 {
			copy(mean, xi)
			clear(squares)
			continue
		}
		for k := range c {
			place := xi[k*area : (k+1)*area]
			mean[k] = s.Sum(place) / T(area)
			squares[k] = s.SumSquares(place, mean[k])
		}
	}
}

// JoinMoments combines the moments of the examples' maps (m,2,c), with area places each, to the mean and the biased variance of every map, (2,c).
// Σ (x−mean)² is the sum of the examples' own and of area (their mean − mean)². This form does not cancel where the mean is large.
func JoinMoments(area int) *Op {
	return &Op{
		Name: fmt.Sprintf("joinMoments/%d", area), F32: joinMomentsDo[float32](area), F64: joinMomentsDo[float64](area),
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 3 || x[0][1] != 2 {
				return nil, fmt.Errorf("%v; it takes (m,2,c)", x[0])
			}
			return x[0][1:].Clone(), nil
		},
		Grad: defined(1, func(x Nodes) *Node {
			m, c := x[0].Shape()[0], x[0].Shape()[2]
			at := func(i int) *Node { return Reshape(Shape{m, c}).Apply(Part(i, i+1).Apply(x[0])) }
			mean := scale(1/float64(m), SumRows.Apply(at(0)))
			d := sub(at(0), Spread(Shape{m, c}).Apply(mean))
			squares := SumRows.Apply(add(at(1), scale(float64(area), mul(d, d))))
			row := func(x *Node) *Node { return Reshape(Shape{1, c}).Apply(x) }
			return Reshape(Shape{2, c}).Apply(pairs(row(mean), row(scale(1/float64(m*area), squares))))
		}),
	}
}

func joinMomentsDo[T kernel.Float](area int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		s, m, c := kernel.For[T](), x[0].Shape[0], x[0].Shape[2]
		s.SumRows(y.Data, x[0].Data, 2*c, m)
		mean, squares := y.Data[:c], y.Data[c:]
		for k := range mean {
			mean[k] /= T(m)
		}
		scratch := kernel.Borrow[T](c)
		defer kernel.Return(scratch)
		d := *scratch
		for i := range m {
			copy(d, x[0].Data[2*i*c:])
			s.Axpy(d, -1, mean)
			s.Hadamard(d, d, d)
			s.Axpy(squares, T(area), d)
		}
		for k := range squares {
			squares[k] /= T(m * area)
		}
	}
}

// BatchNorm is y = γ x̂ + β with x̂ = (x−μ)/√(σ²+ε), where μ and σ² are the moments (2,c), for x (m,c,h,w) or (m,c) and γ, β (c). The gradients
// assume that the moments are those of x: the gradient for x includes the path through them, and they get no gradient of their own.
func BatchNorm(eps float64) *Op {
	sums := func(x Nodes, dy *Node) *Node { return SumExamples(MapSums(eps).Apply(x[0], x[1], dy)) }
	return &Op{
		Name: fmt.Sprintf("batchNorm/%v", eps), F32: batchNormDo[float32](eps), F64: batchNormDo[float64](eps),
		Shape: batchNormShape, Cut: Cut{Each: []bool{true, false, false, false}},
		Grad: []Grad{
			func(x Nodes, _, dy *Node) *Node {
				c, _ := maps(x[0].Shape())
				return DBatchNorm(eps, x[0].Shape().TotalSize()/c).Apply(x[0], x[1], x[2], dy, sums(x, dy))
			},
			nil,
			func(x Nodes, _, dy *Node) *Node { return Half(1).Apply(sums(x, dy)) }, // dγ = Σ dy x̂
			func(x Nodes, _, dy *Node) *Node { return Half(0).Apply(sums(x, dy)) }, // dβ = Σ dy
		},
	}
}

func batchNormShape(x []Shape) (Shape, error) {
	if _, err := MapMoments.Shape(x[:1]); err != nil {
		return nil, err
	}
	c := Shape{x[0][1]}
	if !x[1].Eq(Shape{2, c[0]}) || !x[2].Eq(c) || !x[3].Eq(c) {
		return nil, fmt.Errorf("%v with moments %v, gamma %v and beta %v; it takes (m,c) or (m,c,h,w), (2,c), (c) and (c)", x[0], x[1], x[2], x[3])
	}
	return x[0].Clone(), nil
}

func batchNormDo[T kernel.Float](eps float64) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		s := kernel.For[T]()
		c, area := maps(x[0].Shape)
		mean, variance, gamma, beta := x[1].Data[:c], x[1].Data[c:], x[2].Data, x[3].Data
		if area > 1 {
			for i := 0; i < len(y.Data); i += area {
				k := i / area % c
				s.Normalize(y.Data[i:i+area], x[0].Data[i:i+area], mean[k], gamma[k]*inverse(variance[k], eps), beta[k])
			}
			return
		}
		scratch := kernel.Borrow[T](2 * c)
		defer kernel.Return(scratch)
		scale, minus := (*scratch)[:c], (*scratch)[c:]
		for k := range c {
			scale[k], minus[k] = gamma[k]*inverse(variance[k], eps), -mean[k]
		}
		s.AddRow(y.Data, x[0].Data, minus)
		for i := 0; i < len(y.Data); i += c {
			s.Hadamard(y.Data[i:i+c], y.Data[i:i+c], scale)
		}
		s.AddRow(y.Data, y.Data, beta)
	}
}

// Normalize is BatchNorm by moments that do not depend on x, such as the running moments in prediction.
func Normalize(eps float64) *Op {
	y := *BatchNorm(eps)
	y.Name = fmt.Sprintf("normalize/%v", eps)
	y.Grad = []Grad{
		func(x Nodes, _, dy *Node) *Node { return DNormalize(eps).Apply(dy, x[1], x[2]) },
		nil, y.Grad[2], y.Grad[3],
	}
	return &y
}

// DNormalize is dx = γ/√(σ²+ε) dy, from dy, the moments and γ.
func DNormalize(eps float64) *Op {
	return &Op{
		Name: fmt.Sprintf("dNormalize/%v", eps), F32: dNormalizeDo[float32](eps), F64: dNormalizeDo[float64](eps),
		Cut:   Cut{Each: []bool{true, false, false}},
		Shape: func(x []Shape) (Shape, error) { return batchNormShape([]Shape{x[0], x[1], x[2], x[2]}) },
		Grad:  []Grad{func(x Nodes, _, d *Node) *Node { return DNormalize(eps).Apply(d, x[1], x[2]) }, nil, nil},
	}
}

func dNormalizeDo[T kernel.Float](eps float64) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		c, area := maps(x[0].Shape)
		for i := 0; i < len(dx.Data); i += area {
			k := i / area % c
			kernel.For[T]().Normalize(dx.Data[i:i+area], x[0].Data[i:i+area], 0, x[2].Data[k]*inverse(x[1].Data[c+k], eps), 0)
		}
	}
}

// inverse is 1/√(σ²+ε).
func inverse[T kernel.Float](variance T, eps float64) T {
	return T(1 / math.Sqrt(float64(variance)+eps))
}

// MapSums is Σ dy and Σ dy x̂ over every map of every example, (m,2,c), from x, the moments and dy.
func MapSums(eps float64) *Op {
	return &Op{
		Name: fmt.Sprintf("mapSums/%v", eps), F32: mapSumsDo[float32](eps), F64: mapSumsDo[float64](eps),
		Cut: Cut{Each: []bool{true, false, true}},
		Shape: func(x []Shape) (Shape, error) {
			y, err := MapMoments.Shape(x[:1])
			if err == nil && (!x[1].Eq(y[1:]) || !x[2].Eq(x[0])) {
				err = fmt.Errorf("%v with moments %v and dy %v; it takes x (m,c) or (m,c,h,w), (2,c), dy of x's shape", x[0], x[1], x[2])
			}
			return y, err
		},
		Grad: defined(3, func(x Nodes) *Node {
			hat, _ := mapNormal(x[0], x[1], eps)
			return pairs(placeSums(x[2]), placeSums(mul(x[2], hat)))
		}),
	}
}

// mapNormal returns x̂ and 1/√(σ²+ε) for x with the given moments, the latter repeated at each place.
func mapNormal(x, moments *Node, eps float64) (hat, r *Node) {
	mean, variance := Half(0).Apply(moments), Half(1).Apply(moments)
	r = like(x, InverseRoot(eps).Apply(variance))
	return mul(sub(x, like(x, mean)), r), r
}

func mapSumsDo[T kernel.Float](eps float64) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		s := kernel.For[T]()
		c, area := maps(x[0].Shape)
		mean, variance := x[1].Data[:c], x[1].Data[c:]
		scratch := kernel.Borrow[T](2 * c)
		defer kernel.Return(scratch)
		scale, minus := (*scratch)[:c], (*scratch)[c:]
		for k := range c {
			scale[k], minus[k] = inverse(variance[k], eps), -mean[k]
		}
		for i := range x[0].Shape[0] {
			sum, product := y.Data[2*i*c:][:c], y.Data[(2*i+1)*c:][:c]
			xi, dy := x[0].Data[i*c*area:][:c*area], x[2].Data[i*c*area:][:c*area]
			if area == 1 {
				copy(sum, dy)
				s.Add(product, xi, minus)
				s.Hadamard(product, product, dy)
			} else {
				for k := range c {
					sum[k], product[k] = s.SumProducts(dy[k*area:(k+1)*area], xi[k*area:(k+1)*area], mean[k])
				}
			}
			s.Hadamard(product, product, scale)
		}
	}
}

// SumExamples is Σ_i x[i] for x (m,2,c).
func SumExamples(x *Node) *Node {
	s := x.Shape()
	sums := SumRows.Apply(Reshape(Shape{s[0], 2 * s[2]}).Apply(x))
	return Reshape(Shape{2, s[2]}).Apply(sums)
}

// Half is row i of x (2,c).
func Half(i int) *Op {
	return &Op{
		Name: fmt.Sprintf("half/%d", i), F32: halfDo[float32](i), F64: halfDo[float64](i),
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 2 || x[0][0] != 2 {
				return nil, fmt.Errorf("%v; it takes (2,c)", x[0])
			}
			return x[0][1:].Clone(), nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node {
			c := x[0].Shape()[1]
			return Reshape(Shape{2, c}).Apply(Embed(i, 2).Apply(Reshape(Shape{1, 1, c}).Apply(dy)))
		}},
	}
}

func halfDo[T kernel.Float](i int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) { copy(y.Data, x[0].Data[i*len(y.Data):]) }
}

// DBatchNorm is dx = γ/√(σ²+ε) (dy − Σdy/n − x̂ Σ(dy x̂)/n), from x, the moments, γ, dy and the two sums (2,c), of n numbers each.
func DBatchNorm(eps float64, n int) *Op {
	return &Op{
		Name: fmt.Sprintf("dBatchNorm/%v/%d", eps, n), F32: dBatchNormDo[float32](eps, n), F64: dBatchNormDo[float64](eps, n),
		Cut: Cut{Each: []bool{true, false, false, true, false}},
		Shape: func(x []Shape) (Shape, error) {
			y, err := batchNormShape([]Shape{x[0], x[1], x[2], x[2]})
			if err == nil && (!x[3].Eq(x[0]) || !x[4].Eq(x[1])) {
				err = fmt.Errorf("dy %v and sums %v; it takes those of x %v and moments %v", x[3], x[4], x[0], x[1])
			}
			return y, err
		},
		Grad: defined(5, func(x Nodes) *Node {
			hat, r := mapNormal(x[0], x[1], eps)
			mean := func(i int) *Node { return like(x[0], scale(1/float64(n), Half(i).Apply(x[4]))) }
			return mul(mul(r, like(x[0], x[2])), sub(sub(x[3], mean(0)), mul(hat, mean(1))))
		}),
	}
}

func dBatchNormDo[T kernel.Float](eps float64, n int) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		s := kernel.For[T]()
		c, area := maps(x[0].Shape)
		scratch := kernel.Borrow[T](5 * c)
		defer kernel.Return(scratch)
		minus, a, b, d, row := (*scratch)[:c], (*scratch)[c:2*c], (*scratch)[2*c:3*c], (*scratch)[3*c:4*c], (*scratch)[4*c:]
		for k, gamma := range x[2].Data { // dx = a dy + b (x−μ) + d
			r := inverse(x[1].Data[c+k], eps)
			minus[k], a[k], b[k], d[k] = -x[1].Data[k], gamma*r, -gamma*r*r*x[4].Data[c+k]/T(n), -gamma*r*x[4].Data[k]/T(n)
		}
		if area > 1 {
			for i := 0; i < len(dx.Data); i += area {
				k := i / area % c
				s.NormalizeGrad(dx.Data[i:i+area], x[3].Data[i:i+area], x[0].Data[i:i+area], -minus[k], a[k], b[k], d[k])
			}
			return
		}
		for i := 0; i < len(dx.Data); i += c {
			dxi := dx.Data[i : i+c]
			s.Add(dxi, x[0].Data[i:i+c], minus)
			s.Hadamard(dxi, dxi, b)
			s.Add(dxi, dxi, d)
			s.Hadamard(row, x[3].Data[i:i+c], a)
			s.Add(dxi, dxi, row)
		}
	}
}
