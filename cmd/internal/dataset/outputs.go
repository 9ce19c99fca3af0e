package dataset

import "fmt"

// standardizeTargets scales numbers to predict to mean 0 and deviation 1 in the training part, or as a run's schema says. So a network learns
// them in any unit, and [Schema.Restore] converts its outputs back.
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

// scaleTargets scales targets, row by row, for a network.
func (s *Schema) scaleTargets(y []float32) {
	if len(s.Outputs) == 0 {
		return
	}
	for i, v := range y {
		y[i] = s.Outputs[i%len(s.Outputs)].of(v)
	}
}

// Restore converts a network's predictions, row by row, to the unit of the data.
func (s *Schema) Restore(y []float32) {
	if len(s.Outputs) == 0 {
		return
	}
	for i, v := range y {
		o := s.Outputs[i%len(s.Outputs)]
		y[i] = float32(float64(float64(v)*o.Deviation) + o.Mean)
	}
}

// Standardized reports whether inputs are scaled to mean 0 and deviation 1.
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

// InputNames are the names of a table's inputs: column, or column=text if a column has an input for each text. A number that is subtracted
// first follows the name.
func (s *Schema) InputNames() []string {
	var names []string
	for _, c := range s.Columns {
		switch {
		case c.Texts == nil && c.Base != 0:
			names = append(names, fmt.Sprintf("%s less %v", c.Name, c.Base))
		case c.Texts == nil:
			names = append(names, c.Name)
		default:
			for _, text := range c.Texts {
				names = append(names, c.Name+"="+text)
			}
		}
	}
	return names
}

// InputScales are the mean and the deviation of each input of a table, or of each channel, and the values for missing inputs; nil if inputs are
// not scaled.
func (s *Schema) InputScales() (mean, deviation, fill []float64) {
	if !s.Standardized() {
		return nil, nil, nil
	}
	for _, c := range s.Channels {
		mean, deviation = append(mean, c.Mean), append(deviation, c.Deviation)
	}
	for _, c := range s.Columns {
		for j := range c.width() {
			mean, deviation = append(mean, c.Scale.Mean), append(deviation, c.Scale.Deviation)
			if c.Fill != nil {
				fill = append(fill, float64(c.Fill[j]))
			}
		}
	}
	return mean, deviation, fill
}
