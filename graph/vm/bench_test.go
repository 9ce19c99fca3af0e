package vm_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/graph/vm"

	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// digits is a mini-batch of images of 28 by 28 like MNIST's: four of five numbers are 0, most of them around the drawing.
func (b *builder) digits(shape ...int) *Node {
	x := b.input(shape...)
	var top, left int
	change(x, func(i int, _ float64) float64 {
		if i%784 == 0 {
			top, left = 4+b.random.IntN(6), 5+b.random.IntN(7)
		}
		if row, col := i%784/28-top, i%28-left; 0 <= row && row < 14 && 0 <= col && col < 11 {
			return b.random.Float64()
		}
		return 0
	})
	return x
}

// labels are one-hot rows.
func (b *builder) labels(m, k int) *Node {
	y, label := b.input(m, k), 0
	change(y, func(i int, _ float64) float64 {
		if i%k == 0 {
			label = b.random.IntN(k)
		}
		if i%k == label {
			return 1
		}
		return 0
	})
	return y
}

// weights returns a parameter initialized as by He et al.
func (b *builder) weights(in int, shape ...int) *Node {
	w := b.param(shape...)
	change(w, func(_ int, v float64) float64 { return v * 2 * math.Sqrt(2/float64(in)) }) // param's standard deviation is ½
	return w
}

// change replaces each element of n's value by f of its index and its old value.
func change(n *Node, f func(i int, v float64) float64) {
	switch d := n.Value().Data().(type) {
	case []float32:
		for i, v := range d {
			d[i] = float32(f(i, float64(v)))
		}
	case []float64:
		for i, v := range d {
			d[i] = f(i, v)
		}
	}
}

func (b *builder) dense(x *Node, in, out int) *Node {
	return Must(BroadcastAdd(Must(Mul(x, b.weights(in, in, out))), b.weights(8, 1, out), nil, []byte{0}))
}

