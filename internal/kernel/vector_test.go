package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

// onRows runs the test for every row of this machine.
func onRows(t *testing.T, f func(t *testing.T, s *Set[float32])) {
	for _, r := range rows {
		if r.ok {
			t.Run(r.name, func(t *testing.T) { f(t, &r.set) })
		}
	}
}

// A fence holds slices that end where an unreadable page begins, with canaries before them.
type fence []float32

func newFence(t testing.TB, n int) fence { return guarded[float32](t, n) }

// last returns the fence's last len(x) elements, set to x.
func (f fence) last(x []float32) []float32 {
	for i := range f {
		f[i] = canary
	}
	y := f[len(f)-len(x):]
	copy(y, x)
	return y
}

// intact fails the test if an element before the last n has changed.
func (f fence) intact(t testing.TB, n int) {
	t.Helper()
	for i, v := range f[:len(f)-n] {
		if v != canary {
			t.Fatalf("element %d before the slice of %d was written", len(f)-n-i, n)
		}
	}
}

const canary = 12345

// exact returns n random numbers with so few digits that all sums and products in the tests are exact, in any order, fused or not. If special is
// set, one in 64 is NaN, infinite or −0.
func exact(random *rand.Rand, n int, special bool) []float32 {
	odd := []float32{nan, inf, -inf, float32(math.Copysign(0, -1))}
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(random.IntN(256)-128) / 16
		if special && random.IntN(64) == 0 {
			x[i] = odd[random.IntN(len(odd))]
		}
	}
	return x
}

// filled returns n NaNs: an element that is still NaN was not written.
func filled(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = nan
	}
	return x
}

// same reports whether two elements are equal or both NaN.
func same(a, b float32) bool { return a == b || a != a && b != b }

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// mustMatch fails the test at the first element where got and want differ.
func mustMatch(t testing.TB, what string, got, want []float32, alike func(got, want float32) bool) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !alike(got[i], want[i]) {
			t.Fatalf("%s: element %d of %d is %v, want %v", what, i, len(got), got[i], want[i])
		}
	}
}

// lengths are all lengths up to more than four AVX-512 vectors, and some long ones.
func lengths() []int {
	var n []int
	for i := range 71 {
		n = append(n, i)
	}
	return append(n, 100, 127, 255, 784, 1000, 1003)
}

const longest = 1003

// points are the element-wise kernels as functions of two slices.
var points = []struct {
	name    string
	inPlace bool // y may be a
	run     func(s *Set[float32], y, a, b []float32)
}{
	{"Add", true, func(s *Set[float32], y, a, b []float32) { s.Add(y, a, b) }},
	{"Hadamard", true, func(s *Set[float32], y, a, b []float32) { s.Hadamard(y, a, b) }},
	{"Axpy", false, func(s *Set[float32], y, a, b []float32) { copy(y, b); s.Axpy(y, -0.5, a) }},
	{"Normalize", true, func(s *Set[float32], y, a, _ []float32) { s.Normalize(y, a, 0.5, -0.25, 2) }},
	{"NormalizeGrad", true, func(s *Set[float32], y, a, b []float32) { s.NormalizeGrad(y, a, b, 0.5, -0.25, 2, 4) }},
	{"Sigmoid", true, func(s *Set[float32], y, a, _ []float32) { s.Sigmoid(y, a) }},
	{"Tanh", true, func(s *Set[float32], y, a, _ []float32) { s.Tanh(y, a) }},
	{"ReLU", true, func(s *Set[float32], y, a, _ []float32) { s.ReLU(y, a) }},
	{"SigmoidGrad", false, func(s *Set[float32], y, a, b []float32) { s.SigmoidGrad(y, a, b) }},
	{"TanhGrad", false, func(s *Set[float32], y, a, b []float32) { s.TanhGrad(y, a, b) }},
	{"ReLUGrad", false, func(s *Set[float32], y, a, b []float32) { s.ReLUGrad(y, a, b) }},
	{"LeakyReLU", true, func(s *Set[float32], y, a, _ []float32) { s.LeakyReLU(y, a, 0.25) }},
	{"LeakyReLUGrad", false, func(s *Set[float32], y, a, b []float32) { s.LeakyReLUGrad(y, a, b, 0.25) }},
	{"Larger", true, func(s *Set[float32], y, a, b []float32) { s.Larger(y, a, b) }},
	{"ELU", true, func(s *Set[float32], y, a, _ []float32) { s.ELU(y, a, 1.5, 0.25) }},
	{"ELUGrad", false, func(s *Set[float32], y, a, b []float32) { s.ELUGrad(y, a, b, 1.5, 0.25) }},
	{"Slopes", false, func(s *Set[float32], y, a, b []float32) { s.Slopes(y, a, b, a) }},
	{"Slopes of others", false, func(s *Set[float32], y, a, b []float32) { s.Slopes(y, a, a, b) }},
	{"Claim", false, func(s *Set[float32], y, a, b []float32) {
		top, dy := slices.Clone(a), slices.Clone(b)
		s.Larger(top, a, b)
		copy(y, a)
		s.Claim(y, dy, a, top)
		s.Axpy(y, -0.5, dy) // what was not claimed
	}},
	{"GELU", true, func(s *Set[float32], y, a, _ []float32) { s.GELU(y, a) }},
	{"GELUGrad", false, func(s *Set[float32], y, a, b []float32) { s.GELUGrad(y, a, b) }},
	{"SiLU", true, func(s *Set[float32], y, a, _ []float32) { s.SiLU(y, a) }},
	{"Divide", true, func(s *Set[float32], y, a, b []float32) { s.Divide(y, a, b) }},
	{"Exp", true, func(s *Set[float32], y, a, _ []float32) { s.Exp(y, a) }},
	{"Softplus", true, func(s *Set[float32], y, a, _ []float32) { s.Softplus(y, a) }},
	{"Logistic", true, func(s *Set[float32], y, a, _ []float32) { s.Logistic(y, a) }},
	{"Rectify", true, func(s *Set[float32], y, a, _ []float32) { s.Rectify(y, a) }},
	{"RectifyGrad", false, func(s *Set[float32], y, a, b []float32) { s.RectifyGrad(y, a, b) }},
	{"SiLUGrad", false, func(s *Set[float32], y, a, b []float32) { s.SiLUGrad(y, a, b) }},
}

