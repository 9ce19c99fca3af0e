package main

import (
	"go/ast"
	"go/parser"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A kernel is an element-wise loop over slices of equal length.
type kernel struct {
	name, args, loop string
	constants        []string
	body             func(v isa, p point) // of one vector
}

// A point is where the loop stands: the vectors at i of all slices.
type point struct {
	isa
	slice map[string]reg.Register
	every map[string]Vec // the scalar arguments
	c     constants
	i     reg.Register
	mask  Op
}

func (p point) get(slice string) Vec    { return p.load(at(p.slice[slice], p.i), p.mask) }
func (p point) set(slice string, x Vec) { p.store(x, at(p.slice[slice], p.i), p.mask) }

var pointwise = []kernel{
	{"add", "y, a, b []float32", "y[i] = a[i] + b[i]", nil, func(v isa, p point) {
		y := p.get("a")
		VADDPS(p.get("b"), y, y)
		p.set("y", y)
	}},
	{"hadamard", "y, a, b []float32", "y[i] = a[i] b[i]", nil, func(v isa, p point) {
		y := p.get("a")
		VMULPS(p.get("b"), y, y)
		p.set("y", y)
	}},
	{"axpy", "y []float32, a float32, x []float32", "y[i] += a x[i]", nil, func(v isa, p point) {
		y := p.get("y")
		VFMADD231PS(p.get("x"), p.every["a"], y)
		p.set("y", y)
	}},
	{"normalise", "y, x []float32, mean, scale, shift float32", "y[i] = scale (x[i]−mean) + shift", nil, func(v isa, p point) {
		y := p.get("x")
		VSUBPS(p.every["mean"], y, y)
		VFMADD213PS(p.every["shift"], p.every["scale"], y)
		p.set("y", y)
	}},
	{"normaliseGrad", "dx, dy, x []float32, mean, a, b, c float32", "dx[i] = a dy[i] + b (x[i]−mean) + c", nil, func(v isa, p point) {
		d := p.get("x")
		VSUBPS(p.every["mean"], d, d)
		VFMADD213PS(p.every["c"], p.every["b"], d)
		VFMADD231PS(p.get("dy"), p.every["a"], d)
		p.set("dx", d)
	}},
	{"sigmoid", "y, x []float32", "y[i] = 1/(1+e^−x[i])", append([]string{"sign"}, exponential...), func(v isa, p point) {
		p.set("y", v.sigmoid(p.get("x"), p.c))
	}},
	{"tanh", "y, x []float32", "y[i] = tanh x[i]", append([]string{"sign", "two"}, exponential...), func(v isa, p point) {
		p.set("y", v.tanh(p.get("x"), p.c))
	}},
	{"relu", "y, x []float32", "y[i] = max(0, x[i]), NaN where x[i] is", nil, func(v isa, p point) {
		y := p.get("x")
		VMAXPS(y, v.zero(), y) // of 0 and NaN, it takes its first operand
		p.set("y", y)
	}},
	{"sigmoidGrad", "dx, y, dy []float32", "dx[i] = dy[i] y[i] (1−y[i])", []string{"one"}, func(v isa, p point) {
		y, d, rest := p.get("y"), p.get("dy"), v.copy(p.c["one"])
		VSUBPS(y, rest, rest)
		VMULPS(y, d, d)
		VMULPS(rest, d, d)
		p.set("dx", d)
	}},
	{"tanhGrad", "dx, y, dy []float32", "dx[i] = dy[i] (1−y[i]²)", []string{"one"}, func(v isa, p point) {
		y, rest := p.get("y"), v.copy(p.c["one"])
		VFNMADD231PS(y, y, rest)
		VMULPS(p.get("dy"), rest, rest)
		p.set("dx", rest)
	}},
	{"reluGrad", "dx, y, dy []float32", "dx[i] = dy[i] where y[i] > 0, else 0", nil, func(v isa, p point) {
		p.set("dx", v.keep(p.get("dy"), p.get("y"), v.zero()))
	}},
	{"leakyReLU", "y, x []float32, slope float32", "y[i] = max(x[i], slope x[i])", nil, func(v isa, p point) {
		x, y := p.get("x"), v.vec()
		VMULPS(p.every["slope"], x, y)
		VMAXPS(x, y, y)
		p.set("y", y)
	}},
	{"leakyReLUGrad", "dx, y, dy []float32, slope float32", "dx[i] = dy[i] where y[i] > 0, else slope dy[i]", nil, func(v isa, p point) {
		d, leak := p.get("dy"), v.vec()
		VMULPS(p.every["slope"], d, leak)
		p.set("dx", v.choose(d, leak, p.get("y"), v.zero()))
	}},
	{"gelu", "y, x []float32", "y[i] = x[i] Φ(x[i])", distribution, func(v isa, p point) {
		x := p.get("x")
		phi, _ := v.normal(x, p.c)
		VMULPS(x, phi, phi)
		p.set("y", phi)
	}},
	{"geluGrad", "dx, x, dy []float32", "dx[i] = dy[i] (Φ(x[i]) + x[i] φ(x[i]))", distribution, func(v isa, p point) {
		x := p.get("x")
		d, e := v.normal(x, p.c)
		VMULPS(p.c["density"], e, e)
		VFMADD231PS(x, e, d)
		VMULPS(p.get("dy"), d, d)
		p.set("dx", d)
	}},
	{"silu", "y, x []float32", "y[i] = x[i]/(1+e^−x[i])", append([]string{"sign"}, exponential...), func(v isa, p point) {
		x, minus := p.get("x"), v.vec()
		VXORPS(p.c["sign"], x, minus)
		e := v.exp(minus, p.c)
		VADDPS(p.c["one"], e, e)
		VDIVPS(e, x, x)
		p.set("y", x)
	}},
	{"siluGrad", "dx, x, dy []float32", "dx[i] = dy[i] s (1 + x[i] (1−s)) with s = σ(x[i])", append([]string{"sign"}, exponential...), func(v isa, p point) {
		x := p.get("x")
		minus, s, rest := v.vec(), v.copy(p.c["one"]), v.copy(p.c["one"])
		VXORPS(p.c["sign"], x, minus)
		e := v.exp(minus, p.c)
		up := v.vec()
		VADDPS(p.c["one"], e, up)
		VDIVPS(up, s, s)
		VSUBPS(s, rest, rest)
		VMULPS(s, e, e)
		rest = v.choose(e, rest, x, v.zero()) // 1−s, and e^−x s where that would lose digits
		VMULPS(s, x, x)
		VFMADD231PS(rest, x, s)
		VMULPS(p.get("dy"), s, s)
		p.set("dx", s)
	}},
}

func (k kernel) generate(v isa) {
	v.text(k.name, k.args, k.loop)
	p := point{isa: v, slice: map[string]reg.Register{}, every: map[string]Vec{}, c: v.constants(k.constants...)}
	var n reg.GPVirtual
	for _, name := range k.names(true) {
		p.slice[name] = base(name)
		if n == nil {
			n = length(name)
		}
	}
	for _, name := range k.names(false) {
		p.every[name] = v.scalar(name)
	}
	v.chunks(n, func(i reg.GPVirtual, mask Op) {
		p.i, p.mask = i, mask
		k.body(v, p)
	})
	end()
}

// names are those of the kernel's arguments that are slices, or of those that are not.
func (k kernel) names(slices bool) []string {
	f, err := parser.ParseExpr("func(" + k.args + ")")
	if err != nil {
		panic(err)
	}
	var names []string
	for _, field := range f.(*ast.FuncType).Params.List {
		if _, slice := field.Type.(*ast.ArrayType); slice == slices {
			for _, id := range field.Names {
				names = append(names, id.Name)
			}
		}
	}
	return names
}
