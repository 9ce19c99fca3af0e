package cli

import (
	"image"
	_ "image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// sheetOf draws training images and reads the sheet: the images of line j are [j][i], in bytes.
func sheetOf(t *testing.T, args ...string) (tiles [][][]byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.png")
	ok(t, append([]string{"data", "--show", "-o", file}, args...)...)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for y := 64; y+84 <= img.Bounds().Dy(); y += 96 {
		var line [][]byte
		for x := 24; x+84 <= img.Bounds().Dx(); x += 96 {
			var tile []byte
			for k := range 784 {
				red, _, _, _ := img.At(x+k%28*3+1, y+k/28*3+1).RGBA()
				tile = append(tile, 255-byte(red>>8))
			}
			line = append(line, tile)
		}
		tiles = append(tiles, line)
	}
	return tiles
}

// A sheet has a line for each digit, with the first image of it, and others that are like it or its warps.
func TestDataShow(t *testing.T) {
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	first := map[byte][]byte{}
	for i, label := range d.Train.Labels {
		if first[label] == nil {
			first[label] = d.Train.Image(i)
		}
	}
	for _, c := range []struct {
		augment string
		images  int
		same    bool // as the first image moved by whole pixels
	}{{"none", 10, false}, {"shifts", 5, true}, {"warp(crop=1)", 10, true}, {"warp(rotate=15)", 10, false}} {
		tiles := sheetOf(t, "--augment", c.augment)
		if len(tiles) != 10 || len(tiles[0]) != c.images {
			t.Fatalf("%s: %d lines of %d", c.augment, len(tiles), len(tiles[0]))
		}
		for digit, line := range tiles {
			for i, tile := range line {
				if same := sorted(tile) == sorted(first[byte(digit)]); same != (c.same || i == 0) {
					t.Errorf("%s: image %d of digit %d: the grays of the first is %v", c.augment, i, digit, same)
				}
			}
		}
	}
}

// sorted is an image's pixels in order of their gray.
func sorted(image []byte) string { return string(slices.Sorted(slices.Values(image))) }