// TestPointwise compares the element-wise kernels with the Go row. They must stay inside their slices, leave their inputs alone, and give an element
// the same bits in every run, in place, and at any position.
func TestPointwise(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		yf, af, bf := newFence(t, longest), newFence(t, longest), newFence(t, longest)
		for _, k := range points {
			for _, n := range lengths() {
				random := rand.New(rand.NewPCG(1, uint64(n)))
				x, z := exact(random, n, true), exact(random, n, true)
				y, a, b := yf.last(filled(n)), af.last(x), bf.last(z)
				k.run(s, y, a, b)
				yf.intact(t, n)
				mustMatch(t, k.name+"'s first input", a, x, sameBits)
				mustMatch(t, k.name+"'s second input", b, z, sameBits)

				want := filled(n)
				k.run(Loops[float32](), want, x, z)
				mustMatch(t, k.name, y, want, alike(k.name))

				again := filled(n)
				k.run(s, again, x, z)
				mustMatch(t, k.name+" again", again, y, sameBits)
				at := random.IntN(n + 1)
				k.run(s, again[:at], x[:at], z[:at])
				k.run(s, again[at:], x[at:], z[at:])
				mustMatch(t, k.name+" in parts", again, y, sameBits)
				if k.inPlace {
					k.run(s, a, a, b)
					mustMatch(t, k.name+" in place", a, y, sameBits)
				}
			}
		}
	})
}

// alike says how exact a kernel's results must be.
func alike(kernel string) func(got, want float32) bool {
	if kernel == "GELUGrad" || kernel == "SiLUGrad" { // sums of terms that nearly cancel
		return func(got, want float32) bool { return same(got, want) || math.Abs(float64(got-want)) <= 2e-6 }
	}
	return nearly
}

// nearly is same, or within the accuracy of the exponential functions; everything else is exact in these tests.
func nearly(got, want float32) bool {
	return same(got, want) || math.Abs(float64(got)-float64(want)) <= 5e-7*math.Abs(float64(want))
}

func TestSum(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		f, g := newFence(t, longest), newFence(t, longest)
		for _, n := range lengths() {
			random := rand.New(rand.NewPCG(2, uint64(n)))
			x, dy := exact(random, n, n > 70), exact(random, n, n > 70)
			sums := func(s *Set[float32], x, dy []float32) []float32 {
				sum, product := s.SumProducts(dy, x, 0.5)
				return []float32{s.Sum(x), s.SumSquares(x, 0.5), sum, product}
			}
			mustMatch(t, fmt.Sprintf("sums of %d elements", n), sums(s, f.last(x), g.last(dy)), sums(Loops[float32](), x, dy), same)
			finite := exact(random, n, false)
			mustMatch(t, fmt.Sprintf("finite sums of %d elements", n), sums(s, f.last(finite), g.last(finite)), sums(Loops[float32](), finite, finite), same)
		}
	})
}

func TestSumRows(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		const m = 5
		yf, xf := newFence(t, longest), newFence(t, m*(longest+7))
		for _, n := range lengths() {
			for _, rows := range []int{0, 1, m} {
				ldx := n + n%8
				size := max(0, (rows-1)*ldx+n)
				x := make([]float32, size)
				for i := range x {
					x[i] = float32(math.Sin(float64(i))) // not exact: the order must be the Go row's
				}
				y, want := yf.last(filled(n)), filled(n)
				s.SumRows(y, xf.last(x), ldx, rows)
				Loops[float32]().SumRows(want, x, ldx, rows)
				yf.intact(t, n)
				mustMatch(t, "SumRows", y, want, sameBits)
			}
		}
	})
}

