package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// exponential names the constants of exp.
var exponential = []string{"one", "log2e", "ln2", "ln2rest", "round", "least", "most",
	"inverse2", "factorial3", "factorial4", "factorial5", "factorial6", "factorial7"}

// split finds s = 2^n and q with e^x = s(1+q): n is x/ln 2 rounded, and q the series of e^r − 1 for the rest, |r| ≤ ½ ln 2,
// relatively exact near 0: q = r + r²(1/2! + r/3! + … + r⁵/7!), where the terms left out are below 6e-9 of e^r. With n = −127
// and 128, s is 0 and +Inf; x may not go beyond that.
func (v isa) split(x Vec, c constants) (s, q Vec) {
	n := v.copy(c["round"])
	VFMADD231PS(c["log2e"], x, n)
	s = v.vec()
	VPSLLD(Imm(23), n, s)
	VPADDD(c["one"], s, s)
	VSUBPS(c["round"], n, n)

	r := v.copy(x)
	VFNMADD231PS(c["ln2"], n, r)
	VFNMADD231PS(c["ln2rest"], n, r)
	q = v.copy(c["factorial7"])
	for _, term := range []string{"factorial6", "factorial5", "factorial4", "factorial3", "inverse2"} {
		VFMADD213PS(c[term], r, q)
	}
	square := v.vec()
	VMULPS(r, r, square)
	VFMADD213PS(r, square, q)
	return s, q
}

// exp is e^x, but 0 below x = −87.7, before float32's e^x has left the normal numbers, and +Inf above 88.4. NaN stays NaN:
// VMINPS and VMAXPS give their first operand here if either is NaN.
func (v isa) exp(x Vec, c constants) Vec {
	least, most := v.copy(c["least"]), v.copy(c["most"])
	VMAXPS(x, least, x)
	VMINPS(x, most, x)
	s, q := v.split(x, c)
	VADDPS(c["one"], q, q)
	VMULPS(s, q, q)
	return q
}

// sigmoid is 1/(1+e^−x).
func (v isa) sigmoid(x Vec, c constants) Vec {
	VXORPS(c["sign"], x, x)
	e := v.exp(x, c)
	VADDPS(c["one"], e, e)
	y := v.copy(c["one"])
	VDIVPS(e, y, y)
	return y
}

// tanh is (1−e^−2|x|)/(1+e^−2|x|) with the sign of x. The numerator is −(s(1+q) − 1) = −(sq + (s−1)), exact near 0.
func (v isa) tanh(x Vec, c constants) Vec {
	sign, least := v.vec(), v.copy(c["least"])
	VANDPS(c["sign"], x, sign)
	VORPS(c["sign"], x, x)
	VADDPS(x, x, x)
	VMAXPS(x, least, x)
	s, q := v.split(x, c)
	minus, y := v.vec(), v.vec()
	VSUBPS(c["one"], s, minus)
	VFMADD231PS(s, q, minus)
	VADDPS(c["two"], minus, y)
	VDIVPS(y, minus, y)
	VORPS(c["sign"], y, y) // −0 and NaN too
	VXORPS(c["sign"], y, y)
	VXORPS(sign, y, y)
	return y
}

// logarithm names the constants of ln.
var logarithm = []string{"rootHalf", "one", "ln2", "inverse3", "inverse5", "inverse7", "inverse9"}

// ln is ln x for normal positive x: n ln 2 + ln m for x = 2^n m, √½ ≤ m < √2, and ln m = 2t(1 + t²/3 + t⁴/5 + …) with
// t = (m−1)/(m+1), where the terms left out are below 3e-9 of ln m. It does not see NaN.
func (v isa) ln(x Vec, c constants) Vec {
	n, m := v.vec(), v.vec()
	VPSUBD(c["rootHalf"], x, n)
	VPSRAD(Imm(23), n, n)
	VPSLLD(Imm(23), n, m)
	VPSUBD(m, x, m)
	VCVTDQ2PS(n, n)

	t, up, w := v.vec(), v.vec(), v.vec()
	VADDPS(c["one"], m, up)
	VSUBPS(c["one"], m, t)
	VDIVPS(up, t, t)
	VMULPS(t, t, w)
	y := v.copy(c["inverse9"])
	for _, term := range []string{"inverse7", "inverse5", "inverse3", "one"} {
		VFMADD213PS(c[term], w, y)
	}
	VADDPS(t, t, t)
	VMULPS(t, y, y)
	VFMADD231PS(c["ln2"], n, y)
	return y
}