func (b *builder) conv(x *Node, in, out int) *Node {
	return Must(Conv2d(x, b.weights(9*in, out, in, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
}

func pooled(x *Node) *Node { return Must(MaxPool2D(x, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2})) }

func rectified(x *Node) *Node { return Must(Rectify(x)) }

// crossEntropy is the mean over all numbers of −y ln softmax(z), as in Gorgonia's examples.
func (b *builder) crossEntropy(z *Node) {
	b.cost = Must(Neg(Must(Mean(Must(HadamardProd(Must(Log(Must(SoftMax(z)))), b.labels(z.Shape()[0], z.Shape()[1])))))))
}

func (b *builder) norm(x *Node) *Node {
	ones := tensor.Shape(make([]int, x.Dims()))
	for i := range ones {
		ones[i] = 1
	}
	ones[1] = x.Shape()[1]
	y, _, _, _, err := BatchNorm(x, b.param(ones...), b.param(ones...), .1, 1e-5)
	if err != nil {
		panic(err)
	}
	return y
}

func mlpProgram(m int) func(*builder) {
	return func(b *builder) { b.crossEntropy(b.dense(rectified(b.dense(b.digits(m, 784), 784, 300)), 300, 10)) }
}

// convnetProgram is Gorgonia's example of a convolutional network, with the given numbers of maps and neurons.
func convnetProgram(maps []int, hidden int) func(*builder) {
	return func(b *builder) {
		const m = 10
		x, in := b.digits(m, 1, 28, 28), 1
		for _, out := range maps {
			x, in = Must(Dropout(pooled(rectified(b.conv(x, in, out))), .2)), out
		}
		h := rectified(Must(Mul(Must(Reshape(x, tensor.Shape{m, in * 9})), b.weights(in*9, in*9, hidden))))
		b.crossEntropy(Must(Mul(Must(Dropout(h, .5)), b.weights(hidden, hidden, 10))))
	}
}

func batchNormProgram(b *builder) {
	const m = 32
	x := pooled(rectified(b.norm(b.conv(b.digits(m, 1, 28, 28), 1, 16))))
	x = pooled(rectified(b.norm(b.conv(x, 16, 32))))
	h := rectified(b.norm(Must(Mul(Must(Reshape(x, tensor.Shape{m, 32 * 49})), b.weights(32*49, 32*49, 100)))))
	b.crossEntropy(b.dense(h, 100, 10))
}

func residualProgram(b *builder) {
	const m = 10
	x := pooled(rectified(b.conv(b.digits(m, 1, 28, 28), 1, 16)))
	for range 3 {
		x = rectified(Must(Add(x, b.conv(rectified(b.conv(x, 16, 16)), 16, 16))))
	}
	b.crossEntropy(b.dense(Must(Reshape(pooled(x), tensor.Shape{m, 16 * 49})), 16*49, 10))
}

func autoencoderProgram(b *builder) {
	const m = 10
	x := b.digits(m, 784)
	h := Must(Sigmoid(b.dense(x, 784, 128)))
	out := Must(Sigmoid(b.dense(h, 128, 784)))
	b.cost = Must(Mean(Must(BinaryXent(out, x))))
}

// lstmProgram reads 50 characters, one after the other, and predicts each next one.
func lstmProgram(b *builder) {
	const letters, hidden, steps = 64, 100, 50
	type gate struct{ wx, wh, bias *Node }
	var gates [4]gate
	for i := range gates {
		gates[i] = gate{b.weights(letters, hidden, letters), b.weights(hidden, hidden, hidden), b.weights(8, hidden)}
	}
	who, bo := b.weights(hidden, letters, hidden), b.weights(8, letters)
	h, c := b.input(hidden), b.input(hidden)
	letter := func() *Node {
		x, a := b.input(letters), b.random.IntN(letters)
		change(x, func(i int, _ float64) float64 {
			if i == a {
				return 1
			}
			return 0
		})
		return x
	}
	for range steps {
		x := letter()
		at := func(i int, f func(*Node) (*Node, error)) *Node {
			g := gates[i]
			return Must(f(Must(Add(Must(Add(Must(Mul(g.wx, x)), Must(Mul(g.wh, h)))), g.bias))))
		}
		in, forget, out, cell := at(0, Sigmoid), at(1, Sigmoid), at(2, Sigmoid), at(3, Tanh)
		c = Must(Add(Must(HadamardProd(forget, c)), Must(HadamardProd(in, cell))))
		h = Must(HadamardProd(out, Must(Tanh(c))))
		p := Must(SoftMax(Must(Add(Must(Mul(who, h)), bo))))
		cost := Must(Neg(Must(Sum(Must(HadamardProd(letter(), Must(Log(p))))))))
		if b.cost == nil {
			b.cost = cost
		} else {
			b.cost = Must(Add(b.cost, cost))
		}
	}
}

func regressionProgram(b *builder) {
	x, y := b.input(10000), b.input(10000)
	line := Must(Add(Must(Mul(x, b.param())), b.param()))
	b.cost = Must(Mean(Must(Square(Must(Sub(line, y))))))
}

// BenchmarkMachines runs Gorgonia programs on Gorgonia's machine and on ours in turn. It reports the time of a run on each, and their ratio.
func BenchmarkMachines(b *testing.B) {
	for _, p := range []struct {
		name  string
		dtype tensor.Dtype
		build func(*builder)
	}{
		{"mlp/10", tensor.Float32, mlpProgram(10)},
		{"mlp/100", tensor.Float32, mlpProgram(100)},
		{"convnet", tensor.Float32, convnetProgram([]int{8, 16, 32}, 100)},
		{"convnet/wide", tensor.Float32, convnetProgram([]int{32, 64, 128}, 625)},
		{"batchnorm", tensor.Float32, batchNormProgram},
		{"residual", tensor.Float32, residualProgram},
		{"autoencoder", tensor.Float32, autoencoderProgram},
		{"lstm", tensor.Float32, lstmProgram},
		{"regression", tensor.Float32, regressionProgram},
		{"mlp/10/float64", tensor.Float64, mlpProgram(10)},
		{"convnet/float64", tensor.Float64, convnetProgram([]int{8, 16, 32}, 100)},
		{"lstm/float64", tensor.Float64, lstmProgram},
		{"regression/float64", tensor.Float64, regressionProgram},
	} {
		b.Run(p.name, func(b *testing.B) {
			tape := machineOf(b, p.dtype, p.build, func(b *builder) VM { return NewTapeMachine(b.g, BindDualValues(b.params...)) })
			ours := machineOf(b, p.dtype, p.build, func(b *builder) VM { return vm.New(b.g, vm.BindDualValues(b.params...)) })
			var times [2][]time.Duration
			for b.Loop() {
				for i, m := range []VM{tape, ours} {
					runFor(b, m, 3) // with warm caches
					start := time.Now()
					runFor(b, m, 10)
					times[i] = append(times[i], time.Since(start)/10)
				}
			}
			slices.Sort(times[0])
			slices.Sort(times[1])
			middle := len(times[0]) / 2
			b.ReportMetric(0, "ns/op") // of both machines together, it means nothing
			b.ReportMetric(float64(times[0][middle].Nanoseconds()), "tape-ns")
			b.ReportMetric(float64(times[1][middle].Nanoseconds()), "vm-ns")
			b.ReportMetric(float64(times[0][middle])/float64(times[1][middle]), "ratio")
			b.ReportMetric(float64(times[0][0])/float64(times[1][0]), "ratio-of-best")
			b.ReportMetric(testing.AllocsPerRun(10, func() { runFor(b, ours, 1) }), "vm-allocs/run")
		})
	}
}

func machineOf(b *testing.B, dt tensor.Dtype, build func(*builder), machine func(*builder) VM) VM {
	p := newBuilder(dt)
	build(p)
	if _, err := Grad(p.cost, p.params...); err != nil {
		b.Fatal(err)
	}
	return machine(p)
}

func runFor(b *testing.B, m VM, times int) {
	for range times {
		if err := m.RunAll(); err != nil {
			b.Fatal(err)
		}
		m.Reset()
	}
}
