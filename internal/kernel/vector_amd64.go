//go:build !purego

package kernel

//go:generate go run -C _asm ./vector -out ../vector_amd64.s -stubs ../vector_stubs_amd64.go -pkg kernel

// vectorAVX2 replaces functions in s by those generated for AVX2.
func vectorAVX2(s *Set[float32]) {
	layCut(s, Set[float32]{
		Add: addAVX2, Hadamard: hadamardAVX2, Divide: divideAVX2, Larger: largerAVX2, Axpy: axpyAVX2, AddRow: addRowAVX2, SumRows: sumRowsAVX2,
		Sum: sumAVX2, SumSquares: sumSquaresAVX2, SumProducts: sumProductsAVX2,
		Normalize: normalizeAVX2, NormalizeGrad: normalizeGradAVX2,
		Sigmoid: sigmoidAVX2, Tanh: tanhAVX2, ReLU: reluAVX2, LeakyReLU: leakyReLUAVX2, GELU: geluAVX2, SiLU: siluAVX2,
		SigmoidGrad: sigmoidGradAVX2, TanhGrad: tanhGradAVX2, ReLUGrad: reluGradAVX2,
		Slopes: slopesAVX2, ELU: eluAVX2, ELUGrad: eluGradAVX2, Claim: claimAVX2,
		LeakyReLUGrad: leakyReLUGradAVX2, GELUGrad: geluGradAVX2, SiLUGrad: siluGradAVX2,
		Exp: expAVX2, Softplus: softplusAVX2, Logistic: logisticAVX2, Rectify: rectifyAVX2, RectifyGrad: rectifyGradAVX2,
		Softmax: softmaxAVX2, LogSumExp: logSumExpAVX2,
		SGD: sgdAVX2, Momentum: momentumAVX2, Nesterov: nesterovAVX2, RMSProp: rmsPropAVX2,
		AdaGrad: adaGradAVX2, AdaDelta: adaDeltaAVX2, Adam: adamAVX2,
	})
	s.MaxPool, s.MaxPoolGrad = halves(maxPoolAVX2, maxPool), halvesGrad(maxPoolGradAVX2)
	s.AvgPool, s.AvgPoolGrad = halves(avgPoolAVX2, avgPool), halvesShares(avgPoolGradAVX2)
	s.Im2col, s.Col2im = patches, patchSums(addPatchesAVX2, 8)
	s.Depthwise, s.DepthwiseX, s.DepthwiseK = lanes(8).depthwise, lanes(8).depthwiseX, lanes(8).depthwiseK
	s.Mask, s.Gather, s.Resample = drops(maskAVX2), pixels(pixelsAVX2, 8), places(resampleAVX2)
}

// vectorAVX512 replaces functions in s by those generated for AVX-512.
func vectorAVX512(s *Set[float32]) {
	layCut(s, Set[float32]{
		Add: addAVX512, Hadamard: hadamardAVX512, Divide: divideAVX512, Larger: largerAVX512, Axpy: axpyAVX512, AddRow: addRowAVX512, SumRows: sumRowsAVX512,
		Sum: sumAVX512, SumSquares: sumSquaresAVX512, SumProducts: sumProductsAVX512,
		Normalize: normalizeAVX512, NormalizeGrad: normalizeGradAVX512,
		Sigmoid: sigmoidAVX512, Tanh: tanhAVX512, ReLU: reluAVX512, LeakyReLU: leakyReLUAVX512, GELU: geluAVX512, SiLU: siluAVX512,
		SigmoidGrad: sigmoidGradAVX512, TanhGrad: tanhGradAVX512, ReLUGrad: reluGradAVX512,
		Slopes: slopesAVX512, ELU: eluAVX512, ELUGrad: eluGradAVX512, Claim: claimAVX512,
		LeakyReLUGrad: leakyReLUGradAVX512, GELUGrad: geluGradAVX512, SiLUGrad: siluGradAVX512,
		Exp: expAVX512, Softplus: softplusAVX512, Logistic: logisticAVX512, Rectify: rectifyAVX512, RectifyGrad: rectifyGradAVX512,
		Softmax: softmaxAVX512, LogSumExp: logSumExpAVX512,
		SGD: sgdAVX512, Momentum: momentumAVX512, Nesterov: nesterovAVX512, RMSProp: rmsPropAVX512,
		AdaGrad: adaGradAVX512, AdaDelta: adaDeltaAVX512, Adam: adamAVX512,
	})
	s.MaxPool, s.MaxPoolGrad = halves(maxPoolAVX512, maxPool), halvesGrad(maxPoolGradAVX512)
	s.AvgPool, s.AvgPoolGrad = halves(avgPoolAVX512, avgPool), halvesShares(avgPoolGradAVX512)
	s.Im2col, s.Col2im = patches, patchSums(addPatchesAVX512, 16)
	s.Depthwise, s.DepthwiseX, s.DepthwiseK = lanes(16).depthwise, lanes(16).depthwiseX, lanes(16).depthwiseK
	s.Mask, s.Gather, s.Resample = drops(maskAVX512), pixels(pixelsAVX512, 16), places(resampleAVX512)
}

