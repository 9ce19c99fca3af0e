package train_test

import (
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// linear returns the grid that takes the pixel at p, counted from the center, from a·p + move, for images of side×side.
func linear(side int, a [2][2]float64, move [2]float64) *train.Grid {
	var g train.Grid
	knot := func(i int) float64 { return (float64(i-1)/4 - .5) * float64(side) }
	for axis := range 2 {
		for j := range 7 {
			for i := range 7 {
				g[axis][j][i] = float32(a[axis][0]*knot(i) + a[axis][1]*knot(j) + move[axis] + float64(side-1)/2)
			}
		}
	}
	return &g
}

// warped returns a noisy image of side×side, and the same image warped by a grid.
func warped(t *testing.T, side int, g *train.Grid) (image []byte, y []float32) {
	t.Helper()
	w, err := train.NewWarper(graph.Shape{1, side, side})
	if err != nil {
		t.Fatal(err)
	}
	image, y = make([]byte, side*side), make([]float32, side*side)
	for i := range image {
		image[i] = byte(i*i*31 + i*7)
	}
	w.Warp(y, make([]byte, side*side), linear(side, [2][2]float64{{1, 1}, {0, 1}}, [2]float64{})) // leaves no trace in later calls
	w.Warp(y, image, g)
	return image, y
}

// An image that is turned by quarters, mirrored or moved by whole pixels has exactly its own pixels, and zeros where it had none.
func TestWarpExact(t *testing.T) {
	for _, side := range []int{28, 9} {
		for name, c := range map[string]struct {
			a    [2][2]float64
			move [2]float64
			from func(x, y int) (u, v int)
		}{
			"identity":   {[2][2]float64{{1, 0}, {0, 1}}, [2]float64{}, func(x, y int) (int, int) { return x, y }},
			"quarter":    {[2][2]float64{{0, 1}, {-1, 0}}, [2]float64{}, func(x, y int) (int, int) { return y, side - 1 - x }},
			"half":       {[2][2]float64{{-1, 0}, {0, -1}}, [2]float64{}, func(x, y int) (int, int) { return side - 1 - x, side - 1 - y }},
			"transposed": {[2][2]float64{{0, 1}, {1, 0}}, [2]float64{}, func(x, y int) (int, int) { return y, x }},
			"right":      {[2][2]float64{{1, 0}, {0, 1}}, [2]float64{-3, 0}, func(x, y int) (int, int) { return x - 3, y }},
			"up left":    {[2][2]float64{{1, 0}, {0, 1}}, [2]float64{2, 1}, func(x, y int) (int, int) { return x + 2, y + 1 }},
			"all out":    {[2][2]float64{{1, 0}, {0, 1}}, [2]float64{1000, -1000}, func(x, y int) (int, int) { return -1, -1 }},
		} {
			image, y := warped(t, side, linear(side, c.a, c.move))
			for i, got := range y {
				u, v := c.from(i%side, i/side)
				want := float32(0)
				if 0 <= u && u < side && 0 <= v && v < side {
					want = float32(image[v*side+u]) / 256
				}
				if got != want {
					t.Fatalf("%s: pixel %d of %d×%d is %v, want %v", name, i, side, side, got, want)
				}
			}
		}
	}
}

// Between pixels a warp interpolates, and toward the outside of the image it falls to 0.
func TestWarpBetween(t *testing.T) {
	const side = 12
	image, y := warped(t, side, linear(side, [2][2]float64{{1, 0}, {0, 1}}, [2]float64{.25, .5}))
	pixel := func(x, y int) float64 {
		if x >= side || y >= side {
			return 0
		}
		return float64(image[y*side+x]) / 256
	}
	for i, got := range y {
		x, y := i%side, i/side
		top, bottom := .75*pixel(x, y)+.25*pixel(x+1, y), .75*pixel(x, y+1)+.25*pixel(x+1, y+1)
		if want := (top + bottom) / 2; math.Abs(float64(got)-want) > 1e-6 {
			t.Fatalf("pixel (%d, %d) is %v, want %v", x, y, got, want)
		}
	}
}

// Moves by whole pixels are those of mnist.Expand.
func TestWarpLikeExpand(t *testing.T) {
	set := mnist.Set{Images: make([]byte, 100), Labels: []byte{0}, Rows: 10, Cols: 10, Classes: 1}
	for i := range set.Images {
		set.Images[i] = byte(i*i*31 + i*7)
	}
	expanded := mnist.Expand(set)
	for k, move := range [][2]float64{{0, 0}, {0, -1}, {0, 1}, {-1, 0}, {1, 0}} {
		image, got := warped(t, 10, linear(10, [2][2]float64{{1, 0}, {0, 1}}, move))
		if !slices.Equal(image, set.Images) {
			t.Fatal("another image")
		}
		for i, p := range expanded.Image(k) {
			if got[i] != float32(p)/256 {
				t.Fatalf("copy %d: pixel %d is %v, want %v", k, i, got[i], float32(p)/256)
			}
		}
	}
}

// However wild a warp, its pixels stay within those of an image.
func TestWarpWild(t *testing.T) {
	w, err := train.NewWarper(graph.Shape{1, 28, 20})
	if err != nil {
		t.Fatal(err)
	}
	image, y := slices.Repeat([]byte{255}, 28*20), make([]float32, 28*20)
	draw := train.Warp{Rotate: 180, Zoom: .9, Shift: 100, Shear: 80, Elastic: 50, Crop: 9}.Draw(28, 20, 1)
	var g train.Grid
	for i := range 200 {
		draw(0, i, &g)
		w.Warp(y, image, &g)
		if low, high := slices.Min(y), slices.Max(y); !(low >= 0) || !(high <= 255./256) {
			t.Fatalf("pixels from %v to %v", low, high)
		}
	}
}

func TestWarperOfOtherShapes(t *testing.T) {
	for _, shape := range []graph.Shape{{784}, {3, 28, 28}, {28, 28}} {
		if _, err := train.NewWarper(shape); err == nil || !strings.Contains(err.Error(), "; use a model whose input is (1") {
			t.Errorf("%v: %v", shape, err)
		}
	}
}

// TestWarpedBits: warped training images are the same for any number of threads and after a stop at any step. Without warps, or with another seed,
// they differ.
func TestWarpedBits(t *testing.T) {
	final := func(w train.Warp, seed uint64, threads int, stops ...uint64) map[string][]float32 {
		begin := func(from *saved) *train.Trainer {
			tr := training(t, momentum, nil)
			tr.Net = network(t, graph.Seq{graph.Conv{Out: 3, Kernel: 3}, graph.ReLU, graph.Dense{Out: 4}}, graph.LogLikelihood,
				graph.Config{Seed: 6, Threads: threads}, 1, 6, 6)
			tr.Epochs = 3
			if w != (train.Warp{}) {
				tr.Warp = w.Draw(6, 6, seed)
			}
			start(t, tr, from)
			return tr
		}
		tr := begin(nil)
		for _, at := range stops {
			if _, stopped := until(t, tr, at); !stopped {
				t.Fatalf("not stopped at step %d", at)
			}
			tr = begin(save(t, tr))
		}
		until(t, tr, 0)
		return memory(tr)
	}
	w := train.Warp{Rotate: 20, Elastic: .5}
	want := final(w, 1, 1)
	for _, c := range []struct {
		name string
		got  map[string][]float32
		same bool
	}{
		{"two threads", final(w, 1, 2), true}, {"three threads", final(w, 1, 3), true},
		{"stopped after an epoch", final(w, 1, 1, 5), true}, {"stopped twice", final(w, 1, 2, 3, 11), true},
		{"another seed", final(w, 2, 1), false}, {"no warp", final(train.Warp{}, 1, 1), false},
	} {
		if maps.EqualFunc(c.got, want, slices.Equal) != c.same {
			t.Errorf("%s: the same bits is %v", c.name, !c.same)
		}
	}
}

// TestWarpAsks: in every epoch each training image is warped once, for that epoch. If a training is stopped and continued, those of the next
// mini-batch may be warped twice.
func TestWarpAsks(t *testing.T) {
	asked, mu := map[[2]int]int{}, sync.Mutex{}
	begin := func(from *saved) *train.Trainer {
		tr := training(t, train.Trainer{Optimizer: train.SGD{}}, nil)
		tr.Epochs = 3
		tr.Warp = func(epoch, image int, to *train.Grid) {
			mu.Lock()
			defer mu.Unlock()
			asked[[2]int{epoch, image}]++
		}
		start(t, tr, from)
		return tr
	}
	tr := begin(nil)
	until(t, tr, 7)
	until(t, begin(save(t, tr)), 0)
	if len(asked) != 3*47 {
		t.Errorf("%d pairs of an epoch and an image, want %d", len(asked), 3*47)
	}
	twice := 0
	for at, n := range asked {
		if n > 2 || at[0] > 2 || at[1] > 46 {
			t.Errorf("epoch %d, image %d: %d times", at[0], at[1], n)
		}
		twice += n - 1
	}
	if twice > tr.Batch {
		t.Errorf("%d images were warped twice, of mini-batches of %d", twice, tr.Batch)
	}
}

// waiting is a schedule whose first step waits for the channel to be closed.
type waiting struct {
	*testing.T
	begun chan struct{}
}

func (w waiting) At(step, _, _ int) float64 {
	if step == 0 {
		select {
		case <-w.begun:
		case <-time.After(time.Minute): // it is a moment, but on a machine that is busy otherwise
			w.Error("the next mini-batch is not begun")
		}
	}
	return 1
}

// TestWarpAhead: a mini-batch is warped during the previous step if a processor is free.
func TestWarpAhead(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("there is one processor")
	}
	tr := training(t, train.Trainer{Optimizer: train.SGD{}}, nil)
	begun, asked := make(chan struct{}), atomic.Int32{}
	tr.Schedule, tr.Epochs = waiting{t, begun}, 1
	tr.Warp = func(int, int, *train.Grid) {
		if int(asked.Add(1)) == tr.Batch+1 {
			close(begun)
		}
	}
	start(t, tr, nil)
	until(t, tr, 0)
	if n := int(asked.Load()); n != tr.Train.Len() {
		t.Errorf("%d images", n)
	}
}

func TestWarpAllocates(t *testing.T) {
	w, err := train.NewWarper(graph.Shape{1, 28, 28})
	if err != nil {
		t.Fatal(err)
	}
	draw := train.Warp{Rotate: 15, Elastic: 1}.Draw(28, 28, 1)
	image, y, i := make([]byte, 784), make([]float32, 784), 0
	var g train.Grid
	if n := testing.AllocsPerRun(100, func() {
		draw(0, i, &g)
		w.Warp(y, image, &g)
		i++
	}); n != 0 {
		t.Errorf("%v allocations an image", n)
	}
}
