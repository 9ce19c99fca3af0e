package kernel

import (
	"math"
	"unsafe"
)

// loops returns the Go row.
func loops[T Float]() Set[T] {
	return Set[T]{
		Mul: mul[T], MulT: mulT[T], MulAdd: mulAdd[T],
		Transpose: transpose[T], Nonzero: nonzero[T], MulSparse: mulSparse[T], MulSparseRows: mulRowsSparse[T], OuterSparse: outerSparse[T],
		Add: add[T], Hadamard: hadamard[T], Divide: divide[T], Larger: larger[T], Axpy: axpy[T], AddRow: addRow[T], SumRows: sumRows[T], Sum: sum[T],
		SumSquares: sumSquares[T], SumProducts: sumProducts[T], Normalize: normalize[T], NormalizeGrad: normalizeGrad[T],
		Sigmoid: sigmoid[T], Tanh: tanh[T], ReLU: relu[T],
		SigmoidGrad: sigmoidGrad[T], TanhGrad: tanhGrad[T], ReLUGrad: reluGrad[T],
		LeakyReLU: leakyReLU[T], LeakyReLUGrad: leakyReLUGrad[T],
		Slopes: slopes[T], ELU: elu[T], ELUGrad: eluGrad[T],
		GELU: gelu[T], GELUGrad: geluGrad[T], SiLU: silu[T], SiLUGrad: siluGrad[T],
		Exp: exp[T], Softplus: softplus[T], Logistic: logistic[T], Rectify: rectify[T], RectifyGrad: rectifyGrad[T],
		Softmax: softmax[T], LogSumExp: logSumExp[T],
		SGD: sgd[T], Momentum: momentum[T], Nesterov: nesterov[T], RMSProp: rmsProp[T],
		AdaGrad: adaGrad[T], AdaDelta: adaDelta[T], Adam: adam[T],
		MaxPool: maxPool[T], MaxPoolGrad: maxPoolGrad[T], AvgPool: avgPool[T], AvgPoolGrad: avgPoolGrad[T],
		Claim: claim[T], Im2col: im2col[T], Col2im: col2im[T], Depthwise: depthwise[T], DepthwiseX: depthwiseX[T], DepthwiseK: depthwiseK[T],
		Mask: mask[T], Gather: gather[T], Resample: resample[T],
	}
}

func mul[T Float](c []T, ldc int, a []T, ai, al int, b []T, ldb int, m, n, k int, alpha, beta T) {
	for i := range m {
		y := c[i*ldc : i*ldc+n]
		scale(y, beta)
		for l := range k {
			axpy(y, alpha*a[i*ai+l*al], b[l*ldb:l*ldb+n])
		}
	}
}

func mulT[T Float](c []T, ldc int, a []T, lda int, b []T, ldb int, m, n, k int, alpha, beta T) {
	for i := range m {
		y := c[i*ldc : i*ldc+n]
		scale(y, beta)
		for j := range y {
			y[j] += alpha * dot(a[i*lda:i*lda+k], b[j*ldb:j*ldb+k])
		}
	}
}

// scale is y = β y. β = 0 writes zeros, whatever y was.
func scale[T Float](y []T, beta T) {
	switch beta {
	case 0:
		clear(y)
	case 1:
	default:
		for i := range y {
			y[i] *= beta
		}
	}
}

func dot[T Float](a, b []T) T {
	var s T
	for i, x := range a {
		s += x * b[i]
	}
	return s
}

func transpose[T Float](y []T, ldy int, x []T, ldx, m, n int) {
	for i := range m {
		for j := range n {
			y[j*ldy+i] = x[i*ldx+j]
		}
	}
}

func nonzero[T Float](idx, ends []int32, x []T, ldx, m int) int {
	n := 0
	for j := range idx {
		for r := range m {
			if x[r*ldx+j] != 0 {
				idx[n] = int32(j)
				n++
				break
			}
		}
		ends[j/Group] = int32(n)
	}
	return n
}

func mulSparse[T Float](y []T, ldy int, x []T, ldx int, idx []int32, w []T, ldw, m, n int) {
	for r := range m {
		for _, t := range idx {
			axpy(y[r*ldy:r*ldy+n], x[r*ldx+int(t)], w[int(t)*ldw:int(t)*ldw+n])
		}
	}
}

func mulRowsSparse[T Float](y []T, ldy int, x []T, ldx int, idx, found []int32, w []T, ldw, m, n, k int) {
	for r := range m {
		mulSparse(y[r*ldy:], ldy, x[r*ldx:], ldx, idx[r*k:][:found[r]], w, ldw, 1, n)
	}
}

func outerSparse[T Float](w []T, ldw int, x []T, ldx int, idx []int32, dy []T, ldd, m, n int, alpha T) {
	for _, t := range idx {
		for r := range m {
			axpy(w[int(t)*ldw:int(t)*ldw+n], alpha*x[r*ldx+int(t)], dy[r*ldd:r*ldd+n])
		}
	}
}

func add[T Float](y, a, b []T) {
	for i := range y {
		y[i] = a[i] + b[i]
	}
}

func hadamard[T Float](y, a, b []T) {
	for i := range y {
		y[i] = a[i] * b[i]
	}
}

func divide[T Float](y, a, b []T) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		if y[i] = a[i] / b[i]; b[i] == 0 {
			y[i] = T(math.Inf(1))
		}
	}
}

func larger[T Float](y, a, b []T) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = max(a[i], b[i])
	}
}

func axpy[T Float](y []T, a T, x []T) {
	x = x[:len(y)]
	for i := range y {
		y[i] += a * x[i]
	}
}

func addRow[T Float](y, x, b []T) {
	for i := 0; i < len(x); i += len(b) {
		add(y[i:i+len(b)], x[i:i+len(b)], b)
	}
}

