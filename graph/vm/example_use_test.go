package vm_test

import (
	"fmt"
	"strings"
	"sync"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/vm"
)

// A node inside a graph shows its value only if Keep asks for it.
func ExampleKeep() {
	g := G.NewGraph()
	x := G.NewVector(g, G.Float64, G.WithShape(2), G.WithName("x"), G.WithValue(tensor.New(tensor.WithBacking([]float64{1, 2}))))
	squares := G.Must(G.Square(x))
	sum := G.Must(G.Sum(squares))

	machine := vm.New(g, vm.Keep(squares))
	if err := machine.RunAll(); err != nil {
		panic(err)
	}
	fmt.Println(squares.Value(), sum.Value())
	// Output: [1  4] 5
}

// WithWatchlist stops the run at the first number that is not finite.
func ExampleWithWatchlist() {
	g := G.NewGraph()
	x := G.NewVector(g, G.Float64, G.WithShape(2), G.WithName("x"), G.WithValue(tensor.New(tensor.WithBacking([]float64{1, -1}))))
	G.Must(G.Sum(G.Must(G.Sqrt(x))))

	machine := vm.New(g, vm.WithWatchlist())
	fmt.Println(machine.RunAll())
	// Output: vm: node %1 = sqrt(%0), shape (2): element 1 is NaN
}

// The listing has one line for each instruction, and marks those that our kernels cannot run.
func ExampleVM_String() {
	g := G.NewGraph()
	x := G.NewTensor(g, G.Float32, 4, G.WithShape(1, 1, 4, 4), G.WithName("x"), G.WithInit(G.Ones()))
	w := G.NewTensor(g, G.Float32, 4, G.WithShape(2, 1, 3, 3), G.WithName("w"), G.WithInit(G.Ones()))
	maps := G.Must(G.Rectify(G.Must(G.Conv2d(x, w, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))))
	G.Must(G.AveragePool2D(maps, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))

	machine := vm.New(g)
	if err := machine.RunAll(); err != nil {
		panic(err)
	}
	for line := range strings.Lines(machine.String()) {
		if strings.Contains(line, "(Gorgonia's own)") {
			fmt.Print(line)
		}
	}
	// Output:
	// %2        (1, 2, 2, 2)     = AvgPool{1, 2, 4, 4}(kernel: (2, 2), pad: (0, 0), stride: (2, 2)) (Gorgonia's own)(%1)
}

// Predictions in several goroutines: each has its own graph and machine, and all read the same weights.
func ExampleVM_goroutines() {
	weights := tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float32{10, 1}))
	answers := make([]G.Value, 4)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			g := G.NewGraph()
			x := G.NewMatrix(g, G.Float32, G.WithShape(1, 2), G.WithName("x"))
			w := G.NewMatrix(g, G.Float32, G.WithShape(2, 1), G.WithName("w"), G.WithValue(weights))
			y := G.Must(G.Mul(x, w))
			machine := vm.New(g, vm.Threads(1))
			defer machine.Close()
			G.Let(x, tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{float32(i), 5})))
			if err := machine.RunAll(); err != nil {
				panic(err)
			}
			answers[i] = y.Value()
		})
	}
	group.Wait()
	for _, y := range answers {
		fmt.Println(y.Data())
	}
	// Output:
	// [5]
	// [15]
	// [25]
	// [35]
}
