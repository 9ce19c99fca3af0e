// Package vm runs Gorgonia's graphs. It compiles a graph once, to a flat list of instructions over memory that is placed in advance, and gives
// the values that Gorgonia's TapeMachine gives, many times faster. [New] takes the TapeMachine's place; the rest of a program stays:
//
//	machine := vm.New(g, vm.BindDualValues(w0, w1)) // was gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(w0, w1))
//
// docs/gorgonia.md has five programs before and after, and what else there is to know.
//
// # Inputs and results
//
// Inputs are bound by gorgonia.Let, before any run; [VM.RunAll] reads what is bound at that time, also where the memory of a bound tensor has
// changed, or the tensor is a view or laid out by columns. It never writes to it. Gradients of the nodes that [BindDualValues] names are added
// to their Grad, where solvers find them.
//
// A node shows its value after a run if it is a root of the graph, which no other node reads but gradients, or a gradient of an input, or
// named by [Keep]; gorgonia.Read copies any node's value. Other nodes show none. A value is the same tensor after each run; copy it to keep it. Gradients that nobody asked for are
// roots of the first run only.
//
// # Runs and errors
//
// RunAll always runs; Reset and Close do nothing. A graph that cannot be compiled, an input without a value and an op that fails or
// panics are errors of RunAll that name the node. [WithWatchlist] finds the first NaN. gorgonia.Set(a, b) makes b's value a's after a run.
//
// # Goroutines
//
// A run uses all processors; [Threads] limits that, and changes no bit of the results. A machine is for one goroutine at a time. For several,
// give each a graph and a machine of its own: they may share the weights' tensors, as long as nothing writes to these during a run.
//
// # What is fast
//
// Gorgonia's ops are replaced by ours where they mean the same, alone or several together. [VM.String] lists the program; an instruction
// marked "Gorgonia's own" is one that runs through the op's own interface, as on the TapeMachine. Our ops know float32 and float64; ops on
// other element types always run through Gorgonia.
//
// # Programs of fixed outputs
//
// [Compile] is for graphs whose use is known: it computes the given outputs and gradients only, which it writes, and does not add up. With a
// [Descent] it updates the parameters too. Package graph compiles its networks this way. [Interpret] runs a graph op by op, and is the
// reference.
package vm
