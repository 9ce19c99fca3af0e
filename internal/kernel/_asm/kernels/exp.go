package kernels

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// exponential names the constants of exp.
var exponential = []string{"one", "log2e", "ln2", "ln2rest", "round", "least", "most",
	"inverse2", "factorial3", "factorial4", "factorial5", "factorial6", "factorial7"}

// split finds s = 2^n and q with e^x = s(1+q). n is x/ln 2, rounded, and q is the series of e^r − 1 for the rest r, |r| ≤ ½ ln 2. It is
// relatively exact near 0: q = r + r²(1/2! + r/3! + … + r⁵/7!), where the omitted terms are below 6e-9 of e^r. For n = −127 and 128, s is 0
// and +Inf; x must not go beyond that.
func (v isa) split(x vec, c constants) (s, q vec) {
	n := v.copy(c["round"]).addMul(x, c["log2e"])
	s = v.vec()
	VPSLLD(Imm(23), n, s)
	VPADDD(c["one"], s, s)
	n.sub(c["round"])

	r := v.copy(x).subMul(n, c["ln2"]).subMul(n, c["ln2rest"])
	q = v.polynomial(r, c, "factorial7", "factorial6", "factorial5", "factorial4", "factorial3", "inverse2")
	return s, q.mulAdd(v.product(r, r), r)
}

// polynomial is the polynomial in x with these coefficients, highest power first.
func (v isa) polynomial(x vec, c constants, first string, others ...string) vec {
	y := v.copy(c[first])
	for _, name := range others {
		y.mulAdd(x, c[name])
	}
	return y
}

// exp is e^x, but 0 below x = −87.7, before float32's e^x leaves the normal numbers, and +Inf above 88.4. NaN stays NaN.
func (v isa) exp(x vec, c constants) vec {
	least, most := v.copy(c["least"]), v.copy(c["most"])
	s, q := v.split(x.atLeast(least).atMost(most), c)
	return q.add(c["one"]).mul(s)
}

// sigmoid is 1/(1+e^−x).
func (v isa) sigmoid(x vec, c constants) vec {
	up := v.exp(x.xor(c["sign"]), c).add(c["one"])
	return v.copy(c["one"]).div(up)
}

// tanh is (1−e^−2|x|)/(1+e^−2|x|) with the sign of x. The numerator is −(s(1+q) − 1) = −(sq + (s−1)), exact near 0.
func (v isa) tanh(x vec, c constants) vec {
	sign, least := v.vec(), v.copy(c["least"])
	VANDPS(c["sign"], x, sign)
	s, q := v.split(x.or(c["sign"]).add(x).atLeast(least), c)
	minus, y := v.vec(), v.vec()
	VSUBPS(c["one"], s, minus)
	minus.addMul(q, s)
	VADDPS(c["two"], minus, y)
	VDIVPS(y, minus, y)
	return y.or(c["sign"]).xor(c["sign"]).xor(sign) // also for −0 and NaN
}

// logarithm names the constants of ln.
var logarithm = []string{"rootHalf", "one", "ln2", "inverse3", "inverse5", "inverse7", "inverse9"}

// ln is ln x for normal positive x: n ln 2 + ln m for x = 2^n m, √½ ≤ m < √2, and ln m = 2t(1 + t²/3 + t⁴/5 + …) with
// t = (m−1)/(m+1), where the omitted terms are below 3e-9 of ln m. It does not handle NaN.
func (v isa) ln(x vec, c constants) vec {
	n, m := v.vec(), v.vec()
	VPSUBD(c["rootHalf"], x, n)
	VPSRAD(Imm(23), n, n)
	VPSLLD(Imm(23), n, m)
	VPSUBD(m, x, m)
	VCVTDQ2PS(n, n)

	t, up, square := v.vec(), v.vec(), v.vec()
	VADDPS(c["one"], m, up)
	VSUBPS(c["one"], m, t)
	VMULPS(t.div(up), t, square)
	y := v.polynomial(square, c, "inverse9", "inverse7", "inverse5", "inverse3", "one")
	return y.mul(t.add(t)).addMul(n, c["ln2"])
}

// softplus names the constants of isa.softplus.
var softplus = append([]string{"sign", "two", "inverse3", "inverse5", "inverse7", "inverse9", "inverse11", "inverse13", "inverse15"}, exponential...)

// softplus is ln(1+e^x) = max(x, 0) + ln(1+t) for t = e^−|x|, and ln(1+t) = 2u(1 + u²/3 + u⁴/5 + …) with u = t/(2+t) ≤ 1/3, where the
// omitted terms are below 2e-9 of it.
func (v isa) softplus(x vec, c constants) vec {
	minus, up, square := v.vec(), v.vec(), v.vec()
	VORPS(c["sign"], x, minus)
	t := v.exp(minus, c)
	VADDPS(c["two"], t, up)
	VMULPS(t.div(up), t, square)
	y := v.polynomial(square, c, "inverse15", "inverse13", "inverse11", "inverse9", "inverse7", "inverse5", "inverse3", "one")
	return y.mul(t.add(t)).add(x.atLeast(v.zero()))
}

// distribution names the constants of normal, except those of its polynomial.
var distribution = append([]string{"sign", "four", "far", "density"}, exponential...)

// normal is Φ(x), the distribution function of N(0,1), and e^−x²/2. With t = |x| and u = 4/(4+t), Φ(−t) = e^−t²/2 u P(u). The polynomial P
// interpolates at the Chebyshev points of u between 4/18 and 1, with a relative error of 2e-8. Beyond t = 14 everything is 0 or 1.
func (v isa) normal(x vec, c constants) (phi, e vec) {
	minus, far := v.vec(), v.copy(c["far"])
	VORPS(c["sign"], x, minus)
	minus.atLeast(far)

	// t²/2 is rounded. The rounding error is an error of the exponent, and so a relative error of e.
	half := v.product(minus, c["inverse2"])
	square := v.product(minus, half)
	VFMSUB213PS(square, minus, half)
	e = v.exp(square.xor(c["sign"]), c)
	e.subMul(e, half)

	u := v.copy(c["four"])
	VSUBPS(minus, u, minus)
	u.div(minus)
	phi = v.zero()
	for i, term := range []float32{ // of P, highest power first: there are too few registers for all
		0.0153836031, -0.0563454628, 0.0366152562, 0.0483180843, -0.00367795932,
		0.0953755677, 0.069011636, 0.0961508676, 0.099416621, 0.0997517928,
	} {
		phi.mulAdd(u, repeated(fmt.Sprint("tail", i), F32(term), avx512.lanes))
	}
	phi.mul(u).mul(e)
	rest := v.copy(c["one"]).sub(phi)
	return v.choose(rest, phi, x, v.zero()), e
}
