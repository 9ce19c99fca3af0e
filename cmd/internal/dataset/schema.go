package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Schema is everything that a network must know about its data: what an example is, how it is prepared, and what the outputs mean. A run keeps
// it as JSON, so that preparation can be repeated bit for bit.
type Schema struct {
	Kind     string   `json:"kind"`               // digits, images, pictures or table
	Input    []int    `json:"input"`              // the shape of an example: (inputs) of a table, (channels, rows, columns) of images
	Bytes    bool     `json:"bytes,omitempty"`    // inputs are byte/256
	Columns  []Column `json:"columns,omitempty"`  // of a table, without the targets
	Channels []Scale  `json:"channels,omitempty"` // for numbers other than a table's, which are standardized channel by channel
	Classes  []string `json:"classes,omitempty"`  // the names of classes, in the order of the outputs; nil: the targets are numbers
	Targets  []string `json:"targets,omitempty"`  // the names of what is predicted, in the order of the outputs; a single name for classes
	Outputs  []Scale  `json:"outputs,omitempty"`  // how numbers to predict are scaled
}

// Scale is how a number x becomes a network's input: (x-Mean)/Deviation.
type Scale struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
}

// Column is an input column of a table. It has numbers, or texts: each different text has an input, which is 1 in rows with that text and 0
// in others.
type Column struct {
	Name  string    `json:"name"`
	Texts []string  `json:"texts,omitempty"` // in the order of the inputs; nil: numbers
	Base  float64   `json:"base,omitempty"`  // subtracted from numbers before they are rounded to float32
	Scale Scale     `json:"scale"`           // applied after that
	Fill  []float32 `json:"fill,omitempty"`  // the inputs for a missing cell; nil: a missing cell is an error
}

// Kinds of data.
const (
	Digits   = "digits"   // MNIST's layout, 28×28: pictures to predict from are framed like MNIST's
	Images   = "images"   // other numbers or bytes, from IDX and NumPy files
	Pictures = "pictures" // PNG and JPEG files
	Table    = "table"    // a CSV file
)

// UnmarshalJSON reads the schema of a run. A schema that no data can have is an error.
func (s *Schema) UnmarshalJSON(text []byte) error {
	type plain Schema
	var p plain // a new value, because Unmarshal would keep old fields that the text does not have
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	*s = Schema(p)
	if err := s.check(); err != nil {
		return fmt.Errorf("schema of the data: %w; train again, or use another copy of the run", err)
	}
	return nil
}

func (s *Schema) check() error {
	size := 1
	for _, d := range s.Input {
		if d < 1 || d > math.MaxInt32/size {
			return fmt.Errorf("input of shape %v", s.Input)
		}
		size *= d
	}
	scales := slices.Concat(s.Channels, s.Outputs)
	inputs, filled := 0, 0
	for _, c := range s.Columns {
		if c.Fill != nil {
			filled++
		}
		if c.Fill != nil && len(c.Fill) != c.width() || c.Texts != nil && len(c.Texts) == 0 {
			return fmt.Errorf("column %q has %d texts and %d numbers to fill in", c.Name, len(c.Texts), len(c.Fill))
		}
		scales = append(scales, c.Scale)
		inputs += c.width()
	}
	switch {
	case !slices.Contains([]string{Digits, Images, Pictures, Table}, s.Kind):
		return fmt.Errorf("unknown kind %q", s.Kind)
	case len(s.Input) != 1 && len(s.Input) != 3:
		return fmt.Errorf("input of shape %v", s.Input)
	case (s.Kind == Table) != (inputs > 0), inputs > 0 && inputs != size, filled > 0 && filled < len(s.Columns):
		return fmt.Errorf("%d columns of %d inputs, %d of them filled in, for %s of shape %v", len(s.Columns), inputs, filled, s.Kind, s.Input)
	case len(s.Channels) > 0 && (len(s.Channels) != s.Input[0] || s.Bytes || s.Kind == Table):
		return fmt.Errorf("%d scales for %s of shape %v", len(s.Channels), s.Kind, s.Input)
	case s.Bytes && s.Kind == Table:
		return errors.New("a table of bytes")
	case len(s.Targets) == 0 || s.Classes != nil && (len(s.Classes) == 0 || len(s.Targets) != 1):
		return fmt.Errorf("%d targets of %d classes", len(s.Targets), len(s.Classes))
	case len(s.Outputs) > 0 && (len(s.Outputs) != len(s.Targets) || s.Classes != nil):
		return fmt.Errorf("%d scales of %d targets", len(s.Outputs), len(s.Targets))
	}
	for _, c := range scales {
		if c.Deviation == 0 {
			return errors.New("a deviation of 0")
		}
	}
	return nil
}
