package plot

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot"
)

var nan, inf = math.NaN(), math.Inf(1)

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// text matches the text elements of an SVG, path the d of its lines.
var (
	text = regexp.MustCompile(`(?s)<text [^>]*>([^<]*)</text>`)
	path = regexp.MustCompile(`<path d="([^"]*)" style="fill:none;stroke:#([0-9A-F]{6})`)
)

func texts(svg []byte) string {
	var words []string
	for _, m := range text.FindAllSubmatch(svg, -1) {
		words = append(words, string(m[1]))
	}
	return "|" + strings.Join(words, "|") + "|"
}

// TestSVG: what is written on the picture, and how many points each colored line has.
func TestSVG(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.svg")
	for _, c := range []struct {
		name   string
		logY   bool
		series []Series
		want   []string       // texts
		points map[string]int // by color
	}{
		{"two", false, []Series{{"a<b\x1b\n", "", []float64{0, 1, 2}, []float64{.2, .4, .6}}, {"η", "", []float64{0, 2}, []float64{.5, .3}}},
			[]string{"title", "epoch", "cost", `a&lt;b\u001b\u000a`, "η", "0.2", "0.3", "0.6", "0.5", "2"}, map[string]int{"0072B2": 3, "D55E00": 2}},
		{"one has no legend", false, []Series{{"alone", "", []float64{0, 40}, []float64{0, 1}}}, []string{"0.2", "40"}, map[string]int{"0072B2": 2}},
		{"not finite", false, []Series{{"", "", []float64{0, 1, 2, nan, 4}, []float64{1, nan, inf, 1, 2}}}, []string{"1.2", "4"}, map[string]int{"0072B2": 2}},
		{"logarithmic", true, []Series{{"", "", []float64{0, 1, 2, 3}, []float64{1e-12, 0, -1, 1e-3}}},
			[]string{"1e-12", "1e-10", "0.01"}, map[string]int{"0072B2": 2}},
		{"flat", false, []Series{{"", "", []float64{1, 2}, []float64{.5, .5}}}, []string{"0.5", "0.51"}, map[string]int{"0072B2": 2}},
		{"huge", false, []Series{{"", "", []float64{-1e300, 1e300}, []float64{-1e300, 1e300}}}, []string{"-1e+300", "5e+299"}, map[string]int{"0072B2": 2}},
	} {
		if err := Lines(file, Axes{Title: "title", X: "epoch", Y: "cost", LogY: c.logY}, c.series...); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		svg := read(t, file)
		for _, want := range c.want {
			if got := texts(svg); !strings.Contains(got, "|"+want+"|") {
				t.Errorf("%s: no %q in %s", c.name, want, got)
			}
		}
		if strings.Contains(texts(svg), "alone") {
			t.Errorf("%s: a legend of one line", c.name)
		}
		for color, points := range c.points {
			got := 0
			for _, m := range path.FindAllStringSubmatch(string(svg), -1) {
				if m[2] == color {
					got = max(got, strings.Count(m[1], "L")+1)
				}
			}
			if got != points {
				t.Errorf("%s: the line #%s has %d points, want %d", c.name, color, got, points)
			}
		}
		if regexp.MustCompile("NaN|Inf").Match(svg) {
			t.Errorf("%s: the picture has a number that is none", c.name)
		}
	}
}

// TestPNG: a line's color is on the picture, to the left of the legend, and a picture with a legend is wider.
func TestPNG(t *testing.T) {
	dir := t.TempDir()
	lines := []Series{{"a line", "", []float64{0, 1}, []float64{1, 2}}, {"another", "", []float64{0, 1}, []float64{2, 1}}}
	widths := map[int]int{}
	for n := 1; n <= 2; n++ {
		file := filepath.Join(dir, "x.PNG")
		if err := Lines(file, Axes{X: "x", Y: "y"}, lines[:n]...); err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(read(t, file)))
		if err != nil {
			t.Fatal(err)
		}
		widths[n] = picture.Bounds().Dx()
		if !has(picture, colors[n-1]) || picture.Bounds().Dy() != 600 {
			t.Errorf("%d lines: %v without the last one's color", n, picture.Bounds())
		}
	}
	if widths[1] != 900 || widths[2] < 1000 {
		t.Errorf("widths %v", widths)
	}
}

