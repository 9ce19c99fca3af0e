package kernels

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mulDouble generates Mul for float64 and a fixed number of rows, as mul does for float32.
func (v isa) mulDouble(height int) {
	v.text(fmt.Sprint("mulDouble", height), "(c *float64, ldc int, a *float64, ai, al int, b *float64, ldb, n, k int, alpha, beta float64)",
		fmt.Sprintf("c[i*ldc+j] = alpha Σ a[i*ai+l*al] b[l*ldb+j] + beta c[i*ldc+j] for i < %d, j < n, l < k, k ≥ 1", height))
	lanes := v.lanes / 2
	once := inDoubles("ai")
	o := operands{c: GP64(), b: GP64(), n: GP64(), ldc: inDoubles("ldc"), al: inDoubles("al")}
	o.lda = pitch{once, address(Mem{Base: once, Index: once, Scale: 2})}
	o.ldb.once = inDoubles("ldb")
	o.loadMoving()

	Label("tiles")
	CMPQ(o.n, U8(2*lanes))
	JLT(LabelRef("last"))
	doubles{tile{v, o, "full", height, 2, nil}}.mul()
	ADDQ(U32(2*v.bytes()), o.c)
	ADDQ(U32(2*v.bytes()), o.b)
	SUBQ(U8(2*lanes), o.n)
	JMP(LabelRef("tiles"))

	Label("last")
	CMPQ(o.n, U8(lanes))
	JLE(LabelRef("narrow"))
	SUBQ(U8(lanes), o.n)
	doubles{tile{v, o, "wide", height, 2, v.tailDouble(o.n)}}.mul()
	JMP(LabelRef("done"))

	Label("narrow")
	TESTQ(o.n, o.n)
	JZ(LabelRef("done"))
	doubles{tile{v, o, "thin", height, 1, v.tailDouble(o.n)}}.mul()

	Label("done")
	end()
}

// inDoubles is the argument of the given name, a number of float64 elements, in bytes.
func inDoubles(name string) reg.GPVirtual {
	n := param(name)
	SHLQ(Imm(3), n)
	return n
}

// tailDouble is the mask of the first count lanes of float64. It destroys count.
func (v isa) tailDouble(count reg.Register) Op {
	if v == avx2 {
		ADDQ(count, count)
	}
	return v.tail(count)
}

// doubles is a tile of float64.
type doubles struct{ tile }

// mul generates one tile, as tile.mul does.
func (t doubles) mul() {
	sums := t.sums(t.height, t.width)
	a, b, k := placesAt(param("a"), t.lda, t.height), moved(t.b), param("k")

	Label(t.name)
	x, row := t.vec(), make([]vec, t.width)
	for j := range row {
		row[j] = t.vec()
		at := Mem{Base: b, Disp: j * t.bytes()}
		t.get(row[j], at, t.rowMask(j))
		if t.last == nil && (j+1)*t.bytes()%64 == 0 {
			PREFETCHT0(at.Offset(3*t.bytes() - 1))
		}
	}
	for i, s := range sums {
		VBROADCASTSD(a.at(i), x)
		for j := range row {
			VFMADD231PD(row[j], x, s[j])
		}
	}
	a.advance(t.al)
	ADDQ(t.ldb.once, b)
	DECQ(k)
	JNZ(LabelRef(t.name))

	factor, bits := t.vec(), GP64()
	VBROADCASTSD(arg("alpha"), factor)
	for _, s := range sums {
		for j := range s {
			VMULPD(factor, s[j], s[j])
		}
	}
	MOVQ(arg("beta"), bits)
	ADDQ(bits, bits)
	JZ(LabelRef(t.name + "Store"))
	VBROADCASTSD(arg("beta"), factor)
	t.walkVectors(func(c Mem, i, j int) {
		t.get(x, c, t.rowMask(j))
		VFMADD231PD(x, factor, sums[i][j])
	})
	Label(t.name + "Store")
	t.walkVectors(func(c Mem, i, j int) { t.put(sums[i][j], c, t.rowMask(j)) })
}

// get is loadTo for float64.
func (t doubles) get(x vec, m Mem, mask Op) {
	switch {
	case mask == nil:
		VMOVUPD(m, x)
	case t.isa == avx512:
		VMOVUPD_Z(m, mask, x)
	default:
		VMASKMOVPD(m, mask, x)
	}
}

// put is store for float64.
func (t doubles) put(x vec, m Mem, mask Op) {
	switch {
	case mask == nil:
		VMOVUPD(x, m)
	case t.isa == avx512:
		VMOVUPD(x, mask, m)
	default:
		VMASKMOVPD(x, mask, m)
	}
}

