// Product generates the assembly of the matrix products, for AVX2 and for AVX-512: a function for each height of a tile of
// Mul and of MulT, the copy that transposes, and the kernels of sparse inputs.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("!purego")
	for _, t := range []target{avx2, avx512} {
		for height := 1; height <= t.mulRows; height++ {
			t.mul(height)
		}
		for height := 1; height <= t.dotRows; height++ {
			t.dot(height)
		}
		for height := 1; height <= together; height++ {
			t.mulSparse(height)
			t.outerSparse(height)
		}
	}
	transpose()
	nonzeroAVX2()
	nonzeroAVX512()
	Generate()
}

// function begins a function; its comment is its loop.
func function(name, signature, loop string) {
	TEXT(name, NOSPLIT, signature)
	Doc(name + " is " + loop + ".")
	Pragma("noescape")
}