func sumRows[T Float](y, x []T, ldx, m int) {
	clear(y)
	for i := range m {
		axpy(y, 1, x[i*ldx:i*ldx+len(y)])
	}
}

func sum[T Float](x []T) T {
	var s T
	for _, v := range x {
		s += v
	}
	return s
}

func sumSquares[T Float](x []T, mean T) T {
	var s T
	for _, v := range x {
		s += (v - mean) * (v - mean)
	}
	return s
}

func sumProducts[T Float](dy, x []T, mean T) (sum, product T) {
	for i, d := range dy {
		sum += d
		product += d * (x[i] - mean)
	}
	return sum, product
}

func normalize[T Float](y, x []T, mean, scale, shift T) {
	for i, v := range x {
		y[i] = scale*(v-mean) + shift
	}
}

func normalizeGrad[T Float](dx, dy, x []T, mean, a, b, c T) {
	for i, v := range x {
		dx[i] = a*dy[i] + b*(v-mean) + c
	}
}

func sgd[T Float](w, g []T, decay, rate T) {
	for i := range w {
		w[i] = decay*w[i] - rate*g[i]
	}
}

func momentum[T Float](w, v, g []T, mu, rate, decay T) {
	for i := range w {
		v[i] = mu*v[i] - rate*(g[i]+decay*w[i])
		w[i] += v[i]
	}
}

func nesterov[T Float](w, v, g []T, mu, rate, decay T) {
	for i := range w {
		h := g[i] + decay*w[i]
		v[i] = mu*v[i] + h
		w[i] -= rate * (h + mu*v[i])
	}
}

func rmsProp[T Float](w, v, g []T, a, rate, eps, decay T) {
	for i := range w {
		h := g[i] + decay*w[i]
		v[i] += a * (h*h - v[i])
		w[i] -= rate * h / (sqrt(v[i]) + eps)
	}
}

func adaGrad[T Float](w, v, g []T, rate, eps, decay T) {
	for i := range w {
		h := g[i] + decay*w[i]
		v[i] += h * h
		w[i] -= rate * h / (sqrt(v[i]) + eps)
	}
}

func adaDelta[T Float](w, v, d, g []T, a, rate, eps, decay T) {
	for i := range w {
		h := g[i] + decay*w[i]
		v[i] += a * (h*h - v[i])
		x := h * sqrt(d[i]+eps) / sqrt(v[i]+eps)
		d[i] += a * (x*x - d[i])
		w[i] -= rate * x
	}
}

func adam[T Float](w, m, v, g []T, a, b, rate, root, eps, decay, shrink T) {
	for i := range w {
		h := g[i] + decay*w[i]
		m[i] += a * (h - m[i])
		v[i] += b * (h*h - v[i])
		w[i] = shrink*w[i] - rate*m[i]/(root*sqrt(v[i])+eps)
	}
}

func sqrt[T Float](x T) T { return T(math.Sqrt(float64(x))) }

func sigmoid[T Float](y, x []T) {
	for i, v := range x {
		y[i] = T(1 / (1 + math.Exp(-float64(v))))
	}
}

func tanh[T Float](y, x []T) {
	for i, v := range x {
		y[i] = T(math.Tanh(float64(v)))
	}
}

func relu[T Float](y, x []T) {
	for i, v := range x {
		y[i] = max(0, v)
	}
}

func sigmoidGrad[T Float](dx, y, dy []T) {
	for i, v := range y {
		dx[i] = dy[i] * v * (1 - v)
	}
}

func tanhGrad[T Float](dx, y, dy []T) {
	for i, v := range y {
		dx[i] = dy[i] * (1 - v*v)
	}
}

func reluGrad[T Float](dx, y, dy []T) {
	for i, v := range y {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}

func exp[T Float](y, x []T) {
	for i, v := range x {
		y[i] = T(math.Exp(float64(v)))
	}
}

// double reports whether T is float64.
func double[T Float]() bool { return unsafe.Sizeof(T(0)) == 8 }

func softplus[T Float](y, x []T) {
	high := T(14)
	if double[T]() {
		high = 16
	}
	for i, v := range x {
		if v > high {
			y[i] = v
		} else {
			y[i] = T(math.Log1p(math.Exp(float64(v))))
		}
	}
}

func logistic[T Float](y, x []T) {
	high := T(15)
	if double[T]() {
		high = 19
	}
	for i, v := range x {
		if v > high {
			y[i] = 1
		} else {
			y[i] = T(1 / (1 + math.Exp(-float64(v))))
		}
	}
}

func rectify[T Float](y, x []T) {
	for i, v := range x {
		v += 0 // −0 becomes +0
		if !(v > 0) {
			v *= 0
		}
		y[i] = v
	}
}

func rectifyGrad[T Float](dx, y, dy []T) {
	for i, v := range y {
		d := dy[i]
		if v <= 0 && math.Signbit(float64(v)) {
			d = 0
		}
		dx[i] = d
	}
}

func softmax[T Float](p, z []T, n int) {
	for i := 0; i < len(z); i += n {
		top, sum := rowSum(z[i : i+n])
		for j := i; j < i+n; j++ {
			p[j] = T(math.Exp(float64(z[j]-top)) / sum)
		}
	}
}

func logSumExp[T Float](y, z []T, n int) {
	for i := range y {
		top, sum := rowSum(z[i*n : i*n+n])
		y[i] = T(float64(top) + math.Log(sum))
	}
}

// rowSum returns z's maximum and Σ e^(z−max).
func rowSum[T Float](z []T) (top T, sum float64) {
	top = z[0]
	for _, v := range z {
		top = max(top, v)
	}
	for _, v := range z {
		sum += math.Exp(float64(v - top))
	}
	return top, sum
}
