package train

import (
	"errors"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/team"
)

// A feed makes mini-batches of warped images: the next one while the network trains on the present one.
type feed struct {
	plain  minibatch
	images imagebatch
	hands  []hand // by the processor's number
	ready  warped
	spare  warped // whose memory is that of the next one
	finish func() // makes what is left of ready
}

// warped is a mini-batch of warped images.
type warped struct {
	x []float32
	imagebatch
}

func (b *warped) Load(x, y []float32) {
	copy(x, b.x)
	b.LoadTargets(y)
}

// LoadColumns copies a part of each image.
func (b *warped) LoadColumns(x []float32, from, to int) {
	n := len(b.x) / b.Len()
	for at := 0; at < len(b.x); at += n {
		copy(x[at+from:at+to], b.x[at+from:])
	}
}

// A hand is what a processor needs to warp images.
type hand struct {
	*Warper
	grid Grid
}

// hire makes hands for all processors.
func (t *Trainer) hire() error {
	if _, ok := t.Train.(Images); !ok {
		return errors.New("only Images can be warped; leave Warp out for other data")
	}
	t.feed = feed{hands: make([]hand, t.Net.Processors())}
	for i := range t.feed.hands {
		w, err := NewWarper(t.Net.Input)
		if err != nil {
			return err
		}
		t.feed.hands[i].Warper = w
	}
	return nil
}

// gather is a mini-batch of the present epoch, its images warped for the epoch.
func (t *Trainer) gather(number int) graph.Source {
	f := &t.feed
	if t.Warp == nil {
		return t.sourceOf(number)
	}
	if f.finish == nil {
		t.begin(number)
	}
	f.finish()
	f.ready, f.spare, f.finish = f.spare, f.ready, nil
	if number+1 < t.batches() {
		t.begin(number + 1)
	}
	return &f.spare
}

// sourceOf is a mini-batch as it stands in the data.
func (t *Trainer) sourceOf(number int) graph.Source {
	f := &t.feed
	if d, ok := t.Train.(Images); ok {
		f.images = imagebatch{d, t.numbers(number), t.place(number)}
		return &f.images
	}
	f.plain = minibatch{t.Train, t.numbers(number), t.place(number)}
	return &f.plain
}

// numbers are those of the examples of a mini-batch, or of this one's part of it.
func (t *Trainer) numbers(number int) []int32 {
	from, n := number*t.part(t.Batch), t.part(t.examples(number))
	return t.order[from : from+n]
}

// examples is how many a mini-batch has.
func (t *Trainer) examples(number int) int { return min(t.Batch, t.Train.Len()-number*t.Batch) }

// begin has a mini-batch warped by processors that have nothing else to do.
func (t *Trainer) begin(number int) {
	f, n := &t.feed, t.Net.Input.TotalSize()
	b := &f.ready
	b.imagebatch = imagebatch{t.Train.(Images), t.numbers(number), t.place(number)}
	if len(b.x) != b.Len()*n {
		b.x = make([]float32, b.Len()*n)
	}
	x, pixels, order, epoch := b.x, b.Pixels, b.order, t.state.Epoch
	f.finish = team.Aside(b.Len(), t.Net.Processors(), func(member, i int) {
		hand, o := &f.hands[member], int(order[i])
		t.Warp(epoch, o, &hand.grid)
		hand.Warp(x[i*n:(i+1)*n], pixels[o*n:(o+1)*n], &hand.grid)
	})
}

// stop ends the work on a mini-batch that is not trained on now.
func (f *feed) stop() {
	if f.finish != nil {
		f.finish()
		f.finish = nil
	}
}
