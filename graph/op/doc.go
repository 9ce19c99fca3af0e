// Package op has the operations that networks are made of. Each is one literal, an [Op]: a name, a rule for the output's shape, a kernel on
// slices, and a gradient rule for each input. An Op is pure, so that a compiler may reorder, fuse and cut it, and one test suite covers all ops.
//
// [Op.Apply] puts an op into a Gorgonia graph. There it is a gorgonia.Op whose hash, arity, types and derivative follow from the literal. It also
// runs on Gorgonia's TapeMachine; package vm recognizes it with [Of]. A gradient op is an Op like any other and has gradient rules itself; its
// name begins with D. [Gradients] walks a graph backward over the rules, including those of Gorgonia's ops, and works on its own results, too.
//
// To write an op of your own, for use in a layer's Build:
//
//	var cube = &op.Op{
//		Name:  "cube",
//		Shape: func(x []op.Shape) (op.Shape, error) { return x[0].Clone(), nil },
//		F32:   cubeDo[float32],
//		F64:   cubeDo[float64],
//		Grad:  []op.Grad{func(x op.Nodes, y, dy *op.Node) *op.Node { … }}, // the gradient for x[0], made of other ops
//	}
//	…
//	y := cube.Apply(x)
//
// Tensors are row-major, and the first axis is the mini-batch: (m,n) is m examples of n numbers, (m,c,h,w) is m examples of c maps. If shapes
// do not fit, Apply panics, and package graph turns the panic into an error; [Fail] does the same in your own code. Package graphtest checks
// an op.
package op
