//go:build !purego

package kernel

//go:generate go run -C _asm ./vector -out ../vector_amd64.s -stubs ../vector_stubs_amd64.go -pkg kernel

// vectorAVX2 lays what is generated in AVX2 over s. The assembly trusts its arguments: the functions around it cut every slice
// to the length that it reads or writes, so that a slice that is too short is an ordinary panic here.
func vectorAVX2(s *Set[float32]) {
	s.Add, s.Hadamard, s.Axpy = binary(addAVX2), binary(hadamardAVX2), scaled(axpyAVX2)
	s.AddRow, s.SumRows, s.Sum = rowAdder(addRowAVX2), rowSummer(sumRowsAVX2), sumAVX2
	s.SumSquares, s.SumProducts = sumSquaresAVX2, summed(sumProductsAVX2)
	s.Normalise, s.NormaliseGrad = normaliser(normaliseAVX2), normaliserGrad(normaliseGradAVX2)
	s.Sigmoid, s.Tanh, s.ReLU = unary(sigmoidAVX2), unary(tanhAVX2), unary(reluAVX2)
	s.SigmoidGrad, s.TanhGrad, s.ReLUGrad = binary(sigmoidGradAVX2), binary(tanhGradAVX2), binary(reluGradAVX2)
	s.LeakyReLU, s.LeakyReLUGrad = leaky(leakyReLUAVX2), leakyGrad(leakyReLUGradAVX2)
	s.GELU, s.GELUGrad, s.SiLU, s.SiLUGrad = unary(geluAVX2), binary(geluGradAVX2), unary(siluAVX2), binary(siluGradAVX2)
	s.Softmax, s.LogSumExp = rowSoftmax(softmaxAVX2), rowLogger(logSumExpAVX2)
	s.SGD, s.Momentum, s.Nesterov = descent(sgdAVX2), withMomentum(momentumAVX2), withMomentum(nesterovAVX2)
	s.RMSProp, s.Adam = withSquare(rmsPropAVX2), withMeans(adamAVX2)
	s.MaxPool, s.MaxPoolGrad = halves(maxPoolAVX2, maxPool), halvesGrad(maxPoolGradAVX2)
	s.AvgPool, s.AvgPoolGrad = halves(avgPoolAVX2, avgPool), halvesShares(avgPoolGradAVX2)
	s.Im2col, s.Col2im = patches, patchSums(addPatchesAVX2, 8)
	s.Mask, s.Gather, s.Resample = drops(maskAVX2), pixels(pixelsAVX2, 8), places(resampleAVX2)
}

// vectorAVX512 lays what is generated in AVX-512 over s.
func vectorAVX512(s *Set[float32]) {
	s.Add, s.Hadamard, s.Axpy = binary(addAVX512), binary(hadamardAVX512), scaled(axpyAVX512)
	s.AddRow, s.SumRows, s.Sum = rowAdder(addRowAVX512), rowSummer(sumRowsAVX512), sumAVX512
	s.SumSquares, s.SumProducts = sumSquaresAVX512, summed(sumProductsAVX512)
	s.Normalise, s.NormaliseGrad = normaliser(normaliseAVX512), normaliserGrad(normaliseGradAVX512)
	s.Sigmoid, s.Tanh, s.ReLU = unary(sigmoidAVX512), unary(tanhAVX512), unary(reluAVX512)
	s.SigmoidGrad, s.TanhGrad, s.ReLUGrad = binary(sigmoidGradAVX512), binary(tanhGradAVX512), binary(reluGradAVX512)
	s.LeakyReLU, s.LeakyReLUGrad = leaky(leakyReLUAVX512), leakyGrad(leakyReLUGradAVX512)
	s.GELU, s.GELUGrad, s.SiLU, s.SiLUGrad = unary(geluAVX512), binary(geluGradAVX512), unary(siluAVX512), binary(siluGradAVX512)
	s.Softmax, s.LogSumExp = rowSoftmax(softmaxAVX512), rowLogger(logSumExpAVX512)
	s.SGD, s.Momentum, s.Nesterov = descent(sgdAVX512), withMomentum(momentumAVX512), withMomentum(nesterovAVX512)
	s.RMSProp, s.Adam = withSquare(rmsPropAVX512), withMeans(adamAVX512)
	s.MaxPool, s.MaxPoolGrad = halves(maxPoolAVX512, maxPool), halvesGrad(maxPoolGradAVX512)
	s.AvgPool, s.AvgPoolGrad = halves(avgPoolAVX512, avgPool), halvesShares(avgPoolGradAVX512)
	s.Im2col, s.Col2im = patches, patchSums(addPatchesAVX512, 16)
	s.Mask, s.Gather, s.Resample = drops(maskAVX512), pixels(pixelsAVX512, 16), places(resampleAVX512)
}

