package kernel

import "math"

func leakyReLU[T Float](y, x []T, slope T) {
	for i, v := range x {
		if !(v > 0) {
			v *= slope
		}
		y[i] = v
	}
}

func leakyReLUGrad[T Float](dx, y, dy []T, slope T) {
	for i, v := range y {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = slope * dy[i]
		}
	}
}

func slopes[T Float](y, x, a, v []T) {
	x, a, v = x[:len(y)], a[:len(y)], v[:len(y)]
	for i := range y {
		if x[i] > 0 {
			y[i] = v[i]
		} else {
			y[i] = a[i] * v[i]
		}
	}
}

func elu[T Float](y, x []T, scale, alpha T) {
	for i, v := range x {
		if v > 0 {
			y[i] = scale * v
		} else {
			y[i] = alpha * T(math.Expm1(float64(v)))
		}
	}
}

func eluGrad[T Float](dx, y, dy []T, scale, alpha T) {
	for i, v := range y {
		if v > 0 {
			dx[i] = scale * dy[i]
		} else {
			dx[i] = (v + alpha) * dy[i]
		}
	}
}

func gelu[T Float](y, x []T) {
	for i, v := range x {
		y[i] = T(float64(v) * normal(float64(v)))
	}
}

func geluGrad[T Float](dx, x, dy []T) {
	for i, v := range x {
		v := float64(v)
		dx[i] = T(float64(dy[i]) * (normal(v) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi)))
	}
}

// normal is Φ(x), the distribution function of N(0,1).
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func silu[T Float](y, x []T) {
	for i, v := range x {
		y[i] = T(float64(v) / (1 + math.Exp(-float64(v))))
	}
}

func siluGrad[T Float](dx, x, dy []T) {
	for i, v := range x {
		s := 1 / (1 + math.Exp(-float64(v)))
		dx[i] = T(float64(dy[i]) * (s + float64(v)*s*(1-s)))
	}
}
