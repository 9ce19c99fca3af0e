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
