package dataset

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/internal/term"
)

// Examples reads examples to predict from: the rows of a table, or an array of a .npz file. They need no targets.
func (s *Schema) Examples(path string, o Options) (Part, error) {
	if strings.ToLower(filepath.Ext(path)) == ".npz" {
		return s.arrays(path)
	}
	return s.Rows(path, o)
}

// inputNames are the names of the array that is read from a .npz file with several.
var inputNames = []string{"x", "x_test", "test_images", "images", "inputs"}

// arrays reads the inputs in a .npz file.
func (s *Schema) arrays(path string) (Part, error) {
	if s.Kind == Table {
		return Part{}, errorf(path, "the network was trained on a table; give a .csv file with the columns %s", term.OneOf(s.ColumnNames()))
	}
	f, info, err := intake.OpenFile("", path, os.O_RDONLY)
	if err != nil {
		return Part{}, err
	}
	defer f.Close()
	n := &numpy{path: path, in: f, total: info.Size()}
	if n.File, err = npz.Open(n, info.Size(), path); err != nil {
		return Part{}, err
	}
	name := ""
	for _, known := range inputNames {
		if name == "" {
			name = n.find(known)
		}
	}
	if names := n.Names(); name == "" && len(names) == 1 {
		name = names[0]
	}
	if name == "" {
		return Part{}, errorf(path, "the arrays are %s; rename the one to predict from to x", strings.Join(n.Names(), ", "))
	}
	a, err := n.inputs(name)
	if err != nil {
		return Part{}, err
	}
	d := Data{Path: path}
	p, err := d.inputs(&a)
	if err != nil {
		return p, err
	}
	if !slices.Equal(p.shape, s.Input) || s.Bytes != (p.Pixels != nil) {
		return p, errorf(path, "%s has examples of shape %v, but the network was trained on %s of shape %v, or only one of them has bytes; give similar data",
			name, p.shape, s.Kind, s.Input)
	}
	s.scale(p.X)
	return p, nil
}

// ColumnNames are the names in the first line of a table.
func ColumnNames(path string) ([]string, error) {
	s, err := openSheet(path, nil)
	if err != nil {
		return nil, err
	}
	s.close()
	return s.names, nil
}

// ColumnNames are the names of a table's input columns.
func (s *Schema) ColumnNames() []string {
	var names []string
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	return names
}

// Raw makes an example from raw values. For a table they are a number or a text for each column, or nil if it is missing. Otherwise they are a
// number for each input. They are standardized like the training data.
func (s *Schema) Raw(values []any) ([]float32, error) {
	if s.Kind == Table {
		return s.rawRow(values)
	}
	x := make([]float32, len(values))
	for i, v := range values {
		n, ok := v.(float64)
		if !ok {
			return nil, fmt.Errorf("x: value %d is %s; use numbers", i, spelled(v))
		}
		x[i] = float32(n)
	}
	inputs := 1
	for _, d := range s.Input {
		inputs *= d
	}
	if len(x) != inputs {
		return nil, fmt.Errorf("x has %d numbers; give %d, which the network takes", len(x), inputs)
	}
	s.scale(x)
	return x, nil
}

// rawRow makes an example from a table's row.
func (s *Schema) rawRow(values []any) ([]float32, error) {
	if len(values) != len(s.Columns) {
		return nil, fmt.Errorf("x has %d values; give %d: %s", len(values), len(s.Columns), strings.Join(s.ColumnNames(), ", "))
	}
	x, at := make([]float32, s.Input[0]), 0
	for k := range s.Columns {
		c := &s.Columns[k]
		if err := c.raw(x[at:at+c.width()], values[k]); err != nil {
			return nil, fmt.Errorf("x: column %s: %w", c.Name, err)
		}
		at += c.width()
	}
	s.finish(x)
	return x, nil
}

// raw writes the inputs of a value.
func (c *Column) raw(x []float32, v any) error {
	text, isText := v.(string)
	n, isNumber := v.(float64)
	if isText && c.Texts == nil {
		n, isNumber = number(text)
	}
	switch i := slices.Index(c.Texts, text); {
	case isText && i >= 0:
		x[i] = 1
	case isNumber && c.Texts == nil && math.Abs(n) <= math.MaxFloat32:
		x[0] = float32(n - c.Base)
	case v == nil && c.Fill != nil:
		for i := range x {
			x[i] = float32(math.NaN())
		}
	case c.Texts != nil:
		return fmt.Errorf("%s; use %s", spelled(v), term.OneOf(short(c.Texts)))
	default:
		return fmt.Errorf("%s; use a number", spelled(v))
	}
	return nil
}

// spelled is a value as JSON.
func spelled(v any) string {
	text, _ := json.Marshal(v) // the value came from JSON
	return string(text)
}
