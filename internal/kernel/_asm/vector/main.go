// Vector generates the kernels of package kernel that walk over slices: element-wise functions, sums, softmax, pools, patches,
// random masks and pixels, once in AVX2 and once in AVX-512.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("!purego")
	for _, v := range []isa{avx2, avx512} {
		for _, k := range append(pointwise, updates...) {
			k.generate(v)
		}
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
		v.dropout()
		v.pixels()
		v.resample()
	}
	copyPatches(8, func() Vec { return YMM() })
	copyPatches(4, func() Vec { return XMM() })
	Generate()
}
