package dataset

import (
	"cmp"
	"slices"
)

// In data without its own test part, a tenth of the examples tests and a tenth validates. Otherwise the book's share validates: the last sixth of
// the training examples, at most 10,000.
const (
	tenth = 10
	sixth = 6
	most  = 10_000
)

// divide makes the three parts. all has the examples outside the test part, and test is nil if the data has no test part. If the data has a
// validation part, it is the last validation examples of all.
func (d *Data) divide(all Part, test *Part, validation int, o Options) error {
	if test == nil {
		return d.draw(all, o.Seed)
	}
	if validation == 0 {
		validation = min(all.N/sixth, most)
	}
	if validation == 0 {
		return errorf(d.Path, "%d training examples; give at least %d, because the last sixth validates", all.N, sixth)
	}
	d.learn, d.Test = all, *test
	d.cut(all.N - validation)
	return d.checkLearnable()
}

// cut makes a training part of the first n examples, and a validation part of the others.
func (d *Data) cut(n int) { d.Train, d.Validation = d.learn.Slice(0, n), d.learn.Slice(n, d.learn.N) }

// draw divides one set into three parts by the seed.
func (d *Data) draw(all Part, seed uint64) error {
	held := hold(all, seed, tenth, 2)
	order, counts := sorted(held, 3)
	if counts[1] == 0 || counts[2] == 0 {
		return errorf(d.Path, "%d examples are too few to hold out a tenth for validation and a tenth for testing; collect more, or add a test set", all.N)
	}
	all.permute(order)
	d.Drawn = true
	d.learn, d.Test = all.Slice(0, all.N-counts[2]), all.Slice(all.N-counts[2], all.N)
	d.cut(counts[0])
	return nil
}

// drawValidation moves the sixth of all that validates to the end, and returns its size.
func drawValidation(all Part, seed uint64) int {
	held := hold(all, seed, max(sixth, (all.N+most-1)/most), 1)
	order, counts := sorted(held, 2)
	all.permute(order)
	return counts[1]
}

// hold says which examples are held out: for each part, numbered from 1, every n-th example of each class, in an order that depends only on the
// seed and the example's place. The first of a class is always for training.
func hold(all Part, seed uint64, n, parts int) []int8 {
	class := func(i int32) int {
		if all.Labels == nil {
			return 0
		}
		return all.Labels[i]
	}
	order := make([]int32, all.N)
	for i := range order {
		order[i] = int32(i)
	}
	key := func(i int32) uint64 { return mix(mix(seed) + uint64(i)) }
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(class(a), class(b)), cmp.Compare(key(a), key(b)))
	})
	held := make([]int8, all.N)
	for k, i := range order {
		if k > 0 && class(order[k-1]) == class(i) {
			if place := k % n; place%(n/parts) == n/parts-1 && place/(n/parts) < parts {
				held[i] = int8(1 + place/(n/parts))
			}
		}
	}
	return held
}

// sorted is the numbers of the examples by part, in order within each part, and the size of each part.
func sorted(part []int8, parts int) (order []int32, counts []int) {
	order, counts = make([]int32, 0, len(part)), make([]int, parts)
	for p := range counts {
		for i, q := range part {
			if int(q) == p {
				order = append(order, int32(i))
				counts[p]++
			}
		}
	}
	return order, counts
}

// mix is the finalizer of SplitMix64, which maps different numbers to different numbers.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// permute reorders the examples in place: example order[i] becomes example i.
func (p Part) permute(order []int32) {
	permute(p.Pixels, order)
	permute(p.X, order)
	permute(p.Labels, order)
	permute(p.Y, order)
}

// permute follows each cycle of the permutation, and holds one row while it does.
func permute[T any](rows []T, order []int32) {
	if len(rows) == 0 {
		return
	}
	size := len(rows) / len(order)
	row := func(i int32) []T { return rows[int(i)*size : (int(i)+1)*size] }
	hand, moved := make([]T, size), make([]bool, len(order))
	for start := range order {
		if moved[start] {
			continue
		}
		copy(hand, row(int32(start)))
		at := int32(start)
		for from := order[at]; int(from) != start; at, from = from, order[from] {
			copy(row(at), row(from))
			moved[at] = true
		}
		copy(row(at), hand)
		moved[at] = true
	}
}

// checkLearnable reports a class that no training example has.
func (d *Data) checkLearnable() error {
	learned := d.Train.Counts(len(d.Schema.Classes))
	for _, part := range []struct {
		name string
		Part
	}{{"validation", d.Validation}, {"test", d.Test}} {
		for i, l := range part.Labels {
			if l >= len(learned) {
				return errorf(d.Path, "label %d of %s example %d is beyond the %d classes of the training examples; shuffle or correct the data",
					l, part.name, i, len(learned))
			}
			if learned[l] == 0 {
				return errorf(d.Path, "class %s of %s example %d does not occur among the training examples; shuffle or correct the data",
					d.Schema.Classes[l], part.name, i)
			}
		}
	}
	return nil
}
