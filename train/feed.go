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
	n := t.Net.Input.TotalSize()
	for i, o := range order {
		t.Warp(t.state.Epoch, int(o), &t.grid)
		t.warper.Warp(t.x[i*n:(i+1)*n], t.Train.Images[int(o)*n:(int(o)+1)*n], &t.grid)
	}
	return t.x, t.label
}