// TestLegend: all of a long name and of many names is on the picture, each name in a color of its own, and none without a line.
func TestLegend(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.svg")
	long := "784-30-10 eta=0.5 " + strings.Repeat("optimizer=adam(beta1=0.7,beta2=0.9) ", 4)
	series := []Series{{long, "validation", []float64{0, 1}, []float64{0, 1}}, {strings.Repeat("word", 30), "training", []float64{0, 1}, []float64{1, 0}}}
	for i := range 40 {
		series = append(series, Series{fmt.Sprint("run", i), "training", []float64{0, 1}, []float64{0, float64(i)}})
	}
	series = append(series, Series{"nothing", "lost", nil, nil}, Series{"nan", "lost", []float64{0}, []float64{nan}})
	if err := Lines(file, Axes{Title: strings.Repeat("a long title ", 20)}, series...); err != nil {
		t.Fatal(err)
	}
	svg := string(read(t, file))
	size := regexp.MustCompile(`viewBox="0 0 ([\d.]+) ([\d.]+)"`).FindStringSubmatch(svg)
	wide, high := float(t, size[1]), float(t, size[2])
	for _, m := range regexp.MustCompile(`<text x="([-\d.]+)" y="([-\d.]+)" transform="scale\(1, -1\)"\s*[^>]*>([^<]*)<`).FindAllStringSubmatch(svg, -1) {
		x, y := float(t, m[1]), -float(t, m[2])
		if room := 4.5 * float64(len(m[3])); x < 0 || x+room > wide || y < 0 || y > high {
			t.Errorf("%q at %v, %v of %v × %v", m[3], x, y, wide, high)
		}
	}
	all := texts([]byte(svg))
	for _, want := range []string{
		"784-30-10 eta=0.5|optimizer=adam(beta1=0.7,beta2=0.9)|", strings.Repeat("word", 30), "run0|run1|", "run39|validation|training|",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, all)
		}
	}
	if strings.Contains(all, "nothing") || strings.Contains(all, "nan") || strings.Contains(all, "lost") {
		t.Errorf("an entry without a line in %s", all)
	}
	seen := map[string]bool{}
	for _, m := range path.FindAllStringSubmatch(svg, -1) {
		seen[m[2]] = true
	}
	if len(seen) < 42+2 { // and black and gray for axes and grid
		t.Errorf("%d colors for 42 names", len(seen))
	}
}

func float(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func has(picture image.Image, c color.Color) bool {
	for y := range 600 {
		for x := range 850 {
			if picture.At(x, y) == c {
				return true
			}
		}
	}
	return false
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	good := Series{"good", "", []float64{1}, []float64{1}}
	for _, c := range []struct {
		path, want string
		series     []Series
	}{
		{"x.pdf", `x.pdf: no format ".pdf" for pictures; use .svg or .png`, []Series{good}},
		{"x", `no format "" for pictures`, []Series{good}},
		{"x.svg", "no finite points", nil},
		{"x.svg", "no finite points", []Series{{"", "", []float64{1}, []float64{nan}}}},
		{"x.svg", "odd: 2 numbers x and 1 numbers y", []Series{{"odd", "", []float64{1, 2}, []float64{1}}}},
		{"none/x.svg", "none; make it first", []Series{good}},
	} {
		err := Lines(filepath.Join(dir, c.path), Axes{}, c.series...)
		if err == nil || !strings.HasPrefix(err.Error(), "plot: "+dir) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.path, err, c.want)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("errors left %v behind, %v", files, err)
	}
}

// TestMarks: what stands at the axes.
func TestMarks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		log       bool
		whole     bool
		want      string
	}{
		{0, 1, false, false, "0 0.2 0.4 0.6 0.8 1"},
		{0, 29, false, false, "0 5 10 15 20 25 30"},
		{.1, .3, false, false, "0.1 0.15 0.2 0.25 0.3"},
		{-.3, .4, false, false, "-0.3 -0.2 -0.1 0 0.1 0.2 0.3 0.4"},
		{100, 50000, false, false, "0 10000 20000 30000 40000 50000"},
		{1e-9, 4e-9, false, false, "1e-09 1.5e-09 2e-09 2.5e-09 3e-09 3.5e-09 4e-09"},
		{-2, 1, true, false, "0.01 0.1 1 10"},
		{0, 2, false, true, "0 1 2"},
		{1, 4, false, true, "1 2 3 4"},
		{0, 29, false, true, "0 5 10 15 20 25 30"},
		{3, 3, false, true, "3"},
		{0, 0, true, false, "1 10"},
		{-16.5, -1.2, true, false, "1e-17 1e-15 1e-13 1e-11 1e-09 1e-07 1e-05 0.001 0.1"},
	} {
		axis := plot.New().X
		axis.Min, axis.Max = c.low, c.high
		scale(&axis, c.log, c.whole)
		var got []string
		for _, m := range axis.Tick.Marker.Ticks(axis.Min, axis.Max) {
			got = append(got, m.Label)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%v to %v: %s, want %s", c.low, c.high, s, c.want)
		}
	}
}