func TestAddRow(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		const m = 3
		yf, xf, bf := newFence(t, m*longest), newFence(t, m*longest), newFence(t, longest)
		for _, n := range lengths()[1:] {
			random := rand.New(rand.NewPCG(3, uint64(n)))
			x, b := exact(random, m*n, true), exact(random, n, true)
			y, want := yf.last(filled(m*n)), filled(m*n)
			s.AddRow(y, xf.last(x), bf.last(b))
			Loops[float32]().AddRow(want, x, b)
			yf.intact(t, m*n)
			mustMatch(t, "AddRow", y, want, same)
			s.AddRow(x, x, b)
			mustMatch(t, "AddRow in place", x, want, same)
		}
	})
}

// TestShort: slices that are too short cause an ordinary panic, not a read or write beyond them.
func TestShort(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		long, short := make([]float32, 64), make([]float32, 31)
		for name, f := range map[string]func(){
			"Add":         func() { s.Add(long, long, short) },
			"Axpy":        func() { s.Axpy(long, 1, short) },
			"AddRow":      func() { s.AddRow(short, long, long[:16]) },
			"SumRows":     func() { s.SumRows(long[:16], short, 16, 2) },
			"Sigmoid":     func() { s.Sigmoid(short, long) },
			"ReLUGrad":    func() { s.ReLUGrad(long, long, short) },
			"LeakyReLU":   func() { s.LeakyReLU(short, long, 0.5) },
			"ELU":         func() { s.ELU(short, long, 1, 1) },
			"ELUGrad":     func() { s.ELUGrad(long, long, short, 1, 1) },
			"Slopes":      func() { s.Slopes(long, long, short, long) },
			"Claim":       func() { s.Claim(long, long, long, short) },
			"GELUGrad":    func() { s.GELUGrad(long, long, short) },
			"AvgPool":     func() { s.AvgPool(long[:16], short, 1, 8, 8, 2) },
			"AvgPoolGrad": func() { s.AvgPoolGrad(short, long[:16], 1, 8, 8, 2) },
			"Softmax":     func() { s.Softmax(short, long, 8) },
			"LogSumExp":   func() { s.LogSumExp(long[:4], short, 8) },
			"SGD":         func() { s.SGD(long, short, 1, 1) },
			"Momentum":    func() { s.Momentum(long, short, long, 1, 1, 1) },
			"Nesterov":    func() { s.Nesterov(long, short, long, 1, 1, 1) },
			"RMSProp":     func() { s.RMSProp(long, long, short, 1, 1, 1, 1) },
			"AdaGrad":     func() { s.AdaGrad(long, short, long, 1, 1, 1) },
			"AdaDelta":    func() { s.AdaDelta(long, long, short, long, 1, 1, 1, 1) },
			"Adam":        func() { s.Adam(long, long, short, long, 1, 1, 1, 1, 1, 1, 1) },
			"MaxPool":     func() { s.MaxPool(long[:16], short, 1, 8, 8, 2) },
			"MaxPoolGrad": func() { s.MaxPoolGrad(short, long, long[:16], 1, 8, 8, 2) },
			"Im2col": func() {
				s.Im2col(long, short, Geometry{Maps: 1, Rows: 8, Cols: 8, KernelRows: 1, KernelCols: 1, Stride: 1, Dilation: 1})
			},
			"Col2im": func() {
				s.Col2im(long, short, Geometry{Maps: 1, Rows: 8, Cols: 8, KernelRows: 1, KernelCols: 1, Stride: 1, Dilation: 1})
			},
			"Resample":          func() { s.Resample(long[:16], make([]byte, 63), 8, 8, long, long) },
			"Resample's places": func() { s.Resample(long, make([]byte, 64), 8, 8, long, short) },
			"Gather":            func() { s.Gather(long, make([]byte, 63), []int32{0, 1}, 0, 32) },
		} {
			t.Run(name, func(t *testing.T) {
				for i := range long {
					long[i] = 1
				}
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				f()
			})
		}
	})
}

// allocations returns how many allocations one run of f makes. The counter belongs to the whole process and now and then also sees what the runtime or the
// test itself allocates, so the smallest of several counts is f's.
func allocations(runs int, f func()) float64 {
	least := testing.AllocsPerRun(runs, f)
	for tries := 0; least > 0 && tries < 10; tries++ {
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}

// TestAllocations: kernels allocate nothing.
func TestAllocations(t *testing.T) {
	kernels := vectorKernels()
	onRows(t, func(t *testing.T, s *Set[float32]) {
		for _, k := range kernels {
			if n := allocations(2, func() { k.run(s) }); n != 0 {
				t.Errorf("%s allocates %v times", k.name, n)
			}
		}
	})
}
