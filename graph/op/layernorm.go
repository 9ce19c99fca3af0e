package op

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// layerEps is layer norm's ε.
const layerEps = 1e-5

// LayerNorm is y = γ x̂ + β with x̂ = (x−μ)/√(σ²+ε) for each row, for x (m,n) and γ, β (n).
var LayerNorm = &Op{
	Name: "layerNorm", F32: layerNormDo[float32], F64: layerNormDo[float64], Cut: Cut{Each: []bool{true, false, false}},
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 || !x[1].Eq(x[0][1:]) || !x[2].Eq(x[1]) {
			return nil, fmt.Errorf("%v with gamma %v and beta %v; it takes (m,n), (n) and (n)", x[0], x[1], x[2])
		}
		return x[0].Clone(), nil
	},
	Grad: []Grad{
		func(x Nodes, _, dy *Node) *Node { return DLayerNorm.Apply(x[0], x[1], dy) },
		func(x Nodes, _, dy *Node) *Node { return DLayerNormScale.Apply(x[0], dy) },
		func(_ Nodes, _, dy *Node) *Node { return SumRows.Apply(dy) },
	},
}

// rowMoments returns a row's mean and 1/√(σ²+ε).
func rowMoments[T kernel.Float](x []T) (mean, r T) {
	s, n := kernel.For[T](), T(len(x))
	mean = s.Sum(x) / n
	return mean, inverse(s.SumSquares(x, mean)/n, layerEps)
}

// row returns row i of a (m,n).
func (a Array[T]) row(i int) []T {
	n := a.Shape[1]
	return a.Data[i*n : i*n+n]
}

func layerNormDo[T kernel.Float](y Array[T], x []Array[T]) {
	s := kernel.For[T]()
	for i := range y.Shape[0] {
		xi, yi := x[0].row(i), y.row(i)
		mean, r := rowMoments(xi)
		s.Normalize(yi, xi, mean, r, 0)
		s.Hadamard(yi, yi, x[1].Data)
		s.Add(yi, yi, x[2].Data)
	}
}

// DLayerNorm is dx = (g − Σg/n − x̂ Σ(g x̂)/n)/√(σ²+ε) with g = γ dy, from x, γ and dy.
var DLayerNorm = &Op{
	Name: "dLayerNorm", F32: dLayerNormDo[float32], F64: dLayerNormDo[float64], Cut: Cut{Each: []bool{true, false, true}},
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 || !x[1].Eq(x[0][1:]) || !slices.Equal(x[2], x[0]) {
			return nil, fmt.Errorf("x %v with gamma %v and dy %v; it takes (m,n), (n) and (m,n)", x[0], x[1], x[2])
		}
		return x[0].Clone(), nil
	},
	Grad: defined(3, func(x Nodes) *Node {
		hat, r := rowNormal(x[0])
		g := mul(x[2], like(x[0], x[1]))
		return mul(r, sub(sub(g, rowMeans(g)), mul(hat, rowMeans(mul(g, hat)))))
	}),
}

// rowNormal returns x̂ and 1/√(σ²+ε) for each row, the latter repeated along its row.
func rowNormal(x *Node) (hat, r *Node) {
	d := sub(x, rowMeans(x))
	r = InverseRoot(layerEps).Apply(rowMeans(mul(d, d)))
	return mul(d, r), r
}

// rowMeans returns each row's mean, repeated along the row.
func rowMeans(x *Node) *Node { return scale(1/float64(x.Shape()[1]), RowSums.Apply(x)) }

func dLayerNormDo[T kernel.Float](dx Array[T], x []Array[T]) {
	s := kernel.For[T]()
	for i := range dx.Shape[0] {
		xi, g := x[0].row(i), dx.row(i)
		mean, r := rowMoments(xi)
		s.Hadamard(g, x[2].row(i), x[1].Data)
		sum, product := s.SumProducts(g, xi, mean)
		n := T(len(g))
		s.NormalizeGrad(g, g, xi, mean, r, -r*r*r*product/n, -r*sum/n)
	}
}

// DLayerNormScale is dγ = Σ dy x̂ over the rows, from x and dy.
var DLayerNormScale = &Op{
	Name: "dLayerNormScale", F32: dLayerNormScaleDo[float32], F64: dLayerNormScaleDo[float64], Cut: Cut{Sum: true},
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 || !slices.Equal(x[1], x[0]) { // Eq considers (n) and (1,n) equal
			return nil, fmt.Errorf("x %v with dy %v; it takes two (m,n)", x[0], x[1])
		}
		return x[0][1:].Clone(), nil
	},
	Grad: defined(2, func(x Nodes) *Node {
		hat, _ := rowNormal(x[0])
		return SumRows.Apply(mul(x[1], hat))
	}),
}

func dLayerNormScaleDo[T kernel.Float](y Array[T], x []Array[T]) {
	s := kernel.For[T]()
	scratch := kernel.Borrow[T](len(y.Data))
	defer kernel.Return(scratch)
	clear(y.Data)
	for i := range x[0].Shape[0] {
		xi := x[0].row(i)
		mean, r := rowMoments(xi)
		s.Normalize(*scratch, xi, mean, r, 0)
		s.Hadamard(*scratch, *scratch, x[1].row(i))
		s.Add(y.Data, y.Data, *scratch)
	}
}
