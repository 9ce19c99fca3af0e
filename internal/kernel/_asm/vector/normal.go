package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// distribution names the constants of normal, but for tail.
var distribution = append([]string{"sign", "four", "far", "density"}, exponential...)

// tail is the polynomial P of normal, highest power first.
var tail = []float32{
	0.0153836031, -0.0563454628, 0.0366152562, 0.0483180843, -0.00367795932,
	0.0953755677, 0.069011636, 0.0961508676, 0.099416621, 0.0997517928,
}

// normal is Φ(x), the distribution of N(0,1), and e^−x²/2. With t = |x| and u = 4/(4+t), Φ(−t) = e^−t²/2 u P(u): the polynomial is
// the interpolation at the Chebyshev points of u between 4/18 and 1, relatively exact to 2e-8. Beyond t = 14 all is 0 or 1.
func (v isa) normal(x Vec, c constants) (phi, e Vec) {
	minus, far := v.vec(), v.copy(c["far"])
	VORPS(c["sign"], x, minus)
	VMAXPS(minus, far, minus)

	// t²/2 is rounded; what that leaves is an error of the exponent, and relative in e.
	half, square := v.vec(), v.vec()
	VMULPS(c["inverse2"], minus, half)
	VMULPS(half, minus, square)
	VFMSUB213PS(square, minus, half)
	VXORPS(c["sign"], square, square)
	e = v.exp(square, c)
	VFNMADD231PS(half, e, e)

	u := v.copy(c["four"])
	VSUBPS(minus, u, minus)
	VDIVPS(minus, u, u)
	phi = v.zero()
	for i, term := range tail { // more than there are registers for
		VFMADD213PS(table(fmt.Sprint("tail", i), repeat(F32(term), avx512.width)...), u, phi)
	}
	VMULPS(u, phi, phi)
	VMULPS(e, phi, phi)
	rest := v.copy(c["one"])
	VSUBPS(phi, rest, rest)
	return v.choose(rest, phi, x, v.zero()), e
}
