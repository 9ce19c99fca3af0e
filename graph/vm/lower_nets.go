package vm

import (
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Rules for networks of images, and for ops that keep a state.

// windows are the windows of x.
type windows struct {
	op.Windows
	x *value
}

// plain reports whether our convolutions support such windows.
func (w windows) plain() bool {
	return w.StrideRows == w.StrideCols && w.DilateRows == w.DilateCols
}

func (w windows) convolution() op.Convolution {
	return op.Convolution{Stride: w.StrideRows, PadRows: w.PadRows, PadCols: w.PadCols, Dilation: w.DilateRows}
}

func windowsOf(r reflect.Value) op.Windows {
	n := func(name string) int { return int(r.FieldByName(name).Int()) }
	return op.Windows{
		Rows: n("h"), Cols: n("w"), StrideRows: n("strideH"), StrideCols: n("strideW"), PadRows: n("padH"), PadCols: n("padW"),
		DilateRows: n("dilationH"), DilateCols: n("dilationW"),
	}
}

func (l *lowering) im2col(in *instr, r reflect.Value) {
	w := windows{windowsOf(r), in.x[0]}
	l.become(in, op.Patches(w.Windows, in.y.shape[1], in.y.shape[2]), in.x[0])
	l.windows[in.y] = w
}

// convolution finds the product of an image's patches with a matrix that has filters as its rows. The columns of the result are the maps.
func (l *lowering) convolution(in *instr) bool {
	by := maker(in.x[0])
	if by == nil || by.own != op.MulT {
		return false
	}
	w, ok := l.windows[by.x[0].root()]
	if !ok || !w.plain() || len(in.x[0].shape) != 4 {
		return false
	}
	filters := view(by.x[1], op.Shape{by.x[1].shape[0], w.x.shape[1], w.Rows, w.Cols})
	l.become(in, op.WithoutBias(op.Conv(w.convolution())), w.x, filters)
	l.windows[in.y] = w
	return true
}

// filterGrad finds the gradient of a convolution's filters.
func (l *lowering) filterGrad(in *instr, a, b *value) bool {
	dy := l.mapsLast[a.root()]
	w, ok := l.windows[b.root()]
	if dy == nil || !ok || !w.plain() {
		return false
	}
	l.become(in, op.DConvK(w.convolution(), op.Shape{dy.shape[1], w.x.shape[1], w.Rows, w.Cols}), w.x, dy)
	return in.own != nil
}

func (l *lowering) col2im(in *instr, r reflect.Value) {
	w := windows{windowsOf(r.FieldByName("im2colOp")), nil}
	if by := maker(in.x[0]); by != nil && by.own == op.Linear && w.plain() {
		if dy := l.mapsLast[by.x[0].root()]; dy != nil {
			filters := view(by.x[1], op.Shape{dy.shape[1], in.y.shape[1], w.Rows, w.Cols})
			l.become(in, op.DConvX(w.convolution(), in.y.shape.Clone()), dy, filters)
			return
		}
	}
	l.become(in, op.DPatches(w.Windows, in.y.shape.Clone()), in.x[0])
}

// pooling returns the windows of a max-pooling op, and the size of our pooling if they do not overlap and start at the corner of x.
func pooling(r reflect.Value) (w op.Windows, size int) {
	n := func(name string) int { return int(r.FieldByName(name).Int()) }
	w = op.Windows{Rows: n("h"), Cols: n("w"), StrideRows: n("strideH"), StrideCols: n("strideW"), PadRows: n("padNorth"), PadCols: n("padWest")}
	if r.FieldByName("explicitPadding").Bool() { // then these are what Gorgonia's own op uses
		w.PadRows, w.PadCols = n("padSouth"), n("padEast")
	}
	pad := n("padNorth") + n("padSouth") + n("padWest") + n("padEast")
	if pad == 0 && w.Rows == w.Cols && w.Rows == w.StrideRows && w.Rows == w.StrideCols {
		size = w.Rows
	}
	return w, size
}

func (l *lowering) maxPool(in *instr, r reflect.Value) {
	w, size := pooling(r)
	if size > 0 {
		l.become(in, op.MaxPool(size), in.x[0])
		return
	}
	l.become(in, op.MaxWindows(w, in.y.shape[2], in.y.shape[3]), in.x[0])
}

func (l *lowering) maxPoolGrad(in *instr, r reflect.Value) {
	w, size := pooling(r.Field(0))
	if size > 0 {
		l.become(in, op.DMaxPool(size), in.x[0], in.x[2])
		return
	}
	l.become(in, op.DMaxWindows(w), in.x[0], in.x[2])
}

func (l *lowering) mapMeans(in *instr, _ reflect.Value) { l.become(in, op.MapMeans, in.x[0]) }

// norm is a batch normalization of the program.
type norm struct {
	x, moments *value
	ones       *value
	eps        float64
	training   reflect.Value     // bool
	sums       map[*value]*value // by the gradient of its result
}

func (l *lowering) batchNorm(in *instr, r reflect.Value) {
	x := in.x[0]
	if len(x.shape) != 2 && len(x.shape) != 4 {
		return
	}
	c := x.shape[1]
	n := &norm{x: x, eps: r.FieldByName("epsilon").Float(), training: r.FieldByName("training"), sums: map[*value]*value{}}
	state := &statistics{op: in.op.(*gorgonia.BatchNormOp), momentum: r.FieldByName("momentum").Float(), training: n.training, numbers: x.elements() / c}
	n.moments = l.emit(in.y.node, state.moments(c, x.elements()/x.shape[0]/c), l.emit(in.y.node, op.MapMoments, x))
	n.ones = l.filled(x, c, 1)
	l.become(in, op.BatchNorm(n.eps), x, n.moments, n.ones, l.filled(x, c, 0))
	l.norms[in.op], l.normed[in.y] = n, n
}

// scaling is x with each map or column multiplied by a number of by.
type scaling struct{ by, x *value }

// perMap reports whether v, whose axes except the second have length 1, has a number for each map or column of y.
func perMap(v, y *value) bool {
	return v != nil && len(y.shape) >= 2 && len(v.shape) == len(y.shape) && v.shape[1] == y.shape[1] && v.elements() == y.shape[1]
}

// scaling finds a product with a number for each map.
func (l *lowering) scaling(in *instr) {
	for k, x := range in.x {
		if by := l.repeated[x]; perMap(by, in.y) && in.x[1-k].elements() == in.y.elements() { // not a single number for all
			l.scaled[in.y] = scaling{view(by, op.Shape{in.y.shape[1]}), in.x[1-k]}
		}
	}
}

// shifts finds what is added to the scaled result of batch normalization, so that one op can do everything.
func (l *lowering) shifts(in *instr, z, shift *value) bool {
	s := l.scaled[z]
	n := l.normed[s.x]
	if n == nil || !perMap(shift, in.y) {
		return false
	}
	l.become(in, op.BatchNorm(n.eps), n.x, n.moments, s.by, view(shift, op.Shape{in.y.shape[1]}))
	return in.own != nil
}

// scaleGrad finds the gradient of the scale of batch normalization's result: the sum of its product with dy.
func (l *lowering) scaleGrad(in *instr, sum reduction) bool {
	by := maker(sum.x)
	if by == nil || by.own != op.Times || len(sum.axes) != len(sum.x.shape)-1 || slices.Contains(sum.axes, 1) {
		return false
	}
	for k, x := range by.x {
		if n := l.normed[x]; n != nil && by.x[1-k].elements() == n.x.elements() { // not a single number for all
			l.become(in, op.Half(1), l.sumsOf(n, by.x[1-k]))
			return true
		}
	}
	return false
}

// sumsOf returns Σ dy and Σ dy x̂ for every map.
func (l *lowering) sumsOf(n *norm, dy *value) *value {
	if n.sums[dy] == nil {
		s := n.x.shape
		sums := l.emit(n.moments.node, op.MapSums(n.eps), n.x, n.moments, dy)
		total := l.emit(n.moments.node, op.SumRows, view(sums, op.Shape{s[0], 2 * s[1]}))
		n.sums[dy] = view(total, op.Shape{2, s[1]})
	}
	return n.sums[dy]
}

// filled returns a constant vector.
func (l *lowering) filled(like *value, n int, number float64) *value {
	t := tensor.New(tensor.Of(like.dtype), tensor.WithShape(n))
	if like.dtype == tensor.Float32 {
		op.Fill(t.Data().([]float32), float32(number))
	} else {
		op.Fill(t.Data().([]float64), number)
	}
	return l.constant(like, t)
}

// statistics are the running statistics of Gorgonia's batch normalization.
type statistics struct {
	op       *gorgonia.BatchNormOp
	momentum float64
	training reflect.Value // bool
	numbers  int           // numbers in a map, over all examples
}

// moments returns the op that computes the mean and the biased variance of every map from those of every example's maps, with area places each. It
// adds them to the running statistics. In evaluation it gives the running statistics instead.
func (s *statistics) moments(c, area int) *op.Op {
	join := op.JoinMoments(area)
	return &op.Op{
		Name: "batchMoments", Shape: join.Shape, F32: momentsDo[float32](s, join, c), F64: momentsDo[float64](s, join, c),
	}
}

func momentsDo[T kernel.Float](s *statistics, join *op.Op, c int) func(op.Array[T], []op.Array[T]) {
	do := op.Kernel[T](join)
	return func(y op.Array[T], x []op.Array[T]) {
		m, v := s.op.Stats()
		mean, variance := backing[T](m.(*tensor.Dense)), backing[T](v.(*tensor.Dense))
		if !s.training.Bool() {
			copy(y.Data, mean)
			copy(y.Data[c:], variance)
			return
		}
		do(y, x)
		share := T(s.momentum)
		for k := range mean {
			unbiased := y.Data[c+k] * T(s.numbers) / T(s.numbers-1)
			mean[k] = share*y.Data[k] + (1-share)*mean[k]
			variance[k] = share*unbiased + (1-share)*variance[k]
		}
	}
}

func (l *lowering) batchNormGrad(in *instr, r reflect.Value) {
	n := l.norms[r.Field(0).Interface().(gorgonia.Op)]
	if n == nil || n.x != in.x[0] {
		return
	}
	dy, scale := in.x[1], n.ones
	if s, ok := l.scaled[dy]; ok {
		dy, scale = s.x, s.by
	}
	sums := l.emit(in.y.node, n.felt(), l.sumsOf(n, dy))
	l.become(in, op.DBatchNorm(n.eps, n.x.elements()/n.x.shape[1]), n.x, n.moments, scale, dy, sums)
}

// felt returns the op for the part of the sums that flows through the moments: none in evaluation, where these do not depend on x.
func (n *norm) felt() *op.Op {
	return &op.Op{Name: "batchSums", Shape: op.Rectify.Shape, F32: feltDo[float32](n), F64: feltDo[float64](n)}
}

func feltDo[T kernel.Float](n *norm) func(op.Array[T], []op.Array[T]) {
	return func(y op.Array[T], x []op.Array[T]) {
		if n.training.Bool() {
			copy(y.Data, x[0].Data)
		} else {
			clear(y.Data)
		}
	}
}

// dropouts counts the dropout ops of all programs, so that each has random bits of its own.
var dropouts atomic.Uint64

func (l *lowering) dropout(in *instr, r reflect.Value) {
	d := &drop{p: r.FieldByName("probability").Float(), training: r.FieldByName("isTraining"), key: dropouts.Add(1) << 40}
	l.become(in, &op.Op{Name: "dropout", Shape: op.Rectify.Shape, F32: dropDo[float32](d), F64: dropDo[float64](d)}, in.x[0])
}

// drop is a dropout op, with other random bits in each run.
type drop struct {
	p        float64
	training reflect.Value // bool
	key      uint64
}

func dropDo[T kernel.Float](d *drop) func(op.Array[T], []op.Array[T]) {
	return func(y op.Array[T], x []op.Array[T]) {
		if d.p == 0 || !d.training.Bool() {
			copy(y.Data, x[0].Data)
			return
		}
		d.key++
		s := kernel.For[T]()
		s.Mask(y.Data, d.key, d.p, T(1/(1-d.p)))
		s.Hadamard(y.Data, y.Data, x[0].Data)
	}
}

func (l *lowering) dropoutGrad(in *instr, r reflect.Value) {
	if in.alike() {
		p := reflect.Indirect(r.Field(0)).FieldByName("probability").Float()
		l.become(in, op.DropoutGrad(p), in.x[1], in.x[2])
	}
}
