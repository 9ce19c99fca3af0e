package kernels

import (
	"go/ast"
	"go/parser"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A kernel is an element-wise loop over slices of equal length. It writes the first slice.
type kernel struct {
	name, signature, loop string
	constants             []string
	body                  func(p point) vec // returns the new value of the first slice
}

// A point is a position of the loop: the vectors at i of all slices.
type point struct {
	isa
	c      constants // and the numeric arguments
	slices map[string]reg.Register
	i      reg.Register
	mask   operand.Op
}

func (p point) get(slice string) vec    { return p.load(at(p.slices[slice], p.i), p.mask) }
func (p point) set(slice string, x vec) { p.store(x, at(p.slices[slice], p.i), p.mask) }

var pointwise = []kernel{
	{"add", "(y, a, b []float32)", "y[i] = a[i] + b[i]", nil, func(p point) vec {
		return p.get("a").add(p.get("b"))
	}},
	{"hadamard", "(y, a, b []float32)", "y[i] = a[i] b[i]", nil, func(p point) vec {
		return p.get("a").mul(p.get("b"))
	}},
	{"axpy", "(y []float32, a float32, x []float32)", "y[i] += a x[i]", nil, func(p point) vec {
		return p.get("y").addMul(p.c["a"], p.get("x"))
	}},
	{"normalize", "(y, x []float32, mean, scale, shift float32)", "y[i] = scale (x[i]−mean) + shift", nil, func(p point) vec {
		return p.get("x").sub(p.c["mean"]).mulAdd(p.c["scale"], p.c["shift"])
	}},
	{"normalizeGrad", "(dx, dy, x []float32, mean, a, b, c float32)", "dx[i] = a dy[i] + b (x[i]−mean) + c", nil, func(p point) vec {
		return p.get("x").sub(p.c["mean"]).mulAdd(p.c["b"], p.c["c"]).addMul(p.c["a"], p.get("dy"))
	}},
	{"sigmoid", "(y, x []float32)", "y[i] = 1/(1+e^−x[i])", append([]string{"sign"}, exponential...), func(p point) vec {
		return p.sigmoid(p.get("x"), p.c)
	}},
	{"tanh", "(y, x []float32)", "y[i] = tanh x[i]", append([]string{"sign", "two"}, exponential...), func(p point) vec {
		return p.tanh(p.get("x"), p.c)
	}},
	{"relu", "(y, x []float32)", "y[i] = max(0, x[i]), NaN where x[i] is", nil, func(p point) vec {
		return p.get("x").atLeast(p.zero())
	}},
	{"sigmoidGrad", "(dx, y, dy []float32)", "dx[i] = dy[i] y[i] (1−y[i])", []string{"one"}, func(p point) vec {
		y, d := p.get("y"), p.get("dy")
		rest := p.copy(p.c["one"]).sub(y)
		return d.mul(y).mul(rest)
	}},
	{"tanhGrad", "(dx, y, dy []float32)", "dx[i] = dy[i] (1−y[i]²)", []string{"one"}, func(p point) vec {
		y := p.get("y")
		return p.copy(p.c["one"]).subMul(y, y).mul(p.get("dy"))
	}},
	{"reluGrad", "(dx, y, dy []float32)", "dx[i] = dy[i] where y[i] > 0, else 0", nil, func(p point) vec {
		return p.keep(p.get("dy"), p.get("y"), p.zero())
	}},
	{"leakyReLU", "(y, x []float32, slope float32)", "y[i] = x[i] where x[i] > 0, else slope x[i]", nil, func(p point) vec {
		x := p.get("x")
		return p.choose(x, p.product(x, p.c["slope"]), x, p.zero())
	}},
	{"leakyReLUGrad", "(dx, y, dy []float32, slope float32)", "dx[i] = dy[i] where y[i] > 0, else slope dy[i]", nil, func(p point) vec {
		d := p.get("dy")
		return p.choose(d, p.product(d, p.c["slope"]), p.get("y"), p.zero())
	}},
	{"elu", "(y, x []float32, scale, alpha float32)", "y[i] = scale x[i] where x[i] > 0, else alpha (e^x[i] − 1)", exponential, func(p point) vec {
		x, zero, least := p.get("x"), p.zero(), p.copy(p.c["least"])
		s, q := p.split(p.copy(x).atLeast(least).atMost(zero), p.c)
		y := p.vec()
		VSUBPS(p.c["one"], s, y)
		y.addMul(q, s).mul(p.c["alpha"]) // s(1+q) − 1, exact near 0
		return p.choose(p.product(x, p.c["scale"]), y, x, zero)
	}},
	{"eluGrad", "(dx, y, dy []float32, scale, alpha float32)", "dx[i] = scale dy[i] where y[i] > 0, else (y[i] + alpha) dy[i]", nil, func(p point) vec {
		y, d := p.get("y"), p.get("dy")
		up := p.product(d, p.c["scale"])
		return p.choose(up, d.mul(p.copy(y).add(p.c["alpha"])), y, p.zero())
	}},
	{"slopes", "(y, x, a, v []float32)", "y[i] = v[i] where x[i] > 0, else a[i] v[i]", nil, func(p point) vec {
		v := p.get("v")
		return p.choose(v, p.get("a").mul(v), p.get("x"), p.zero())
	}},
	{"larger", "(y, a, b []float32)", "y[i] = max(a[i], b[i]); NaN wins", nil, func(p point) vec {
		return p.max(p.get("a"), p.get("b"))
	}},
	{"claim", "(dx, dy, x, top []float32)", "dx[i] += dy[i], and then dy[i] = 0, where x[i] = top[i]", nil, func(p point) vec {
		dy := p.get("dy")
		equal := p.compare(0, p.get("x"), p.get("top")) // ordered, quiet
		taken := p.where(dy, equal)
		p.set("dy", dy.xor(taken)) // x xor x is 0, and x xor 0 is x
		return p.get("dx").add(taken)
	}},
	{"gelu", "(y, x []float32)", "y[i] = x[i] Φ(x[i])", distribution, func(p point) vec {
		x := p.get("x")
		phi, _ := p.normal(x, p.c)
		return phi.mul(x)
	}},
	{"geluGrad", "(dx, x, dy []float32)", "dx[i] = dy[i] (Φ(x[i]) + x[i] φ(x[i]))", distribution, func(p point) vec {
		x := p.get("x")
		phi, e := p.normal(x, p.c)
		return phi.addMul(e.mul(p.c["density"]), x).mul(p.get("dy"))
	}},
	{"silu", "(y, x []float32)", "y[i] = x[i]/(1+e^−x[i])", append([]string{"sign"}, exponential...), func(p point) vec {
		x, minus := p.get("x"), p.vec()
		VXORPS(p.c["sign"], x, minus)
		return x.div(p.exp(minus, p.c).add(p.c["one"]))
	}},
	{"siluGrad", "(dx, x, dy []float32)", "dx[i] = dy[i] s (1 + x[i] (1−s)) with s = σ(x[i])", append([]string{"sign"}, exponential...), func(p point) vec {
		x := p.get("x")
		minus, s, rest := p.vec(), p.copy(p.c["one"]), p.copy(p.c["one"])
		VXORPS(p.c["sign"], x, minus)
		e := p.exp(minus, p.c)
		up := p.vec()
		VADDPS(p.c["one"], e, up)
		s.div(up)
		rest.sub(s)
		rest = p.choose(e.mul(s), rest, x, p.zero()) // 1−s, or e^−x s where 1−s would lose digits
		return s.addMul(x.mul(s), rest).mul(p.get("dy"))
	}},
}

// stock are functions that give Gorgonia's results at kinks and where it rounds to 1.
var stock = []kernel{
	{"divide", "(y, a, b []float32)", "y[i] = a[i] / b[i], +Inf where b[i] = 0", []string{"infinite"}, func(p point) vec {
		y, b := p.get("a"), p.get("b")
		y.div(b)
		none := p.compare(0, b, p.zero())
		if p.isa == avx512 {
			VMOVAPS(p.c["infinite"], none, y)
		} else {
			VBLENDVPS(none, p.c["infinite"], y, y)
		}
		return y
	}},
	{"exp", "(y, x []float32)", "y[i] = e^x[i]", exponential, func(p point) vec { return p.exp(p.get("x"), p.c) }},
	{"softplus", "(y, x []float32)", "y[i] = ln(1+e^x[i])", softplus, func(p point) vec { return p.softplus(p.get("x"), p.c) }},
	{"logistic", "(y, x []float32)", "y[i] = 1 where x[i] > 15, else 1/(1+e^−x[i])", append([]string{"sign", "fifteen"}, exponential...), func(p point) vec {
		x := p.get("x")
		y := p.sigmoid(p.copy(x), p.c)
		return p.choose(p.copy(p.c["one"]), y, x, p.copy(p.c["fifteen"]))
	}},
	{"rectify", "(y, x []float32)", "y[i] = x[i]+0 where x[i] > 0, else 0 (x[i]+0)", nil, func(p point) vec {
		x, zero := p.get("x"), p.zero()
		x.add(zero)
		return p.choose(x, p.product(x, zero), x, zero)
	}},
	{"rectifyGrad", "(dx, y, dy []float32)", "dx[i] = dy[i], but 0 where y[i] has the sign −", nil, func(p point) vec {
		sign := p.get("y")
		VPSRAD(operand.Imm(31), sign, sign)
		VANDNPS(p.get("dy"), sign, sign)
		return sign
	}},
}

// updates are the optimizers' steps, which are element-wise loops, too.
var updates = []kernel{
	{"sgd", "(w, g []float32, decay, rate float32)", "w[i] = decay w[i] − rate g[i]", nil, func(p point) vec {
		return p.get("w").mul(p.c["decay"]).subMul(p.c["rate"], p.get("g"))
	}},
	{"momentum", "(w, v, g []float32, mu, rate, decay float32)",
		"v[i] = mu v[i] − rate (g[i] + decay w[i]), then w[i] += v[i]", nil, func(p point) vec {
			w, v, g := p.get("w"), p.get("v"), p.get("g")
			g.addMul(w, p.c["decay"])
			v.mul(p.c["mu"]).subMul(g, p.c["rate"])
			w.add(v)
			p.set("v", v)
			return w
		}},
	{"nesterov", "(w, v, g []float32, mu, rate, decay float32)",
		"h = g[i] + decay w[i], then v[i] = mu v[i] + h, then w[i] −= rate (h + mu v[i])", nil, func(p point) vec {
			w, v, h := p.get("w"), p.get("v"), p.get("g")
			h.addMul(w, p.c["decay"])
			v.mulAdd(p.c["mu"], h)
			h.addMul(v, p.c["mu"])
			w.subMul(h, p.c["rate"])
			p.set("v", v)
			return w
		}},
	{"rmsProp", "(w, v, g []float32, a, rate, eps, decay float32)",
		"h = g[i] + decay w[i], then v[i] += a (h²−v[i]), then w[i] −= rate h/(√v[i] + eps)", nil, func(p point) vec {
			w, v, h := p.get("w"), p.get("v"), p.get("g")
			h.addMul(w, p.c["decay"])
			p.approachSquare(v, p.c["a"], h)
			p.set("v", v)
			v.sqrt().add(p.c["eps"])
			return w.sub(h.mul(p.c["rate"]).div(v))
		}},
	{"adaGrad", "(w, v, g []float32, rate, eps, decay float32)",
		"h = g[i] + decay w[i], then v[i] += h², then w[i] −= rate h/(√v[i] + eps)", nil, func(p point) vec {
			w, v, h := p.get("w"), p.get("v"), p.get("g")
			h.addMul(w, p.c["decay"])
			v.addMul(h, h)
			p.set("v", v)
			v.sqrt().add(p.c["eps"])
			return w.sub(h.mul(p.c["rate"]).div(v))
		}},
	{"adaDelta", "(w, v, d, g []float32, a, rate, eps, decay float32)",
		"h = g[i] + decay w[i], then v[i] += a (h²−v[i]), then x = h √(d[i]+eps)/√(v[i]+eps), then d[i] += a (x²−d[i]), then w[i] −= rate x",
		nil, func(p point) vec {
			w, v, d, x := p.get("w"), p.get("v"), p.get("d"), p.get("g")
			x.addMul(w, p.c["decay"])
			p.approachSquare(v, p.c["a"], x)
			p.set("v", v)
			x.mul(p.copy(d).add(p.c["eps"]).sqrt()).div(v.add(p.c["eps"]).sqrt())
			p.approachSquare(d, p.c["a"], x)
			p.set("d", d)
			return w.subMul(x, p.c["rate"])
		}},
	{"adam", "(w, m, v, g []float32, a, b, rate, root, eps, decay, shrink float32)",
		"h = g[i] + decay w[i], then m[i] += a (h−m[i]) and v[i] += b (h²−v[i]), then w[i] = shrink w[i] − rate m[i]/(root √v[i] + eps)",
		nil, func(p point) vec {
			w, m, v, h := p.get("w"), p.get("m"), p.get("v"), p.get("g")
			h.addMul(w, p.c["decay"])
			p.approachSquare(v, p.c["b"], h)
			m.addMul(h.sub(m), p.c["a"])
			p.set("m", m)
			p.set("v", v)
			v.sqrt().mulAdd(p.c["root"], p.c["eps"])
			m.mul(p.c["rate"]).div(v)
			VFMSUB132PS(p.c["shrink"], m, w) // w = shrink w − m
			return w
		}},
}

// approachSquare is y += rate (x² − y).
func (v isa) approachSquare(y vec, rate operand.Op, x vec) {
	d := v.copy(y)
	VFMSUB231PS(x, x, d)
	y.addMul(d, rate)
}

func (k kernel) generate(v isa) {
	v.arithmetic(k.name, k.signature, k.loop)
	p := point{isa: v, slices: map[string]reg.Register{}, c: v.constants(k.constants...)}
	slices, numbers := k.arguments()
	var n reg.GPVirtual
	for _, name := range slices {
		p.slices[name] = base(name)
		if n == nil {
			n = length(name)
		}
	}
	for _, name := range numbers {
		p.c[name] = v.scalar(name)
	}
	v.chunks(n, func(i reg.GPVirtual, mask operand.Op) {
		p.i, p.mask = i, mask
		p.set(slices[0], k.body(p))
	})
	end()
}

// arguments returns the names of the kernel's slices and of its numbers.
func (k kernel) arguments() (slices, numbers []string) {
	f, err := parser.ParseExpr("func" + k.signature)
	if err != nil {
		panic(err)
	}
	for _, field := range f.(*ast.FuncType).Params.List {
		for _, id := range field.Names {
			if _, slice := field.Type.(*ast.ArrayType); slice {
				slices = append(slices, id.Name)
			} else {
				numbers = append(numbers, id.Name)
			}
		}
	}
	return slices, numbers
}
