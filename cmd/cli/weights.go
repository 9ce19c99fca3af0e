package cli

import (
	"encoding/binary"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/safetensors"
	"github.com/stheno-ml/stheno/train"
)

// stateKey is the key of the trainer's state, as JSON, in a checkpoint's metadata.
const stateKey = "stheno.state"

// checkpoint is everything that a training needs to continue: its tensors and its state.
func checkpoint(t *train.Trainer) (*safetensors.File, error) {
	state, err := json.Marshal(t.State())
	if err != nil {
		return nil, err
	}
	f := &safetensors.File{Metadata: map[string]string{stateKey: string(state)}}
	for _, x := range t.Tensors() {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: x.Name, Shape: x.Shape, Data: x.Data})
	}
	return f, nil
}

// restore sets a trainer back to a checkpoint.
func restore(t *train.Trainer, s *rundir.Snapshot) error {
	for _, x := range t.Tensors() {
		if err := fill(x.Data, s, x.Name, x.Shape); err != nil {
			return err
		}
	}
	state, err := stateOf(s)
	if err != nil {
		return err
	}
	if err := t.Restore(state); err != nil {
		return dataf("%s: %w", s.Path, err)
	}
	return nil
}

// largest is the most bytes that a checkpoint of the network can have: its numbers, their average, an optimizer's state, and the header. A
// larger file belongs to another network.
func largest(n *graph.Net) int64 {
	const header, copies = 2 << 20, 5
	bytes := 0
	for _, p := range n.Tensors() {
		bytes += binary.Size(p.Data)
	}
	return header + copies*int64(bytes)
}

// restoreWeights copies a checkpoint's parameters and running statistics into a network.
func restoreWeights(n *graph.Net, s *rundir.Snapshot) error {
	for _, p := range n.Tensors() {
		if err := fill(p.Data, s, p.Name, p.Shape); err != nil {
			return err
		}
	}
	return nil
}

// fill copies the tensor of that name into memory of its shape.
func fill(memory any, s *rundir.Snapshot, name string, shape []int) error {
	i := slices.IndexFunc(s.File.Tensors, func(t safetensors.Tensor) bool { return t.Name == name })
	if i < 0 {
		return dataf("%s: tensor %q is missing; the run's model.toml describes another model", s.Path, name)
	}
	from := s.File.Tensors[i]
	if !slices.Equal(from.Shape, shape) || reflect.TypeOf(from.Data) != reflect.TypeOf(memory) {
		return dataf("%s: tensor %q is a %T of shape %v, not a %T of shape %v; the run's model.toml describes another model",
			s.Path, name, from.Data, from.Shape, memory, shape)
	}
	reflect.Copy(reflect.ValueOf(memory), reflect.ValueOf(from.Data))
	return nil
}

// stateOf is the trainer's state in a checkpoint.
func stateOf(s *rundir.Snapshot) (train.State, error) {
	var state train.State
	if err := json.Unmarshal([]byte(s.File.Metadata[stateKey]), &state); err != nil {
		return state, dataf("%s: metadata %q: %w", s.Path, stateKey, err)
	}
	return state, nil
}
