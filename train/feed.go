package train

// gather collects a mini-batch: the training images of these numbers, warped for the present epoch, and their labels.
func (t *Trainer) gather(order []int32) ([]float32, []byte) {
	if len(t.label) != len(order) {
		t.x, t.label = t.Net.Buffer(len(order)), make([]byte, len(order))
	}
	for i, o := range order {
		t.label[i] = t.Train.Labels[o]
	}
	if t.Warp == nil {
		t.Net.Gather(t.x, t.Train.Images, order)
		return t.x, t.label
	}
	n, share := t.Net.Input.TotalSize(), (len(order)+len(t.hands)-1)/len(t.hands)
	t.Net.Parallel(len(t.hands), func(h int) {
		hand := &t.hands[h]
		for i := h * share; i < min(len(order), (h+1)*share); i++ {
			o := int(order[i])
			t.Warp(t.state.Epoch, o, &hand.grid)
			hand.Warp(t.x[i*n:(i+1)*n], t.Train.Images[o*n:(o+1)*n], &hand.grid)
		}
	})
	return t.x, t.label
}

// A hand warps its share of every mini-batch.
type hand struct {
	*Warper
	grid Grid
}

// hired is the number of hands: some for each processor, so that one that comes late holds up little.
const hired = 8

func (t *Trainer) hire() error {
	t.hands = make([]hand, hired)
	for i := range t.hands {
		w, err := NewWarper(t.Net.Input)
		if err != nil {
			return err
		}
		t.hands[i].Warper = w
	}
	return nil
}
