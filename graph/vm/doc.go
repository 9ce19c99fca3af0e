// Package vm runs Gorgonia's graphs. It compiles a graph once, into a flat list of instructions over memory that is laid out in advance. The
// results are those of Gorgonia's TapeMachine, many times faster. To use it, create the machine with [New]; the rest of a program stays:
//
//	machine := vm.New(g, vm.BindDualValues(w0, w1)) // was gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(w0, w1))
//
// docs/gorgonia.md shows five programs before and after, and everything else there is to know.
//
// # Inputs and results
//
// Bind inputs with gorgonia.Let before a run. [VM.RunAll] reads what is bound at that time, even if a bound tensor has new memory, is a view or is
// column-major. It never writes to bound tensors. The gradients of the nodes given to [BindDualValues] are added to the nodes' Grad, where solvers
// look for them.
//
// After a run, these nodes show their values: the roots of the graph, which are read by no other node except gradients; the gradients of inputs;
// and the nodes given to [Keep]. Other nodes show none, but gorgonia.Read copies any node's value. A value is the same tensor after each run;
// copy it to keep it. Gradients that nobody asked for count as roots only in the first run.
//
// # Runs and errors
//
// RunAll always runs the whole graph; Reset and Close do nothing. If a graph cannot be compiled, an input has no value, or an op fails or panics,
// RunAll returns an error that names the node. [WithWatchlist] finds the first NaN. gorgonia.Set(a, b) sets a to b's value after a run.
//
// # Goroutines
//
// A run uses all processors. [Threads] limits that; the results have the same bits for any number. Only one goroutine may use a machine at a time.
// For several goroutines, give each a graph and a machine of its own. They may share the weights' tensors as long as nothing writes to them
// during a run.
//
// # What is fast
//
// Gorgonia's ops, alone or several together, are replaced by ours if they mean the same. [VM.String] lists the program. An instruction
// marked "Gorgonia's own" runs through the op's own interface, as on the TapeMachine. Our ops support float32 and float64; ops on other element
// types always run through Gorgonia.
//
// # Programs with fixed outputs
//
// [Compile] is for graphs whose use is known. It computes only the given outputs and gradients, and writes the gradients instead of adding them
// up. With a [Descent] it also updates the parameters. Package graph compiles its networks this way. [Interpret] runs a graph op by op and serves
// as the reference.
package vm
