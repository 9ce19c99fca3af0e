package train

// A feed makes mini-batches of warped images: the next one while the network trains on the present one.
type feed struct {
	hands  []hand // by the processor's number
	ready  minibatch
	spare  minibatch // whose memory is that of the next one
	finish func()    // makes what is left of ready
}

// A minibatch is the images of a part of an epoch's order, and their labels.
type minibatch struct {
	x      []float32
	labels []byte
}

// A hand is what a processor needs to warp images.
type hand struct {
	*Warper
	grid Grid
}

// hire makes hands for all processors.
func (t *Trainer) hire() error {
	t.feed = feed{hands: make([]hand, t.Net.Members())}
	for i := range t.feed.hands {
		w, err := NewWarper(t.Net.Input)
		if err != nil {
			return err
		}
		t.feed.hands[i].Warper = w
	}
	return nil
}

// gather collects a mini-batch of the present epoch: its images, warped for the epoch, and their labels.
func (t *Trainer) gather(number int) ([]float32, []byte) {
	f := &t.feed
	if t.Warp == nil {
		t.size(&f.ready, number, t.Net.Buffer)
		t.Net.Gather(f.ready.x, t.Train.Images, t.images(number))
		return f.ready.x, f.ready.labels
	}
	if f.finish == nil {
		t.begin(number)
	}
	f.finish()
	now := f.ready
	f.ready, f.spare, f.finish = f.spare, now, nil
	if number+1 < t.batches() {
		t.begin(number + 1)
	}
	return now.x, now.labels
}

// images are the numbers of those of a mini-batch.
func (t *Trainer) images(number int) []int32 {
	from := number * t.Batch
	return t.order[from:min(from+t.Batch, t.Train.Len())]
}

// size makes b as large as a mini-batch, with memory for its images from buffer, and sets its labels.
func (t *Trainer) size(b *minibatch, number int, buffer func(images int) []float32) {
	order := t.images(number)
	if len(b.labels) != len(order) {
		b.x, b.labels = buffer(len(order)), make([]byte, len(order))
	}
	for i, o := range order {
		b.labels[i] = t.Train.Labels[o]
	}
}

// begin has a mini-batch warped by processors that have nothing else to do.
func (t *Trainer) begin(number int) {
	f, n := &t.feed, t.Net.Input.TotalSize()
	t.size(&f.ready, number, func(images int) []float32 { return make([]float32, images*n) }) // The network reads its own at this time.
	x, order, epoch := f.ready.x, t.images(number), t.state.Epoch
	f.finish = t.Net.Aside(len(order), func(member, i int) {
		hand, o := &f.hands[member], int(order[i])
		t.Warp(epoch, o, &hand.grid)
		hand.Warp(x[i*n:(i+1)*n], t.Train.Images[o*n:(o+1)*n], &hand.grid)
	})
}

// stop ends the work on a mini-batch that is not trained on now.
func (f *feed) stop() {
	if f.finish != nil {
		f.finish()
		f.finish = nil
	}
}
