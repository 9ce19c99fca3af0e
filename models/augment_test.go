package models_test

import (
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

func TestParseAugment(t *testing.T) {
	for _, c := range []struct {
		text string
		want models.Augment
	}{
		{"none", nil}, {"shifts", models.Shifts{}}, {"warp()", train.Warp{}}, {"warp", train.Warp{}},
		{"warp(15, 0.15, 2, 10, 1, 3)", train.Warp{Rotate: 15, Zoom: .15, Shift: 2, Shear: 10, Elastic: 1, Crop: 3}},
		{"warp(rotate=15,zoom=0.15,shift=2,shear=10,elastic=1,crop=3)", train.Warp{Rotate: 15, Zoom: .15, Shift: 2, Shear: 10, Elastic: 1, Crop: 3}},
		{"warp(7.5,elastic=1.4)", train.Warp{Rotate: 7.5, Elastic: 1.4}},
	} {
		if got, err := models.Parse[models.Augment](models.Reader{}, c.text); err != nil || got != c.want {
			t.Errorf("%q is %+v, %v; want %+v", c.text, got, err, c.want)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"warps", "did you mean warp?"}, {"shifts(2)", "shifts"}, {"warp(zoom=NaN)", `zoom "NaN"; use a number`}, {"warp(-1)", "rotate -1; use 0 to 180"},
		{"warp(rotate=15", "close the parentheses"}, {"warp(crop=2000)", "crop 2000; use 0 to 1024"}, {"warp(elastc=1)", "did you mean elastic?"},
	} {
		if got, err := models.Parse[models.Augment](models.Reader{}, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q is %+v, %v; want an error with %q", c.text, got, err, c.want)
		}
	}
}

// FuzzAugment: any text is an augmentation, or an error on one line. An augmentation with numbers draws finite places, and warps an image to
// pixels that are valid.
func FuzzAugment(f *testing.F) {
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
		a, err := models.Parse[models.Augment](models.Reader{}, text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if a == nil {
			return
		}
		if again, err := models.Parse[models.Augment](models.Reader{}, models.Text(a)); err != nil || again != a {
			t.Errorf("%+v is %s, which is %+v, %v", a, models.Text(a), again, err)
		}
		w, ok := a.(train.Warp)
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