// doublePoints are element-wise kernels for float64. Their loops are those for float32 with twice as many elements.
var doublePoints = []kernel{
	{"addDouble", "(y, a, b []float64)", "y[i] = a[i] + b[i]", nil, func(p point) vec {
		y := p.get("a")
		VADDPD(p.get("b"), y, y)
		return y
	}},
	{"hadamardDouble", "(y, a, b []float64)", "y[i] = a[i] b[i]", nil, func(p point) vec {
		y := p.get("a")
		VMULPD(p.get("b"), y, y)
		return y
	}},
	{"axpyDouble", "(y []float64, a float64, x []float64)", "y[i] += a x[i]", nil, func(p point) vec {
		y := p.get("y")
		VFMADD231PD(p.get("x"), p.c["a"], y)
		return y
	}},
	{"normalizeDouble", "(y, x []float64, mean, scale, shift float64)", "y[i] = scale (x[i]−mean) + shift", nil, func(p point) vec {
		y := p.get("x")
		VSUBPD(p.c["mean"], y, y)
		VFMADD213PD(p.c["shift"], p.c["scale"], y)
		return y
	}},
	{"normalizeGradDouble", "(dx, dy, x []float64, mean, a, b, c float64)", "dx[i] = a dy[i] + b (x[i]−mean) + c", nil, func(p point) vec {
		d := p.get("x")
		VSUBPD(p.c["mean"], d, d)
		VFMADD213PD(p.c["c"], p.c["b"], d)
		VFMADD231PD(p.get("dy"), p.c["a"], d)
		return d
	}},
	{"rectifyDouble", "(y, x []float64)", "y[i] = x[i]+0 where x[i] > 0, else 0 (x[i]+0)", nil, func(p point) vec {
		x, zero, y := p.get("x"), p.zero(), p.vec()
		VADDPD(zero, x, x)
		VMULPD(zero, x, y)
		if p.isa == avx512 {
			positive := K()
			VCMPPD(Imm(17), x, zero, positive) // 0 < x
			VMOVAPD(x, positive, y)
		} else {
			positive := p.vec()
			VCMPPD(Imm(17), x, zero, positive)
			VBLENDVPD(positive, x, y, y)
		}
		return y
	}},
	{"rectifyGradDouble", "(dx, y, dy []float64)", "dx[i] = dy[i], but 0 where y[i] has the sign −", nil, func(p point) vec {
		sign := p.get("y")
		VPSRAD(Imm(31), sign, sign)
		VPSHUFD(Imm(0xf5), sign, sign) // the upper half's, in both halves
		VANDNPS(p.get("dy"), sign, sign)
		return sign
	}},
}

// generateDouble is generate for float64.
func (k kernel) generateDouble(v isa) {
	v.text(k.name, k.signature, k.loop)
	p := point{isa: v, slices: map[string]reg.Register{}, c: constants{}}
	slices, numbers := k.arguments()
	for _, name := range slices {
		p.slices[name] = base(name)
	}
	n := length(slices[0])
	ADDQ(n, n)
	for _, name := range numbers {
		x := v.vec()
		VBROADCASTSD(arg(name), x)
		p.c[name] = x
	}
	v.chunks(n, func(i reg.GPVirtual, mask Op) {
		p.i, p.mask = i, mask
		p.set(slices[0], k.body(p))
	})
	end()
}

// dotDouble is a kernel of package kernel.
func (v isa) dotDouble() {
	v.text("dotDouble", "(a, b []float64) (s float64)", "Σ a[i] b[i], in an order that depends on len(a) alone")
	a, b, n, parts := base("a"), base("b"), length("a"), v.zeros(4)
	ADDQ(n, n)
	v.fourfold(n, func(j int, in place, mask Op) { VFMADD231PD(v.load(in(a), mask), v.load(in(b), mask), parts[j]) })
	v.returnsDouble(parts)
}

// sumDouble is a kernel of package kernel.
func (v isa) sumDouble() {
	v.text("sumDouble", "(x []float64) (s float64)", "Σ x[i], in an order that depends on len(x) alone")
	x, n, parts := base("x"), length("x"), v.zeros(4)
	ADDQ(n, n)
	v.fourfold(n, func(j int, in place, mask Op) { VADDPD(v.operand(in(x), mask), parts[j], parts[j]) })
	v.returnsDouble(parts)
}

// returnsDouble returns the sum of four vectors' elements, and ends the function.
func (v isa) returnsDouble(parts []vec) {
	VADDPD(parts[1], parts[0], parts[0])
	VADDPD(parts[3], parts[2], parts[2])
	VADDPD(parts[2], parts[0], parts[0])
	x, y := parts[0], v.vec()
	if v == avx512 {
		VSHUFF64X2(Imm(0x4e), x, x, y)
		VADDPD(y, x, x)
		VSHUFF64X2(Imm(0xb1), x, x, y)
	} else {
		VPERM2F128(Imm(1), x, x, y)
	}
	VADDPD(y, x, x)
	VPERMILPD(Imm(0x55), x, y)
	VADDPD(y, x, x)
	Store(x.AsX(), ReturnIndex(0))
	end()
}
