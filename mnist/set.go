package mnist

// PixelScale is the divisor that turns a byte into a network's input: byte/256, as in the book. The largest input is 0.99609375.
const PixelScale = 256

// Set is a set of labeled gray images, one byte per pixel, row by row.
type Set struct {
	Images     []byte // (Len(), Rows, Cols)
	Labels     []byte // (Len()), each below Classes
	Rows, Cols int
	Classes    int // the largest label of the whole data set, plus 1
}

// Len returns the number of images.
func (s Set) Len() int { return len(s.Labels) }

// Image returns the pixels of image i, Rows × Cols. They are the set's own memory, not a copy.
func (s Set) Image(i int) []byte {
	size := s.Rows * s.Cols
	return s.Images[i*size : (i+1)*size : (i+1)*size]
}

// Slice returns the images i to j-1 with their labels. It shares the memory of s.
func (s Set) Slice(i, j int) Set {
	size := s.Rows * s.Cols
	s.Images = s.Images[i*size : j*size : j*size]
	s.Labels = s.Labels[i:j:j]
	return s
}
