package dataset

import (
	"fmt"
	"math"
	"slices"
)

// standardizeTargets brings numbers to predict to mean 0 and deviation 1 in the training part, or as the schema of a run says: a network learns those
// whatever their unit is, and [Schema.Restore] takes its outputs back to it.
func (d *Data) standardizeTargets(o Options) {
	s := &d.Schema
	switch {
	case o.Schema != nil:
		s.Outputs = o.Schema.Outputs
	case s.Classes == nil && !o.Unscaled:
		n := len(s.Targets)
		for k := range n {
			s.Outputs = append(s.Outputs, scaleOf(func(yield func(float32) bool) {
				for i := k; i < len(d.Train.Y); i += n {
					if !yield(d.Train.Y[i]) {
						return
					}
				}
			}))
		}
	}
	for _, p := range []Part{d.Train, d.Validation, d.Test} {
		s.scaleTargets(p.Y)
	}
}

// scaleTargets brings targets, row by row, to what a network learns.
func (s *Schema) scaleTargets(y []float32) {
	if len(s.Outputs) == 0 {
		return
	}
	for i, v := range y {
		y[i] = s.Outputs[i%len(s.Outputs)].of(v)
	}
}

// Restore takes numbers that a network predicts, row by row, back to the unit of the data.
func (s *Schema) Restore(y []float32) {
	if len(s.Outputs) == 0 {
		return
	}
	for i, v := range y {
		o := s.Outputs[i%len(s.Outputs)]
		y[i] = float32(float64(float64(v)*o.Deviation) + o.Mean)
	}
}

// Standardized says that inputs are brought to mean 0 and deviation 1.
func (s *Schema) Standardized() bool {
	if len(s.Channels) > 0 {
		return true
	}
	for _, c := range s.Columns {
		if c.Scale != (Scale{0, 1}) {
			return true
		}
	}
	return false
}

// maxInputs is the largest number of inputs, as of a model.
const maxInputs = 1 << 24

// Check reports a schema that no data have, as a damaged file may hold.
func (s *Schema) Check() error {
	inputs := 1
	for _, d := range s.Input {
		if d < 1 || d > maxInputs/inputs {
			return fmt.Errorf("input %v", s.Input)
		}
		inputs *= d
	}
	if len(s.Input) == 0 || len(s.Targets) == 0 || s.Classes != nil && len(s.Targets) > 1 {
		return fmt.Errorf("input %v, %d targets, %d classes", s.Input, len(s.Targets), len(s.Classes))
	}
	if n := len(s.Channels); n != 0 && n != s.Input[0] {
		return fmt.Errorf("%d channels of input %v", n, s.Input)
	}
	if n := len(s.Outputs); n != 0 && (n != len(s.Targets) || s.Classes != nil) {
		return fmt.Errorf("%d outputs for %d targets", n, len(s.Targets))
	}
	scales := slices.Concat(s.Channels, s.Outputs)
	columns := 0
	for _, c := range s.Columns {
		columns += c.width()
		if n := len(c.Fill); n != 0 && n != c.width() || (c.Fill == nil) != (s.Columns[0].Fill == nil) {
			return fmt.Errorf("column %s: %d numbers to fill in", c.Name, n)
		}
		scales = append(scales, c.Scale)
	}
	if s.Kind == Table && (len(s.Input) != 1 || columns != inputs) || s.Kind != Table && columns > 0 {
		return fmt.Errorf("%d columns of input %v", columns, s.Input)
	}
	for _, x := range scales {
		if !(x.Deviation > 0) || math.IsInf(x.Deviation, 0) || math.IsNaN(x.Mean) || math.IsInf(x.Mean, 0) {
			return fmt.Errorf("mean %v, deviation %v", x.Mean, x.Deviation)
		}
	}
	return nil
}
