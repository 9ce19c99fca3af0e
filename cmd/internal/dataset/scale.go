package dataset

import "math"

// standardize brings the inputs of all parts to mean 0 and deviation 1 in the training part, or as the schema of a run says. An input of the first
// axis, which is a column or a channel, has one scale.
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

// scaleOf is the mean and the deviation of numbers, which are summed as float64 in their order. The deviation of numbers that are all the same
// is 1, so that they become 0.
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
		squares += float64(distance * distance) // rounded on machines that could fuse it, too
	}
	deviation := math.Sqrt(squares / float64(n))
	// A mean that is rounded leaves constants a distance of some units in the last place.
	if deviation <= 1e-12*math.Abs(mean) || deviation == 0 {
		deviation = 1
	}
	return Scale{mean, deviation}
}

// of is what a number becomes.
func (s Scale) of(x float32) float32 { return float32((float64(x) - s.Mean) / s.Deviation) }

// scale brings numbers, whole examples one after the other, to the schema's scales.
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
