package mnist

import (
	"bytes"
	"testing"
)

func TestSlice(t *testing.T) {
	s := Set{Images: []byte{1, 2, 3, 4, 5, 6}, Labels: []byte{7, 8, 9}, Rows: 1, Cols: 2, Classes: 10}
	part := s.Slice(1, 3)
	if part.Len() != 2 || !bytes.Equal(part.Image(1), []byte{5, 6}) || part.Labels[0] != 8 || part.Classes != 10 {
		t.Errorf("got %v", part)
	}
	first := append(s.Slice(0, 1).Images, 99)
	if first[2] != 99 || s.Images[2] != 3 {
		t.Error("appending to a slice wrote into the set")
	}
}

func TestExpand(t *testing.T) {
	s := Set{Images: []byte{1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 9, 0}, Labels: []byte{4, 7}, Rows: 2, Cols: 3, Classes: 10}
	got := Expand(s)
	if !bytes.Equal(got.Labels, []byte{4, 4, 4, 4, 4, 7, 7, 7, 7, 7}) || got.Rows != 2 || got.Cols != 3 || got.Classes != 10 {
		t.Errorf("got %v", got)
	}
	for i, want := range [][]byte{
		{1, 2, 3, 4, 5, 6},
		{0, 0, 0, 1, 2, 3}, // down
		{4, 5, 6, 0, 0, 0}, // up
		{0, 1, 2, 0, 4, 5}, // right
		{2, 3, 0, 5, 6, 0}, // left
		{0, 0, 0, 0, 9, 0},
		{0, 0, 0, 0, 0, 0},
		{0, 9, 0, 0, 0, 0},
		{0, 0, 0, 0, 0, 9},
		{0, 0, 0, 9, 0, 0},
	} {
		if !bytes.Equal(got.Image(i), want) {
			t.Errorf("image %d is %v, want %v", i, got.Image(i), want)
		}
	}
}

func TestShift(t *testing.T) {
	s := Set{Images: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, Labels: []byte{4, 7}, Rows: 2, Cols: 3, Classes: 10}
	for _, c := range []struct {
		down, right int
		want        []byte
	}{
		{0, 0, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{1, 2, []byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 7}},
		{-1, 1, []byte{0, 4, 5, 0, 0, 0, 0, 10, 11, 0, 0, 0}},
		{0, -2, []byte{3, 0, 0, 6, 0, 0, 9, 0, 0, 12, 0, 0}},
		{0, 3, make([]byte, 12)}, {0, 4, make([]byte, 12)}, {0, -4, make([]byte, 12)}, {3, 0, make([]byte, 12)}, {-3, 0, make([]byte, 12)},
	} {
		if got := Shift(s, c.down, c.right); !bytes.Equal(got.Images, c.want) || !bytes.Equal(got.Labels, s.Labels) || got.Cols != 3 {
			t.Errorf("%d down, %d right: %v, want %v", c.down, c.right, got.Images, c.want)
		}
	}
	if s.Images[0] != 1 || s.Images[11] != 12 {
		t.Errorf("the set itself is %v now", s.Images)
	}
}

// The book's number, in chapter 1.
func TestDarkness(t *testing.T) {
	d := digits(t)
	if got := Darkness(d.Train, d.Test); got != 2225 {
		t.Errorf("%d right, want 2225", got)
	}
}

// A class without training images is never guessed, and of two equally near classes the smaller is.
func TestDarknessOfFewClasses(t *testing.T) {
	train := Set{Images: []byte{10, 30}, Labels: []byte{1, 3}, Rows: 1, Cols: 1, Classes: 4}
	test := Set{Images: []byte{0, 20, 21, 255}, Labels: []byte{1, 1, 3, 3}, Rows: 1, Cols: 1, Classes: 4}
	if got := Darkness(train, test); got != 4 {
		t.Errorf("%d of 4 right", got)
	}
}
