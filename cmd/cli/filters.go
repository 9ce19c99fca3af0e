package cli

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/stheno-ml/stheno/cmd/internal/plot"
	"github.com/stheno-ml/stheno/graph"
)

// plotFilters draws the filters of a run's first layer, up to a number of them.
func (a *app) plotFilters(output, runs, name string, most int) error {
	t, err := a.measurable(runs, name)
	if err != nil {
		return err
	}
	filters, size := firstFilters(t.net)
	if filters == nil {
		p := t.net.Params[0]
		return usagef("%s: the first parameters, %s of shape %s, do not weigh pixels; use a run whose first layer is conv or dense",
			t.path, p.Name, shape(p.Shape))
	}
	number := fmt.Sprint(len(filters))
	if len(filters) > most {
		number = fmt.Sprintf("the first %d of %s", most, number)
		filters = filters[:most]
	}
	title := fmt.Sprintf("%s: %s filters of %s in %s", filepath.Base(t.path), number, shape(size), t.net.Params[0].Name)
	if err := plot.Weights(output, title, size[1], filters); err != nil {
		return err
	}
	return a.wrote(output)
}

// firstFilters are the weights of the first layer that has any, each filter as a matrix of the size that is returned. There are none if these
// are not weights of the image's pixels.
func firstFilters(n *graph.Net) (filters [][]float64, size graph.Shape) {
	p := n.Params[0]
	w := p.Float64s()
	switch {
	case len(n.Input) == 3 && len(p.Shape) == 4: // a convolution: (out, channels, rows, columns)
		size = p.Shape[2:]
	case len(n.Input) == 3 && len(p.Shape) == 2 && p.Shape[0] == n.Input.TotalSize(): // a dense layer: (channels × rows × columns, out)
		size = n.Input[1:]
		w = turned(w, p.Shape[0])
	default:
		return nil, nil
	}
	return slices.Collect(slices.Chunk(w, size.TotalSize())), size
}
