package vm_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph/vm"

	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// builder makes a Gorgonia program. Inputs of the same shape get the same numbers on every call.
type builder struct {
	g      *ExprGraph
	dt     tensor.Dtype
	random *rand.Rand
	params Nodes
	cost   *Node
}

func newBuilder(dt tensor.Dtype) *builder {
	return &builder{g: NewGraph(), dt: dt, random: rand.New(rand.NewPCG(3, 4))}
}

func (b *builder) tensor(name string, scale float64, shape ...int) *Node {
	n := tensor.Shape(shape).TotalSize()
	if len(shape) == 0 {
		if b.dt == tensor.Float32 {
			return NewScalar(b.g, b.dt, WithName(name), WithValue(float32(scale*b.random.NormFloat64())))
		}
		return NewScalar(b.g, b.dt, WithName(name), WithValue(scale*b.random.NormFloat64()))
	}
	var data any
	if b.dt == tensor.Float32 {
		d := make([]float32, n)
		for i := range d {
			d[i] = float32(scale * b.random.NormFloat64())
		}
		data = d
	} else {
		d := make([]float64, n)
		for i := range d {
			d[i] = scale * b.random.NormFloat64()
		}
		data = d
	}
	return NewTensor(b.g, b.dt, len(shape), WithName(name), WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))))
}

// param is a tensor with respect to which the cost is differentiated.
func (b *builder) param(shape ...int) *Node {
	w := b.tensor(fmt.Sprintf("w%d", len(b.params)), .5, shape...)
	b.params = append(b.params, w)
	return w
}

func (b *builder) input(shape ...int) *Node {
	return b.tensor(fmt.Sprintf("x%d", b.g.AllNodes().Len()), 1, shape...)
}

// positive is a parameter without negative numbers.
func (b *builder) positive(shape ...int) *Node {
	w := b.param(shape...)
	switch d := w.Value().Data().(type) {
	case []float32:
		for i, v := range d {
			d[i] = float32(math.Abs(float64(v))) + .1
		}
	case []float64:
		for i, v := range d {
			d[i] = math.Abs(v) + .1
		}
	}
	return w
}

// sum turns y into a cost that depends differently on each of its elements.
func (b *builder) sum(y *Node) *Node {
	if y.IsScalar() {
		return y
	}
	c := b.input(y.Shape()...)
	return Must(Sum(Must(HadamardProd(y, c))))
}

// numbers returns v's elements.
func numbersOf(t *testing.T, v Value) []float64 {
	t.Helper()
	if v == nil {
		t.Fatal("no value")
	}
	if d, ok := v.(*tensor.Dense); ok && d.RequiresIterator() {
		v = d.Materialize().(*tensor.Dense)
	}
	switch d := v.Data().(type) {
	case float32:
		return []float64{float64(d)}
	case float64:
		return []float64{d}
	case []float32:
		y := make([]float64, len(d))
		for i, x := range d {
			y[i] = float64(x)
		}
		return y
	case []float64:
		return d
	}
	t.Fatalf("%T", v.Data())
	return nil
}

// same compares numbers relative to each other and to the largest of them.
func same(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	share := .01
	if tol > 1e-6 {
		share = 1 // numbers that cancel have rounding errors in float32
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	most := 0.0
	if tol > 1e-6 {
		most = 1
	}
	for _, w := range want {
		if !math.IsNaN(w) {
			most = max(most, math.Abs(w))
		}
	}
	for i, w := range want {
		if d := math.Abs(got[i] - w); !(d <= tol*max(math.Abs(w), most*share)) && !(math.IsNaN(w) && math.IsNaN(got[i])) && got[i] != w {
			t.Errorf("%s: element %d is %v, want %v", what, i, got[i], w)
			return
		}
	}
}

// steps trains the program on a machine. It returns the cost and the gradients of every step, and the weights.
func steps(t *testing.T, dt tensor.Dtype, build func(*builder), machine func(b *builder) VM) (seen [][]float64, m VM) {
	t.Helper()
	b := newBuilder(dt)
	build(b)
	var cost Value
	Read(b.cost, &cost)
	if len(b.params) > 0 {
		if _, err := Grad(b.cost, b.params...); err != nil {
			t.Skipf("Gorgonia cannot differentiate it: %v", err)
		}
	}
	m = machine(b)
	defer m.Close()
	solver := NewVanillaSolver(WithLearnRate(.01))
	for range 3 {
		if err := m.RunAll(); err != nil {
			t.Fatalf("%T: %v", m, err)
		}
		seen = append(seen, numbersOf(t, cost))
		for _, w := range b.params {
			g, err := w.Grad()
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, append([]float64{}, numbersOf(t, g)...))
		}
		if err := solver.Step(NodesToValueGrads(b.params)); err != nil {
			t.Fatal(err)
		}
		m.Reset()
	}
	for _, w := range b.params {
		seen = append(seen, numbersOf(t, w.Value()))
	}
	return seen, m
}