// layCut puts f's functions into s. The assembly trusts its arguments, so the functions around it cut every slice to the length that it reads or
// writes. A slice that is too short then causes an ordinary panic here.
func layCut(s *Set[float32], f Set[float32]) {
	s.Add, s.Hadamard, s.Divide, s.Larger = binary(f.Add), binary(f.Hadamard), binary(f.Divide), binary(f.Larger)
	s.Axpy = func(y []float32, a float32, x []float32) { f.Axpy(y, a, x[:len(y)]) }
	s.AddRow = func(y, x, b []float32) {
		if whole := len(x) / len(b) * len(b); whole > 0 {
			f.AddRow(y[:whole], x[:whole], b)
		}
	}
	s.SumRows = func(y, x []float32, ldx, m int) {
		if m > 0 {
			_ = x[(m-1)*ldx : (m-1)*ldx+len(y)]
		}
		f.SumRows(y, x, ldx, m)
	}
	s.Sum, s.SumSquares = f.Sum, f.SumSquares
	s.SumProducts = func(dy, x []float32, mean float32) (sum, product float32) {
		return f.SumProducts(dy, x[:len(dy)], mean)
	}
	s.Normalize = func(y, x []float32, mean, scale, shift float32) { f.Normalize(y[:len(x)], x, mean, scale, shift) }
	s.NormalizeGrad = func(dx, dy, x []float32, mean, a, b, c float32) {
		f.NormalizeGrad(dx[:len(x)], dy[:len(x)], x, mean, a, b, c)
	}

	s.Sigmoid, s.Tanh, s.ReLU = unary(f.Sigmoid), unary(f.Tanh), unary(f.ReLU)
	s.SigmoidGrad, s.TanhGrad, s.ReLUGrad = binary(f.SigmoidGrad), binary(f.TanhGrad), binary(f.ReLUGrad)
	s.LeakyReLU = func(y, x []float32, slope float32) { f.LeakyReLU(y[:len(x)], x, slope) }
	s.LeakyReLUGrad = func(dx, y, dy []float32, slope float32) { f.LeakyReLUGrad(dx, y[:len(dx)], dy[:len(dx)], slope) }
	s.Slopes = func(y, x, a, v []float32) { f.Slopes(y, x[:len(y)], a[:len(y)], v[:len(y)]) }
	s.Claim = func(dx, dy, x, top []float32) { f.Claim(dx, dy[:len(dx)], x[:len(dx)], top[:len(dx)]) }
	s.ELU = func(y, x []float32, scale, alpha float32) { f.ELU(y[:len(x)], x, scale, alpha) }
	s.ELUGrad = func(dx, y, dy []float32, scale, alpha float32) {
		f.ELUGrad(dx, y[:len(dx)], dy[:len(dx)], scale, alpha)
	}
	s.GELU, s.GELUGrad, s.SiLU, s.SiLUGrad = unary(f.GELU), binary(f.GELUGrad), unary(f.SiLU), binary(f.SiLUGrad)
	s.Exp, s.Softplus, s.Logistic = unary(f.Exp), unary(f.Softplus), unary(f.Logistic)
	s.Rectify, s.RectifyGrad = unary(f.Rectify), binary(f.RectifyGrad)
	s.Softmax = func(p, z []float32, n int) {
		z = z[:len(z)/n*n]
		f.Softmax(p[:len(z)], z, n)
	}
	s.LogSumExp = func(y, z []float32, n int) { f.LogSumExp(y, z[:len(y)*n], n) }
	layRules(s, f)
}

// layRules lays the rules of the optimizers over s.
func layRules(s *Set[float32], f Set[float32]) {
	s.SGD = func(w, g []float32, decay, rate float32) { f.SGD(w, g[:len(w)], decay, rate) }
	s.Momentum = func(w, v, g []float32, mu, rate, decay float32) {
		f.Momentum(w, v[:len(w)], g[:len(w)], mu, rate, decay)
	}
	s.Nesterov = func(w, v, g []float32, mu, rate, decay float32) {
		f.Nesterov(w, v[:len(w)], g[:len(w)], mu, rate, decay)
	}
	s.RMSProp = func(w, v, g []float32, a, rate, eps, decay float32) {
		f.RMSProp(w, v[:len(w)], g[:len(w)], a, rate, eps, decay)
	}
	s.AdaGrad = func(w, v, g []float32, rate, eps, decay float32) {
		f.AdaGrad(w, v[:len(w)], g[:len(w)], rate, eps, decay)
	}
	s.AdaDelta = func(w, v, d, g []float32, a, rate, eps, decay float32) {
		f.AdaDelta(w, v[:len(w)], d[:len(w)], g[:len(w)], a, rate, eps, decay)
	}
	s.Adam = func(w, m, v, g []float32, a, b, rate, root, eps, decay, shrink float32) {
		f.Adam(w, m[:len(w)], v[:len(w)], g[:len(w)], a, b, rate, root, eps, decay, shrink)
	}
}

func unary(f func(y, x []float32)) func(y, x []float32) {
	return func(y, x []float32) { f(y[:len(x)], x) }
}

func binary(f func(y, a, b []float32)) func(y, a, b []float32) {
	return func(y, a, b []float32) { f(y, a[:len(y)], b[:len(y)]) }
}
