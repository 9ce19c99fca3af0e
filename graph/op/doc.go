// Package op has the operations of which networks are made. Each is one literal, an [Op]: a name, a rule for the output's shape, a kernel on
// slices, and a gradient rule for each input. An Op is pure, so that a compiler may reorder, fuse and cut it, and its tests range over all ops.
//
// [Op.Apply] puts an op into a Gorgonia graph. There it is a gorgonia.Op whose hash, arity, types and derivative follow from the literal, and
// runs on Gorgonia's TapeMachine too; package vm knows it by [Of]. A gradient op is an Op like any other, whose name begins with D, and has
// rules itself: [Gradients] walks a graph backwards over the rules, Gorgonia's ops included, and may be called on its own results.
//
// An op of your own, for use inside a layer's Build:
//
//	var cube = &op.Op{
//		Name:  "cube",
//		Shape: func(x []op.Shape) (op.Shape, error) { return x[0].Clone(), nil },
//		F32:   cubeDo[float32],
//		F64:   cubeDo[float64],
//		Grad:  []op.Grad{func(x op.Nodes, y, dy *op.Node) *op.Node { … }}, // the gradient by x[0], made of other ops
//	}
//	…
//	y := cube.Apply(x)
//
// Shapes are by rows, and the first axis is the mini-batch: (m,n) is m examples of n numbers, (m,c,h,w) is m examples of c maps. Where a
// shape does not fit, Apply fails by a panic that package graph turns into an error at its border; [Fail] does the same in code of your own.
package op
