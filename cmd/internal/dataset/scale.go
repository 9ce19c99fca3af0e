package dataset

import "math"

// standardize scales the inputs of all parts to mean 0 and deviation 1 in the training part, or as a run's schema says. Each index of the first
// axis, a column or a channel, has its own scale.
func (d *Data) standardize(o Options) {
	s := &d.Schema
	if o.Schema != nil {
		s.Channels = o.Schema.Channels
	} else if !o.Unscaled {
		s.Channels = scales(d.Train, s.Input[0])
	}
	for _, p := range []Part{d.Train, d.Validation, d.Test} {
		s.scale(p.X)
	}
}

// scales is the scale of each channel of p.
func scales(p Part, channels int) []Scale {
	size := p.inputs() / channels
	list := make([]Scale, channels)
	for c := range list {
		list[c] = scaleOf(func(yield func(float32) bool) {
			for i := range p.N {
				for _, x := range p.X[(i*channels+c)*size : (i*channels+c+1)*size] {
					if !yield(x) {
						return
					}
				}
			}
		})
	}
	return list
}

// scaleOf is the mean and the deviation of numbers, summed as float64 in their order. If all numbers are the same, the deviation is 1, so that
// they become 0.
func scaleOf(numbers func(yield func(float32) bool)) Scale {
	n, sum := 0, 0.0
	for x := range numbers {
		n++
		sum += float64(x)
	}
	if n == 0 {
		return Scale{0, 1}
	}
	mean, squares := sum/float64(n), 0.0
	for x := range numbers {
		distance := float64(x) - mean
		squares += float64(distance * distance) // the conversion rounds, so that no machine fuses it with the sum
	}
	deviation := math.Sqrt(squares / float64(n))
	// the mean is rounded, so constants may differ from it in the last places
	if deviation <= 1e-12*math.Abs(mean) || deviation == 0 {
		deviation = 1
	}
	return Scale{mean, deviation}
}

// of is a number after scaling.
func (s Scale) of(x float32) float32 { return float32((float64(x) - s.Mean) / s.Deviation) }

// scale scales whole examples, one after the other, by the schema.
func (s *Schema) scale(x []float32) {
	if len(s.Channels) == 0 {
		return
	}
	size := 1
	for _, d := range s.Input[1:] {
		size *= d
	}
	for i := range x {
		x[i] = s.Channels[i/size%len(s.Channels)].of(x[i])
	}
}
