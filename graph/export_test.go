package graph

// The ops, for tests outside of the package: they compare with packages that import this one.
var (
	SigmoidOp, DSigmoid = sigmoid, dSigmoid
	TanhOp, DTanh       = tanh, dTanh
	ReLUOp, DReLU       = relu, dReLU
	GELUOp, DGELU       = gelu, dGELU
	SiLUOp, DSiLU       = silu, dSiLU
	LeakyReLUOp         = leakyReLU
	DLeakyReLU          = dLeakyReLU
	Hadamard, DHadamard = hadamard, dHadamard
	AddOp               = add
	Scaled              = scaled

	Linear                      = linear
	Affine, MulT, TMul, SumRows = affine, mulT, tMul, sumRows
	ReshapeOp                   = reshape
	ConcatOp, Part              = concatOp, part

	SumMaps        = sumMaps
	MaxPoolOp      = maxPool
	DMaxPool       = dMaxPool
	AvgPoolOp      = avgPool
	DAvgPool       = dAvgPool
	MapMeans       = mapMeans
	DMapMeans      = dMapMeans
	SoftmaxOp      = softmax
	DSoftmax       = dSoftmax
	QuadraticOp    = quadratic
	DQuadratic     = dQuadratic
	CrossEntropyOp = crossEntropy
	DCrossEntropy  = dCrossEntropy
	NLL, DNLL      = nll, dNLL

	MomentsOf   = momentsOf
	MapMoments  = mapMoments
	JoinMoments = joinMoments
	BatchNormOp = batchNorm
	MapSums     = mapSums
	SumExamples = sumExamples
	Half        = half
	DBatchNorm  = dBatchNorm

	LayerNormOp, DLayerNorm, DLayerNormScale = layerNorm, dLayerNorm, dLayerNormScale
)

func PlainConvOp(stride, pad int) *Op      { return withoutBias(convolution{stride, pad}.op()) }
func ConvOp(stride, pad int) *Op           { return convolution{stride, pad}.op() }
func DConvX(stride, pad int, in Shape) *Op { return convolution{stride, pad}.dx(in) }
func DConvK(stride, pad int, k Shape) *Op  { return convolution{stride, pad}.dk(k) }
