package cli

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/term/termtest"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

func TestParseAugmentation(t *testing.T) {
	for _, c := range []struct {
		text string
		want augmentation
	}{
		{"", none{}}, {"none", none{}}, {"shifts", shifts{}}, {"warp()", mnist.Warp{}}, {"warp", mnist.Warp{}},
		{"warp(15, 0.15, 2, 10, 1, 3)", mnist.Warp{Rotate: 15, Zoom: .15, Shift: 2, Shear: 10, Elastic: 1, Crop: 3}},
		{"warp(rotate=15,zoom=0.15,shift=2,shear=10,elastic=1,crop=3)", mnist.Warp{Rotate: 15, Zoom: .15, Shift: 2, Shear: 10, Elastic: 1, Crop: 3}},
		{"warp(7.5,elastic=1.4)", mnist.Warp{Rotate: 7.5, Elastic: 1.4}},
	} {
		if got, err := parseAugmentation(c.text); err != nil || got != c.want {
			t.Errorf("%q is %+v, %v; want %+v", c.text, got, err, c.want)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"warps", "did you mean warp?"}, {"shifts(2)", "shifts"}, {"warp(zoom=NaN)", `zoom "NaN"; use a number`}, {"warp(-1)", "rotate -1; use 0 to 180"},
		{"warp(rotate=15", "close the parentheses"}, {"warp(crop=2000)", "crop 2000; use 0 to 1024"}, {"warp(elastc=1)", "did you mean elastic?"},
	} {
		if got, err := parseAugmentation(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q is %+v, %v; want an error with %q", c.text, got, err, c.want)
		}
	}
}

// What is printed is read as the same.
func TestAugmentationText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		var a, again augmentation
		termtest.Fill(r, augmentations, &a)
		text, err := augmentations.Print(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := augmentations.Parse(text, &again); err != nil || again != a {
			t.Errorf("%+v is %s, which is %+v, %v", a, text, again, err)
		}
	}
}

// FuzzAugmentation: any text is an error that says so in a line, or an augmentation; one of those with numbers draws finite places, and
// warps an image to pixels of one.
func FuzzAugmentation(f *testing.F) {
	for _, text := range []string{"none", "shifts", "warp(rotate=15,zoom=0.15,shift=2,shear=10,elastic=1)", "warp(180,.9,1024,80,1024,1024)", "warp(1e-300,", "warp(=)"} {
		f.Add(text)
	}
	const side = 8
	warper, err := train.NewWarper([]int{1, side, side})
	if err != nil {
		f.Fatal(err)
	}
	image, y := []byte(strings.Repeat("\xff", side*side)), make([]float32, side*side)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAugmentation(text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if text, err := augmentations.Print(a); err != nil {
			t.Error(err)
		} else if again, err := parseAugmentation(text); err != nil || again != a {
			t.Errorf("%+v is %s, which is %+v, %v", a, text, again, err)
		}
		w, ok := a.(mnist.Warp)
		if !ok {
			return
		}
		var g train.Grid
		for image := range 10 {
			w.Draw(side, side, 1)(3, image, &g)
		}
		warper.Warp(y, image, &g)
		for i, p := range y {
			if !(p >= 0 && p <= 255./256) {
				t.Fatalf("%s: pixel %d is %v", text, i, p)
			}
		}
	})
}
