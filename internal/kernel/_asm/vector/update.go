package main

import . "github.com/mmcloughlin/avo/build"

// updates are the optimisers' steps: element-wise loops too.
var updates = []kernel{
	{"sgd", "w, g []float32, decay, rate float32", "w[i] = decay w[i] − rate g[i]", nil, func(v isa, p point) {
		w := p.get("w")
		VMULPS(p.every["decay"], w, w)
		VFNMADD231PS(p.get("g"), p.every["rate"], w)
		p.set("w", w)
	}},
	{"momentum", "w, v, g []float32, mu, rate, decay float32",
		"v[i] = mu v[i] − rate (g[i] + decay w[i]), then w[i] += v[i]", nil, func(_ isa, p point) {
			w, v, g := p.get("w"), p.get("v"), p.get("g")
			VFMADD231PS(p.every["decay"], w, g)
			VMULPS(p.every["mu"], v, v)
			VFNMADD231PS(p.every["rate"], g, v)
			VADDPS(v, w, w)
			p.set("v", v)
			p.set("w", w)
		}},
	{"nesterov", "w, v, g []float32, mu, rate, decay float32",
		"h = g[i] + decay w[i], then v[i] = mu v[i] + h, then w[i] −= rate (h + mu v[i])", nil, func(_ isa, p point) {
			w, v, h := p.get("w"), p.get("v"), p.get("g")
			VFMADD231PS(p.every["decay"], w, h)
			VFMADD213PS(h, p.every["mu"], v)
			VFMADD231PS(p.every["mu"], v, h)
			VFNMADD231PS(p.every["rate"], h, w)
			p.set("v", v)
			p.set("w", w)
		}},
	{"rmsProp", "w, v, g []float32, a, rate, eps, decay float32",
		"h = g[i] + decay w[i], then v[i] += a (h²−v[i]), then w[i] −= rate h/(√v[i] + eps)", nil, func(isa isa, p point) {
			w, v, h := p.get("w"), p.get("v"), p.get("g")
			VFMADD231PS(p.every["decay"], w, h)
			approach(isa, v, p.every["a"], h, h)
			p.set("v", v)
			VSQRTPS(v, v)
			VADDPS(p.every["eps"], v, v)
			VMULPS(p.every["rate"], h, h)
			VDIVPS(v, h, h)
			VSUBPS(h, w, w)
			p.set("w", w)
		}},
	{"adam", "w, m, v, g []float32, a, b, rate, root, eps, decay, shrink float32",
		"h = g[i] + decay w[i], then m[i] += a (h−m[i]) and v[i] += b (h²−v[i]), then w[i] = shrink w[i] − rate m[i]/(root √v[i] + eps)",
		nil, func(isa isa, p point) {
			w, m, v, h := p.get("w"), p.get("m"), p.get("v"), p.get("g")
			VFMADD231PS(p.every["decay"], w, h)
			approach(isa, v, p.every["b"], h, h)
			VSUBPS(m, h, h)
			VFMADD231PS(p.every["a"], h, m)
			p.set("m", m)
			p.set("v", v)
			VSQRTPS(v, v)
			VFMADD213PS(p.every["eps"], p.every["root"], v)
			VMULPS(p.every["rate"], m, m)
			VDIVPS(v, m, m)
			VFMSUB132PS(p.every["shrink"], m, w)
			p.set("w", w)
		}},
}

// approach is y += rate (a b − y).
func approach(v isa, y, rate, a, b Vec) {
	d := v.copy(y)
	VFMSUB231PS(a, b, d)
	VFMADD231PS(rate, d, y)
}
