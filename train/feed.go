package train

import (
	"errors"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/team"
)

// A feed prepares mini-batches of warped images: the next one while the network trains on the current one.
type feed struct {
	plain      minibatch
	images     imagebatch
	workspaces []workspace // one for each processor
	ready      warped
	spare      warped // its memory holds the next mini-batch
	finish     func() // prepares the rest of ready
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

// LoadColumns copies the pixels from ≤ j < to of each image.
func (b *warped) LoadColumns(x []float32, from, to int) {
	n := len(b.x) / b.Len()
	for at := 0; at < len(b.x); at += n {
		copy(x[at+from:at+to], b.x[at+from:])
	}
}

// A workspace is what one processor needs to warp images.
type workspace struct {
	*Warper
	grid Grid
}

// makeWorkspaces makes a workspace for each processor.
func (t *Trainer) makeWorkspaces() error {
	if _, ok := t.Train.(Images); !ok {
		return errors.New("only Images can be warped; set no Warp for other data")
	}
	t.feed = feed{workspaces: make([]workspace, t.Net.Processors())}
	for i := range t.feed.workspaces {
		w, err := NewWarper(t.Net.Input)
		if err != nil {
			return err
		}
		t.feed.workspaces[i].Warper = w
	}
	return nil
}

// gather returns a mini-batch of the current epoch. If images are warped, it waits until they are ready and starts on the next mini-batch.
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

// sourceOf returns a mini-batch as it is in the data, without warping.
func (t *Trainer) sourceOf(number int) graph.Source {
	f := &t.feed
	if d, ok := t.Train.(Images); ok {
		f.images = imagebatch{d, t.numbers(number), t.place(number)}
		return &f.images
	}
	f.plain = minibatch{t.Train, t.numbers(number), t.place(number)}
	return &f.plain
}

// numbers returns the numbers of the examples in a mini-batch, or in this process's part of it.
func (t *Trainer) numbers(number int) []int32 {
	from, n := number*t.part(t.Batch), t.part(t.examples(number))
	return t.order[from : from+n]
}

// examples returns how many examples a mini-batch has.
func (t *Trainer) examples(number int) int { return min(t.Batch, t.Train.Len()-number*t.Batch) }

// begin lets idle processors warp the images of a mini-batch.
func (t *Trainer) begin(number int) {
	f, n := &t.feed, t.Net.Input.TotalSize()
	b := &f.ready
	b.imagebatch = imagebatch{t.Train.(Images), t.numbers(number), t.place(number)}
	if len(b.x) != b.Len()*n {
		b.x = make([]float32, b.Len()*n)
	}
	x, pixels, order, epoch := b.x, b.Pixels, b.order, t.state.Epoch
	f.finish = team.Background(b.Len(), t.Net.Processors(), func(member, i int) {
		space, o := &f.workspaces[member], int(order[i])
		t.Warp(epoch, o, &space.grid)
		space.Warp(x[i*n:(i+1)*n], pixels[o*n:(o+1)*n], &space.grid)
	})
}

// stop waits for the work on a mini-batch that will not be trained on now.
func (f *feed) stop() {
	if f.finish != nil {
		f.finish()
		f.finish = nil
	}
}
