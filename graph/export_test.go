package graph

// The ops, for tests outside of the package: they compare with packages that import this one.
var (
	SigmoidOp, DSigmoid = sigmoid, dSigmoid
	TanhOp, DTanh       = tanh, dTanh
	ReLUOp, DReLU       = relu, dReLU
	Hadamard, DHadamard = hadamard, dHadamard
	Add                 = add

	Affine, MulT, TMul, SumRows = affine, mulT, tMul, sumRows
	Reshape                     = reshape
	ConcatOp, Part              = concatOp, part

	SumMaps        = sumMaps
	MaxPoolOp      = maxPool
	DMaxPool       = dMaxPool
	SoftmaxOp      = softmax
	QuadraticOp    = quadratic
	DQuadratic     = dQuadratic
	CrossEntropyOp = crossEntropy
	DCrossEntropy  = dCrossEntropy
	NLL, DNLL      = nll, dNLL
)

func ConvOp(stride, pad int) *Op           { return convolution{stride, pad}.op() }
func DConvX(stride, pad int, in Shape) *Op { return convolution{stride, pad}.dx(in) }
func DConvK(stride, pad int, k Shape) *Op  { return convolution{stride, pad}.dk(k) }
