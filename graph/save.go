package graph

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/internal/safetensors"
)

// Save writes the parameters, running statistics and frozen parameters, by name, as a safetensors file.
func (n *Net) Save(w io.Writer) error {
	var f safetensors.File
	for _, p := range n.Tensors() {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Data})
	}
	if err := safetensors.Write(w, &f); err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	return nil
}

// Load reads all of the network's tensors by name from a safetensors file, which [Net.Save] wrote or which is a training's checkpoint. The file
// may contain more. Errors list what is missing or has the wrong shape, and then the network is unchanged.
func (n *Net) Load(r io.Reader) error {
	return n.LoadSome(r, func(string) bool { return true })
}

// LoadSome loads only the tensors for which keep returns true and leaves the others as they are. Use it to take the first layers from another
// training. keep must select at least one tensor.
func (n *Net) LoadSome(r io.Reader, keep func(name string) bool) error {
	wanted := slices.DeleteFunc(n.Tensors(), func(p *Param) bool { return !keep(p.Name) })
	if len(wanted) == 0 {
		return fmt.Errorf("graph: keep selects no tensor; the network has %s", listed(n.Tensors()))
	}
	f, err := n.read(r)
	if err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	found := make([]any, len(wanted))
	var faults []string
	for i, p := range wanted {
		at := slices.IndexFunc(f.Tensors, func(t safetensors.Tensor) bool { return t.Name == p.Name })
		switch {
		case at < 0:
			faults = append(faults, fmt.Sprintf("%s %v is missing", p.Name, p.Shape))
		case !slices.Equal(f.Tensors[at].Shape, []int(p.Shape)):
			faults = append(faults, fmt.Sprintf("%s is %v, not %v", p.Name, Shape(f.Tensors[at].Shape), p.Shape))
		case whole(f.Tensors[at].Data):
			faults = append(faults, fmt.Sprintf("%s holds whole numbers", p.Name))
		default:
			found[i] = f.Tensors[at].Data
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("graph: the file does not belong to this network: %s; load one saved by a network with the same layers", strings.Join(faults, ", "))
	}
	for i, p := range wanted {
		convert(p.Data, found[i])
	}
	return nil
}

// whole reports whether a tensor holds whole numbers, which no parameter does.
func whole(data any) bool {
	_, ok := data.([]int64)
	return ok
}

// listed returns the names and shapes of parameters.
func listed(params []*Param) string {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = fmt.Sprint(p.Name, " ", p.Shape)
	}
	return strings.Join(names, ", ")
}

// read reads a file of at most the size that this network's can have: its tensors in float64, what an optimizer keeps, and a header.
func (n *Net) read(r io.Reader) (*safetensors.File, error) {
	most := int64(8*8*length(n.Tensors()) + 1<<20)
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, errors.New("the file is larger than any of this network's; load one saved by a network with the same layers")
	}
	return safetensors.Read(bytes.NewReader(text), int64(len(text)), "weights")
}
