package train_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// batches trains on pixels with all weights held at 0, and returns the images of each mini-batch in ascending order. The gradient of an image's own
// weight is then −½/m for mini-batches of m.
func batches(t *testing.T, tr train.Trainer) (all [][]int) {
	t.Helper()
	const n = 23
	tr.Net = network(t, graph.Dense{Out: 2, Init: graph.Zero}, graph.Quadratic, graph.Config{Float64: true}, n)
	tr.Train, tr.Validation, tr.Eta = pixels(n, 0), pixels(n, 0), 1
	tr.Optimizer = weights(func(w *graph.Param) {
		var images []int
		gradient := w.GradFloat64s()
		for i := range n {
			if gradient[2*i] != 0 {
				images = append(images, i)
			}
		}
		for _, i := range images {
			if got, want := gradient[2*i], -.5/float64(len(images)); got != want {
				t.Errorf("gradient %v in a mini-batch of %d, want %v", got, len(images), want)
			}
		}
		all = append(all, images)
	})
	run(t, &tr)
	return all
}

// TestOrder: an epoch visits every image once, in an order that depends only on seed and epoch.
func TestOrder(t *testing.T) {
	full := batches(t, train.Trainer{Epochs: 3, Batch: 5, Seed: 9})
	if len(full) != 15 {
		t.Fatalf("%d mini-batches, want 3 times 5", len(full))
	}
	for e, epoch := range slices.Collect(slices.Chunk(full, 5)) {
		seen := slices.Sorted(slices.Values(slices.Concat(epoch...)))
		if len(seen) != 23 || len(slices.Compact(seen)) != 23 || len(epoch[4]) != 3 {
			t.Errorf("epoch %d: %v", e, epoch)
		}
	}
	dropped := batches(t, train.Trainer{Epochs: 3, Batch: 5, Seed: 9, DropTail: true})
	var whole [][]int
	for i, b := range full {
		if i%5 < 4 {
			whole = append(whole, b)
		}
	}
	if !same(dropped, whole) {
		t.Errorf("without the tail: %v, want %v", dropped, whole)
	}
	if again := batches(t, train.Trainer{Epochs: 2, Batch: 5, Seed: 9}); !same(again, full[:10]) {
		t.Errorf("another training with that seed: %v, then %v", full[:10], again)
	}
	if same(full[:5], full[5:10]) || same(full[5:10], full[10:]) {
		t.Error("two epochs have one order")
	}
	if other := batches(t, train.Trainer{Epochs: 1, Batch: 5, Seed: 10}); same(other, full[:5]) {
		t.Error("two seeds have one order")
	}
	singles := batches(t, train.Trainer{Epochs: 1, Batch: 1, Seed: 9})
	for i, b := range full[:5] {
		if got := slices.Sorted(slices.Values(slices.Concat(singles[5*i : 5*i+len(b)]...))); !slices.Equal(got, b) {
			t.Errorf("mini-batch %d is %v, of single images %v", i, b, got)
		}
	}
	if one := batches(t, train.Trainer{Epochs: 1, Batch: 23, Seed: 9}); len(one) != 1 || len(one[0]) != 23 {
		t.Errorf("a mini-batch of the whole set: %v", one)
	}
}

func same(a, b [][]int) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// TestOrderOfLabels: a mini-batch is sorted by label and has the same images as with a single label. An epoch is a permutation for any labels.
func TestOrderOfLabels(t *testing.T) {
	const n = 1000
	for _, classes := range []int{1, 2, 10, 256} {
		labels := make([]byte, n)
		for i := range labels {
			labels[i] = byte(255 - i*i%classes)
		}
		for _, batch := range []int{1, 7, 128, n, 3 * n} {
			plain, order := train.Order(n, nil, batch, 3, 4), train.Order(n, labels, batch, 3, 4)
			for at := 0; at < n; at += batch {
				end := min(n, at+batch)
				if !slices.IsSortedFunc(order[at:end], func(a, b int32) int { return int(labels[a]) - int(labels[b]) }) {
					t.Fatalf("%d classes: mini-batch %v is not sorted by label", classes, order[at:end])
				}
				if !slices.Equal(slices.Sorted(slices.Values(order[at:end])), slices.Sorted(slices.Values(plain[at:end]))) {
					t.Fatalf("%d classes: mini-batch %v, want the images %v", classes, order[at:end], plain[at:end])
				}
			}
			if all := slices.Compact(slices.Sorted(slices.Values(order))); len(all) != n {
				t.Fatalf("%d classes: %d of %d images", classes, len(all), n)
			}
		}
	}
}

// TestOrderFair: all orders of three examples occur about equally often.
func TestOrderFair(t *testing.T) {
	counts := map[string]int{}
	const times = 1200
	for seed := range uint64(times) {
		counts[fmt.Sprint(train.Order(3, nil, 3, seed, 0))]++
	}
	for order, n := range counts {
		if len(counts) != 6 || n < times/6-60 || n > times/6+60 { // five standard deviations
			t.Errorf("%v came %d times of %d, and %d orders of 6", order, n, times, len(counts))
		}
	}
}