func stockPrograms() map[string]func(*builder) {
	m := map[string]func(*builder){}
	for name, f := range map[string]func(*Node) (*Node, error){
		"abs": Abs, "exp": Exp, "sin": Sin, "cos": Cos, "neg": Neg, "square": Square, "inverse": Inverse, "cube": Cube, "tanh": Tanh,
		"sigmoid": Sigmoid, "softplus": Softplus, "expm1": Expm1, "rectify": Rectify,
		"leakyRelu": func(x *Node) (*Node, error) { return LeakyRelu(x, .1) },
		"mish":      Mish,
	} {
		m[name] = func(b *builder) { b.cost = b.sum(Must(f(b.param(5, 7)))) }
		m[name+"/scalar"] = func(b *builder) { b.cost = b.sum(Must(f(b.param()))) }
		m[name+"/vector"] = func(b *builder) { b.cost = b.sum(Must(f(b.param(40)))) }
	}
	for name, f := range map[string]func(*Node) (*Node, error){"log": Log, "log2": Log2, "log1p": Log1p, "sqrt": Sqrt, "inverseSqrt": InverseSqrt} {
		m[name] = func(b *builder) { b.cost = b.sum(Must(f(b.positive(5, 7)))) }
	}
	for name, f := range map[string]func(a, b *Node) (*Node, error){"add": Add, "sub": Sub, "mul": HadamardProd, "div": HadamardDiv} {
		m[name] = func(b *builder) { b.cost = b.sum(Must(f(b.param(4, 6), b.positive(4, 6)))) }
		m[name+"/scalarRight"] = func(b *builder) { b.cost = b.sum(Must(f(b.param(4, 6), b.param()))) }
		m[name+"/scalarLeft"] = func(b *builder) { b.cost = b.sum(Must(f(b.param(), b.positive(4, 6)))) }
		m[name+"/scalars"] = func(b *builder) { b.cost = b.sum(Must(f(b.param(), b.param()))) }
		m[name+"/vectors"] = func(b *builder) { b.cost = b.sum(Must(f(b.param(9), b.positive(9)))) }
	}
	m["pow/scalar"] = func(b *builder) { b.cost = b.sum(Must(Pow(b.positive(4, 6), NewConstant(constOf(b.dt, 2.5))))) }
	m["pow/2"] = func(b *builder) { b.cost = b.sum(Must(Pow(b.positive(4, 6), NewConstant(constOf(b.dt, 2))))) }
	for name, f := range map[string]func(a, b *Node, same bool) (*Node, error){"lt": Lt, "gt": Gt, "lte": Lte, "gte": Gte, "eq": Eq, "ne": Ne} {
		m[name] = func(b *builder) {
			x := b.param(4, 6)
			b.cost = b.sum(Must(HadamardProd(x, Must(f(x, b.input(4, 6), true)))))
		}
	}
	for name, axes := range map[string][]int{"0": {0}, "1": {1}, "01": {0, 1}} {
		m["sum2/"+name] = func(b *builder) { b.cost = b.sum(Must(Sum(b.param(4, 6), axes...))) }
		m["mean2/"+name] = func(b *builder) { b.cost = b.sum(Must(Mean(b.param(4, 6), axes...))) }
		m["sum2of1/"+name] = func(b *builder) { b.cost = b.sum(Must(Sum(b.param(1, 6), axes...))) }
	}
	for name, axes := range map[string][]int{"0": {0}, "1": {1}, "2": {2}, "01": {0, 1}, "12": {1, 2}, "02": {0, 2}, "012": {0, 1, 2}} {
		m["sum3/"+name] = func(b *builder) { b.cost = b.sum(Must(Sum(b.param(4, 6, 3), axes...))) }
	}
	for name, axes := range map[string][]int{"0": {0}, "1": {1}, "2": {2}, "3": {3}, "23": {2, 3}, "023": {0, 2, 3}, "0123": {0, 1, 2, 3}} {
		m["sum4/"+name] = func(b *builder) { b.cost = b.sum(Must(Sum(b.param(2, 3, 4, 5), axes...))) }
	}
	m["max/1"] = func(b *builder) { b.cost = b.sum(Must(Max(b.param(4, 6), 1))) }
	m["matmul"] = func(b *builder) { b.cost = b.sum(Must(Mul(b.param(4, 6), b.param(6, 5)))) }
	m["matvec"] = func(b *builder) { b.cost = b.sum(Must(Mul(b.param(4, 6), b.param(6)))) }
	m["vecmat"] = func(b *builder) { b.cost = b.sum(Must(Mul(b.param(4), b.param(4, 6)))) }
	m["dot"] = func(b *builder) { b.cost = b.sum(Must(Mul(b.param(6), b.param(6)))) }
	m["outer"] = func(b *builder) { b.cost = b.sum(Must(OuterProd(b.input(6), b.input(5)))) }
	m["matmul/transposes"] = func(b *builder) {
		b.cost = b.sum(Must(Mul(Must(Transpose(b.param(6, 4), 1, 0)), Must(Transpose(b.param(5, 6), 1, 0)))))
	}
	for _, tr := range [][]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		m[fmt.Sprint("batched/", tr)] = func(b *builder) {
			x, y := b.param(3, 4, 4), b.param(3, 4, 4)
			b.cost = b.sum(Must(BatchedMatMul(x, y, tr...)))
		}
	}
	m["bias/row"] = func(b *builder) {
		b.cost = b.sum(Must(BroadcastAdd(Must(Mul(b.input(4, 6), b.param(6, 5))), b.param(1, 5), nil, []byte{0})))
	}
	m["bias/alone"] = func(b *builder) { b.cost = b.sum(Must(BroadcastAdd(b.param(4, 5), b.param(1, 5), nil, []byte{0}))) }
	m["bias/vector"] = func(b *builder) { b.cost = b.sum(Must(BroadcastAdd(b.param(4, 5), b.param(5), nil, []byte{0}))) }
	m["bias/column"] = func(b *builder) { b.cost = b.sum(Must(BroadcastAdd(b.param(4, 5), b.param(4, 1), nil, []byte{1}))) }
	m["broadcast/mul"] = func(b *builder) {
		b.cost = b.sum(Must(BroadcastHadamardProd(b.param(1, 5), b.param(4, 5), []byte{0}, nil)))
	}
	m["broadcast/maps"] = func(b *builder) {
		b.cost = b.sum(Must(BroadcastHadamardProd(b.param(2, 3, 4, 5), b.param(1, 3, 1, 1), nil, []byte{0, 2, 3})))
	}
	m["slice/row"] = func(b *builder) { b.cost = b.sum(Must(Slice(b.param(5, 6), S(2)))) }
	m["slice/rows"] = func(b *builder) { b.cost = b.sum(Must(Slice(b.param(5, 6), S(1, 4)))) }
	m["slice/cols"] = func(b *builder) { b.cost = b.sum(Must(Slice(b.param(5, 6), nil, S(1, 4)))) }
	m["slice/two"] = func(b *builder) {
		x := b.param(5, 6)
		b.cost = Must(Add(b.sum(Must(Slice(x, nil, S(1, 4)))), b.sum(Must(Slice(x, nil, S(3, 6))))))
	}
	m["slice/vector"] = func(b *builder) { b.cost = b.sum(Must(Slice(b.param(9), S(3, 5)))) }
	m["slice/number"] = func(b *builder) { b.cost = b.sum(Must(Slice(b.param(9), S(3)))) }
	m["concat/0"] = func(b *builder) { b.cost = b.sum(Must(Concat(0, b.param(2, 3), b.param(4, 3)))) }
	m["concat/1"] = func(b *builder) { b.cost = b.sum(Must(Concat(1, b.param(2, 3), b.param(2, 1), b.param(2, 4)))) }
	m["concat/vectors"] = func(b *builder) { b.cost = b.sum(Must(Concat(0, b.param(3), b.param(4)))) }
	m["reshape"] = func(b *builder) { b.cost = b.sum(Must(Reshape(b.param(4, 6), tensor.Shape{8, 3}))) }
	m["transpose/2"] = func(b *builder) { b.cost = b.sum(Must(Transpose(b.param(4, 6), 1, 0))) }
	m["transpose/3"] = func(b *builder) { b.cost = b.sum(Must(Transpose(b.param(4, 6, 3), 2, 0, 1))) }
	m["transpose/4"] = func(b *builder) { b.cost = b.sum(Must(Transpose(b.param(2, 3, 4, 5), 0, 2, 3, 1))) }
	m["softmax"] = func(b *builder) { b.cost = b.sum(Must(SoftMax(b.param(4, 6)))) }
	m["softmax/axis0"] = func(b *builder) { b.cost = b.sum(Must(SoftMax(b.param(4, 6), 0))) }
	m["softmax/axis1"] = func(b *builder) { b.cost = b.sum(Must(SoftMax(b.param(4, 6), 1))) }
	m["softmax/vector"] = func(b *builder) { b.cost = b.sum(Must(SoftMax(b.param(6)))) }
	m["softmax/3"] = func(b *builder) { b.cost = b.sum(Must(SoftMax(b.param(2, 3, 4)))) }
	m["logSoftmax"] = func(b *builder) { b.cost = b.sum(Must(LogSoftMax(b.param(4, 6)))) }
	m["log(softmax)"] = func(b *builder) { b.cost = b.sum(Must(Log(Must(SoftMax(b.param(4, 6)))))) }
	m["binaryXent"] = func(b *builder) {
		b.cost = Must(Mean(Must(BinaryXent(Must(Sigmoid(Must(Mul(b.input(4, 6), b.param(6, 5))))), Must(Sigmoid(b.input(4, 5)))))))
	}
	conv := func(pad, stride, dilation []int, k ...int) func(*builder) {
		return func(b *builder) {
			x, f := b.param(2, 3, 8, 8), b.param(4, 3, k[0], k[1])
			b.cost = b.sum(Must(Conv2d(x, f, tensor.Shape{k[0], k[1]}, pad, stride, dilation)))
		}
	}
	m["conv/3pad1"] = conv([]int{1, 1}, []int{1, 1}, []int{1, 1}, 3, 3)
	m["conv/5"] = conv([]int{0, 0}, []int{1, 1}, []int{1, 1}, 5, 5)
	m["conv/stride"] = conv([]int{1, 1}, []int{2, 2}, []int{1, 1}, 3, 3)
	m["conv/odd"] = conv([]int{0, 1}, []int{1, 2}, []int{1, 1}, 1, 3)
	m["conv/dilated"] = conv([]int{1, 1}, []int{1, 1}, []int{2, 2}, 3, 3)
	m["conv/1d"] = func(b *builder) { b.cost = b.sum(Must(Conv1d(b.param(2, 3, 1, 9), b.param(4, 3, 1, 3), 3, 1, 1, 1))) }
	m["conv/bias"] = func(b *builder) {
		c := Must(Conv2d(b.input(2, 3, 8, 8), b.param(4, 3, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
		b.cost = b.sum(Must(Rectify(Must(BroadcastAdd(c, b.param(1, 4, 1, 1), nil, []byte{0, 2, 3})))))
	}
	pool := func(k, pad, stride int) func(*builder) {
		return func(b *builder) {
			b.cost = b.sum(Must(MaxPool2D(b.param(2, 3, 7, 7), tensor.Shape{k, k}, []int{pad, pad}, []int{stride, stride})))
		}
	}
	m["maxpool/2"], m["maxpool/3over2"], m["maxpool/3pad1"] = pool(2, 0, 2), pool(3, 0, 2), pool(3, 1, 1)
	m["globalAveragePool"] = func(b *builder) { b.cost = b.sum(Must(GlobalAveragePool2D(b.input(2, 3, 4, 5)))) }
	m["convnet"] = convnet
	for name, shape := range map[string][]int{"2": {6, 5}, "4": {3, 4, 5, 5}} {
		ones := make([]int, len(shape))
		for i := range ones {
			ones[i] = 1
		}
		ones[1] = shape[1]
		m["batchnorm/"+name] = func(b *builder) {
			y, _, _, _, err := BatchNorm(b.param(shape...), b.param(ones...), b.param(ones...), .1, 1e-5)
			if err != nil {
				panic(err)
			}
			b.cost = b.sum(y)
		}
	}
	m["rnn"] = rnn
	return m
}

func constOf(dt tensor.Dtype, x float64) any {
	if dt == tensor.Float32 {
		return float32(x)
	}
	return x
}

func convnet(b *builder) {
	x := b.input(2, 1, 8, 8)
	for _, k := range [][]int{{4, 1, 3, 3}, {6, 4, 3, 3}} {
		c := Must(Conv2d(x, b.param(k...), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
		x = Must(MaxPool2D(Must(Rectify(c)), tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
	}
	flat := Must(Reshape(x, tensor.Shape{2, 6 * 2 * 2}))
	h := Must(Rectify(Must(Mul(flat, b.param(24, 10)))))
	out := Must(SoftMax(Must(Mul(h, b.param(10, 3)))))
	b.cost = Must(Neg(Must(Mean(Must(HadamardProd(b.input(2, 3), Must(Log(out))))))))
}

func rnn(b *builder) {
	wx, wh, bias, wo := b.param(5, 6), b.param(5, 5), b.param(5), b.param(6, 5)
	h := b.input(5)
	for range 4 {
		h = Must(Tanh(Must(Add(Must(Add(Must(Mul(wx, b.input(6))), Must(Mul(wh, h)))), bias))))
		cost := Must(Neg(Must(Sum(Must(HadamardProd(b.input(6), Must(Log(Must(SoftMax(Must(Mul(wo, h))))))))))))
		if b.cost == nil {
			b.cost = cost
		} else {
			b.cost = Must(Add(b.cost, cost))
		}
	}
}

// foreign lists the programs in which some op is not lowered.
var foreign = map[string]bool{"softmax/axis0": true, "sum4/2": true, "sum4/23": true}

func TestLowered(t *testing.T) {
	for name, build := range stockPrograms() {
		for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
			t.Run(name+"/"+dt.String(), func(t *testing.T) {
				want, _ := steps(t, dt, build, func(b *builder) VM { return NewTapeMachine(b.g, BindDualValues(b.params...)) })
				got, m := steps(t, dt, build, func(b *builder) VM { return vm.New(b.g, vm.BindDualValues(b.params...)) })
				tol := 1e-12
				if dt == tensor.Float32 {
					tol = 1e-5
				}
				for i := range want {
					same(t, fmt.Sprintf("%d", i), got[i], want[i], tol)
				}
				listing := m.(fmt.Stringer).String()
				if strings.Contains(listing, "(Gorgonia's own)") != foreign[name] {
					t.Errorf("not lowered: %v, want %v", !foreign[name], foreign[name])
				}
				if t.Failed() {
					t.Log("\n" + listing)
				}
			})
		}
	}
}

// TestLoweredAllocations: after the first run, a program that is lowered completely allocates nothing.
func TestLoweredAllocations(t *testing.T) {
	if race {
		t.Skip("the race detector allocates")
	}
	for name, build := range stockPrograms() {
		b := newBuilder(tensor.Float32)
		build(b)
		if foreign[name] || len(b.params) == 0 {
			continue
		}
		if _, err := Grad(b.cost, b.params...); err != nil {
			continue
		}
		m := vm.New(b.g, vm.BindDualValues(b.params...))
		if err := m.RunAll(); err != nil {
			t.Fatal(err)
		}
		if n := allocations(5, func() {
			if err := m.RunAll(); err != nil {
				t.Fatal(err)
			}
			m.Reset()
		}); n > 0 {
			t.Errorf("%s: %v allocations a run, want 0", name, n)
		}
	}
}

// TestSparseGradients: which elements of an input are 0 changes from run to run, and rows of the gradient become 0 again.
func TestSparseGradients(t *testing.T) {
	for _, m := range []int{5, 12} {
		b := newBuilder(tensor.Float32)
		x, w := b.input(m, 70), b.param(70, 40)
		b.cost = b.sum(Must(Mul(x, w)))
		if _, err := Grad(b.cost, w); err != nil {
			t.Fatal(err)
		}
		machine := vm.New(b.g, vm.BindDualValues(w))
		var dy []float32 // the weights of sum
		for _, n := range b.g.AllNodes() {
			if n.Op() == nil && n.Shape().Eq(tensor.Shape{m, 40}) {
				dy = n.Value().Data().([]float32)
			}
		}
		total := make([]float64, 70*40)
		for run := range 6 {
			in := make([]float32, m*70)
			for i := range in {
				if dense := run == 3; dense || b.random.IntN(9) == 0 && (i%70+run)%3 > 0 {
					in[i] = b.random.Float32()
				}
			}
			if err := Let(x, tensor.New(tensor.WithShape(m, 70), tensor.WithBacking(in))); err != nil {
				t.Fatal(err)
			}
			if err := machine.RunAll(); err != nil {
				t.Fatal(err)
			}
			want := make([]float64, 70*40)
			for p := range 70 {
				for j := range 40 {
					for r := range m {
						want[p*40+j] += float64(in[r*70+p]) * float64(dy[r*40+j])
					}
					total[p*40+j] += want[p*40+j]
				}
			}
			same(t, fmt.Sprint("gradient of run ", run), numbersOf(t, w.Deriv().Value()), want, 1e-5)
			g, err := w.Grad()
			if err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprint("sum of gradients after run ", run), numbersOf(t, g), total, 1e-5)
		}
	}
}
