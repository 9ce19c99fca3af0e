// Package vm runs Gorgonia's graphs. It compiles a graph once, to a flat list of steps over memory that is placed in advance, and gives the
// values that Gorgonia's TapeMachine gives, many times faster:
//
//	machine := vm.New(g, vm.BindDualValues(w0, w1)) // was gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(w0, w1))
//
// Values are bound with gorgonia.Let and gradients are used by gorgonia's solvers, as before. The differences:
//   - A node shows its value after a run if it is a root of the graph, a gradient of an input, or named by Keep. The value is the same
//     tensor after each run; copy it to keep an earlier one. Gradients that nobody asked for are roots of the first run only.
//   - RunAll always runs; Reset does nothing.
//   - gorgonia.Set(a, b) always makes b's value a's after a run.
//   - An error names the node; nothing panics.
package vm
