package mnist

import "math"

// shifts are the one-pixel moves of expand_mnist.py in its order: down, up, right, left.
var shifts = [...]struct{ rows, cols int }{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}

// Expand returns every image of s followed by four copies of it, shifted by one pixel (down, up, right, left), each with its label: five times as
// many images. The row or column that becomes free is 0. This is the book's expanded data of chapter 6, except that the book also shuffles
// it once; here the trainer does that.
func Expand(s Set) Set {
	copies := 1 + len(shifts)
	out := Set{
		Images: make([]byte, copies*len(s.Images)),
		Labels: make([]byte, copies*len(s.Labels)),
		Rows:   s.Rows, Cols: s.Cols, Classes: s.Classes,
	}
	for i, label := range s.Labels {
		image := s.Image(i)
		copy(out.Image(copies*i), image)
		out.Labels[copies*i] = label
		for k, by := range shifts {
			shift(out.Image(copies*i+1+k), image, s.Rows, s.Cols, by.rows, by.cols)
			out.Labels[copies*i+1+k] = label
		}
	}
	return out
}

// Shift returns the images of s moved down and right by the given numbers of pixels; negative numbers move up and left. What becomes free is 0, and
// what moves out is lost. The labels share the memory of s.
func Shift(s Set, down, right int) Set {
	images := s.Images
	s.Images = make([]byte, len(images))
	for i := range s.Labels {
		size := s.Rows * s.Cols
		shift(s.Image(i), images[i*size:(i+1)*size], s.Rows, s.Cols, down, right)
	}
	return s
}

// shift writes the image src, moved down and right by the given numbers of pixels, to dst, which is all 0.
func shift(dst, src []byte, rows, cols, down, right int) {
	for y := max(0, down); y < min(rows, rows+down); y++ {
		from := src[(y-down)*cols : (y-down+1)*cols]
		to := dst[y*cols : (y+1)*cols]
		copy(to[min(cols, max(0, right)):], from[min(cols, max(0, -right)):])
	}
}

// Darkness is the baseline of chapter 1. It guesses the class whose training images have, on average, the sum of pixels nearest to the test
// image's (the smaller class if two are equally near). It returns the number of right guesses in test. With the book's 50,000 training and
// 10,000 test images this is 2225.
func Darkness(train, test Set) int {
	sums, counts := make([]float64, train.Classes), make([]float64, train.Classes)
	for i, label := range train.Labels {
		sums[label] += darkness(train.Image(i))
		counts[label]++
	}
	right := 0
	for i, label := range test.Labels {
		d, guess, nearest := darkness(test.Image(i)), -1, math.Inf(1)
		for class := range sums {
			// The average of a class without images is 0/0; NaN is never nearer.
			if distance := math.Abs(sums[class]/counts[class] - d); distance < nearest {
				guess, nearest = class, distance
			}
		}
		if guess == int(label) {
			right++
		}
	}
	return right
}

// darkness returns the sum of an image's pixels.
func darkness(image []byte) float64 {
	sum := 0
	for _, p := range image {
		sum += int(p)
	}
	return float64(sum)
}
