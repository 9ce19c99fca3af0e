package train

import (
	"math/rand/v2"
	"slices"
)

// Order returns the order of n examples in an epoch, a permutation that depends on the seed and the epoch. If there are labels, each mini-batch is
// then sorted by label. This changes the results only by rounding and saves time: images of one digit share many pixels, and products with
// sparse inputs visit the pixels of several images at once.
func Order(n int, labels []byte, batch int, seed uint64, epoch int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	r := rand.New(rand.NewPCG(seed, uint64(epoch)))
	for i := len(order) - 1; i > 0; i-- { // rand.Shuffle with the swap inlined
		j := r.Uint64N(uint64(i + 1))
		order[i], order[j] = order[j], order[i]
	}
	if labels != nil {
		for part := range slices.Chunk(order, batch) {
			group(part, labels)
		}
	}
	return order
}

// labels returns the labels of Images, and nil for other data.
func labels(d Data) []byte {
	if d, ok := d.(Images); ok {
		return d.Labels
	}
	return nil
}

// group sorts images by label, in place, by counting the images of each label.
func group(images []int32, labels []byte) {
	var next, end [256]int32 // by label: where the next image goes, and where the label's images end
	top := byte(0)
	for _, o := range images {
		end[labels[o]]++
		top = max(top, labels[o])
	}
	at := int32(0)
	for l := range int(top) + 1 {
		next[l] = at
		at += end[l]
		end[l] = at
	}
	for l := range int(top) + 1 {
		for next[l] < end[l] {
			from := next[l]
			to := &next[labels[images[from]]]
			images[from], images[*to] = images[*to], images[from]
			*to++
		}
	}
}
