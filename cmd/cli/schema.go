package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
)

// schemaOf says how a run's data was prepared for its network; nil for an old run, which did not record that.
func schemaOf(r *rundir.Run) (*dataset.Schema, error) {
	text, err := r.DataJSON()
	if err != nil {
		return nil, dataf("%w", err)
	}
	if text == nil {
		return nil, nil
	}
	path := filepath.Join(r.Path(), "data.json")
	var s dataset.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, dataf("%s: %w: %w", path, rundir.ErrDamaged, err)
	}
	return &s, nil
}

// digitSchema is the schema of a network for images of bytes, like MNIST's.
func digitSchema(n *graph.Net) *dataset.Schema {
	s := &dataset.Schema{Kind: dataset.Images, Input: n.Input, Bytes: true, Targets: []string{"class"}}
	if n.Input.Eq(graph.Shape{1, 28, 28}) {
		s.Kind = dataset.Digits
	}
	for c := range n.Outputs {
		s.Classes = append(s.Classes, strconv.Itoa(c))
	}
	return s
}

// checkOutputs is an error if a network's last layer does not fit the targets.
func checkOutputs(model string, n *graph.Net, d *dataset.Data) error {
	classes, steps := len(d.Schema.Classes), max(1, n.Sequence)
	wanted, what := classes, plural(classes, "class", "classes")
	if classes == 0 {
		wanted = len(d.Schema.Targets)
		what = plural(wanted, "number", "numbers") + " to predict"
	}
	if n.Targets == 0 || n.Targets == wanted*steps {
		return nil
	}
	if d.Placed() && n.Targets < classes {
		return d.CheckLabels(n.Targets)
	}
	fix := fmt.Sprintf("end with dense(%d)", wanted)
	if sizes := strings.Split(model, "-"); !strings.ContainsFunc(model, unicode.IsLetter) { // a network as the book writes it
		if len(sizes) > 2 {
			sizes = sizes[:len(sizes)-1]
		}
		fix += fmt.Sprintf(", as in %s-%d", strings.Join(sizes, "-"), wanted)
	}
	if classes == 0 && wanted == 1 && n.Loss == graph.MSE {
		fix += "; if the numbers are classes, add --loss log-likelihood"
	}
	return usagef("model %s: %s, but data %s has %s; %s", model, plural(n.Targets, "output", "outputs"), d.Name, what, fix)
}

// checkTargets is an error if there is nothing to learn.
func checkTargets(d *dataset.Data) error {
	if s := d.Schema; d.Path != "" && len(s.Classes) == 1 {
		return dataf("%s: %s is always %s, so there is nothing to learn; add examples of another class", d.Path, s.Targets[0], s.Classes[0])
	}
	return nil
}

// noun is the word for examples of the data.
func noun(d *dataset.Data) string {
	if len(d.Schema.Input) == 3 {
		return "images"
	}
	return "rows"
}

// unit is the unit of a training's speed.
func unit(d *dataset.Data) string {
	if noun(d) == "images" {
		return "img/s"
	}
	return "rows/s"
}

// className is the name of a class, or its number if the network has more classes than the data; – means no class.
func className(names []string, class int) string {
	switch {
	case class < 0:
		return "–"
	case class < len(names):
		return names[class]
	}
	return strconv.Itoa(class)
}

// numbered reports whether the names of classes are only their numbers.
func numbered(names []string) bool {
	for i, name := range names {
		if name != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

// about describes what the network learns from.
func about(s *dataset.Schema) string {
	var what string
	switch {
	case s.Classes == nil:
		what = strings.Join(s.Targets, ", ")
	case numbered(s.Classes):
		what = plural(len(s.Classes), "class", "classes")
	default:
		what = fmt.Sprintf("%s: %s", plural(len(s.Classes), "class", "classes"), some(s.Classes))
	}
	text := what + ", from " + examplesOf(s.Input)
	if s.Kind == dataset.Table {
		text = what + ", from " + plural(len(s.Columns), "column", "columns")
		if n := s.Input[0]; n != len(s.Columns) {
			text += fmt.Sprintf(" as %d inputs", n)
		}
	}
	return text + ", " + treatment(s)
}

// treatment says how the inputs were prepared.
func treatment(s *dataset.Schema) string {
	switch {
	case s.Bytes:
		return "bytes/256"
	case s.Standardized():
		return "standardized"
	}
	return "as they are"
}

// some is the first few of many names.
func some(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + ", …"
}
