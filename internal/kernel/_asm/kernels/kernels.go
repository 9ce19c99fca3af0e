// Package kernels generates the assembly of package kernel. Each kernel is written once, for AVX2 and AVX-512. If the two need different
// instructions for the same thing, a method of isa hides it: in isa.go and memory.go, or beside the only kernel that needs it.
package kernels

import (
	"slices"

	. "github.com/mmcloughlin/avo/build"
)

// Products generates the matrix products: a function for each height of a tile of Mul and of MulT, the transposing copy, the kernels for sparse
// inputs, and a measurement of how fast a product could be. The tiles fill the registers with sums: 12 of 16 in AVX2, and 24 of 32 in AVX-512.
func Products() {
	ConstraintExpr("!purego")
	tail512() // the tables come before the functions
	tail256()
	for _, t := range []struct {
		isa
		mulRows int // highest tile of Mul, two vectors wide
		dotRows int // highest tile of MulT
		dotCols int // widest tile of MulT
		widest  int // vectors of a row that the sparse kernels hold
	}{
		{avx2, 6, 6, 2, 3},
		{avx512, 12, 6, 4, 7},
	} {
		for height := 1; height <= t.mulRows; height++ {
			t.mul(height)
			t.mulDouble(height)
		}
		for height := 1; height <= t.dotRows; height++ {
			t.dot(height, t.dotCols)
		}
		for height := 1; height <= together; height++ {
			t.mulSparse(height, t.widest)
			t.outerSparse(height, t.widest)
		}
		t.sparseRows()
		t.peak(2 * t.mulRows)
	}
	transpose()
	avx2.nonzero()
	avx512.nonzero()
	Generate()
}

// Vectors generates the kernels that go over slices: element-wise functions, sums, softmax, pooling, patches, random masks and
// pixels.
func Vectors() {
	ConstraintExpr("!purego")
	for _, v := range []isa{avx2, avx512} {
		for _, k := range slices.Concat(pointwise, stock, updates) {
			k.generate(v)
		}
		for _, k := range doublePoints {
			k.generateDouble(v)
		}
		v.dotDouble()
		v.sumDouble()
		v.sum()
		v.sumSquares()
		v.sumProducts()
		v.sumRows()
		v.addRow()
		v.softmax()
		v.logSumExp()
		v.maxPool()
		v.maxPoolGrad()
		v.avgPool()
		v.avgPoolGrad()
		v.addPatches()
		v.correlate()
		v.correlateSums()
		v.dropout()
		v.pixels()
		v.resample()
	}
	copyPatches(8, YMM)
	copyPatches(4, XMM)
	splitPairs(8, YMM)
	splitPairs(4, XMM)
	joinPairs(8, YMM)
	joinPairs(4, XMM)
	Generate()
}