func unary(f func(y, x []float32)) func(y, x []float32) {
	return func(y, x []float32) { f(y[:len(x)], x) }
}

func binary(f func(y, a, b []float32)) func(y, a, b []float32) {
	return func(y, a, b []float32) { f(y, a[:len(y)], b[:len(y)]) }
}

func leaky(f func(y, x []float32, slope float32)) func(y, x []float32, slope float32) {
	return func(y, x []float32, slope float32) { f(y[:len(x)], x, slope) }
}

func leakyGrad(f func(dx, y, dy []float32, slope float32)) func(dx, y, dy []float32, slope float32) {
	return func(dx, y, dy []float32, slope float32) { f(dx, y[:len(dx)], dy[:len(dx)], slope) }
}

func scaled(f func(y []float32, a float32, x []float32)) func(y []float32, a float32, x []float32) {
	return func(y []float32, a float32, x []float32) { f(y, a, x[:len(y)]) }
}

func summed(f func(dy, x []float32, mean float32) (sum, product float32)) func(dy, x []float32, mean float32) (sum, product float32) {
	return func(dy, x []float32, mean float32) (sum, product float32) { return f(dy, x[:len(dy)], mean) }
}

func normaliser(f func(y, x []float32, mean, scale, shift float32)) func(y, x []float32, mean, scale, shift float32) {
	return func(y, x []float32, mean, scale, shift float32) { f(y[:len(x)], x, mean, scale, shift) }
}

func normaliserGrad(f func(dx, dy, x []float32, mean, a, b, c float32)) func(dx, dy, x []float32, mean, a, b, c float32) {
	return func(dx, dy, x []float32, mean, a, b, c float32) { f(dx[:len(x)], dy[:len(x)], x, mean, a, b, c) }
}

func descent(f func(w, g []float32, decay, rate float32)) func(w, g []float32, decay, rate float32) {
	return func(w, g []float32, decay, rate float32) { f(w, g[:len(w)], decay, rate) }
}

func withMomentum(f func(w, v, g []float32, mu, rate, decay float32)) func(w, v, g []float32, mu, rate, decay float32) {
	return func(w, v, g []float32, mu, rate, decay float32) { f(w, v[:len(w)], g[:len(w)], mu, rate, decay) }
}

func withSquare(f func(w, v, g []float32, a, rate, eps, decay float32)) func(w, v, g []float32, a, rate, eps, decay float32) {
	return func(w, v, g []float32, a, rate, eps, decay float32) {
		f(w, v[:len(w)], g[:len(w)], a, rate, eps, decay)
	}
}

// means are the arguments of Adam.
type means func(w, m, v, g []float32, a, b, rate, root, eps, decay, shrink float32)

func withMeans(f means) means {
	return func(w, m, v, g []float32, a, b, rate, root, eps, decay, shrink float32) {
		f(w, m[:len(w)], v[:len(w)], g[:len(w)], a, b, rate, root, eps, decay, shrink)
	}
}

func rowAdder(f func(y, x, b []float32)) func(y, x, b []float32) {
	return func(y, x, b []float32) {
		if whole := len(x) / len(b) * len(b); whole > 0 {
			f(y[:whole], x[:whole], b)
		}
	}
}

func rowSummer(f func(y, x []float32, ldx, m int)) func(y, x []float32, ldx, m int) {
	return func(y, x []float32, ldx, m int) {
		if m > 0 {
			_ = x[(m-1)*ldx : (m-1)*ldx+len(y)]
		}
		f(y, x, ldx, m)
	}
}

func rowSoftmax(f func(p, z []float32, n int)) func(p, z []float32, n int) {
	return func(p, z []float32, n int) {
		z = z[:len(z)/n*n]
		f(p[:len(z)], z, n)
	}
}

func rowLogger(f func(y, z []float32, n int)) func(y, z []float32, n int) {
	return func(y, z []float32, n int) { f(y, z[:len(y)*n], n) }
}
