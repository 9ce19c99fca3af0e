package plot

import (
	"fmt"
	"image/color"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestConfusion: counts, precision below, recall beside, in the order of the rows; right answers are blue, wrong ones red, none is white.
func TestConfusion(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.svg")
	if err := Confusion(file, "a title", [][]int{{90, 10, 0}, {0, 7, 1}, {0, 0, 0}}, []string{"0", "1", "2"}); err != nil {
		t.Fatal(err)
	}
	svg := read(t, file)
	want := "|a title|label|precision|recall|answer|" +
		"0|0|100.0%|90.0%|90|10|" +
		"1|1|41.2%|87.5%|7|1|" +
		"2|2|0.0%|–|"
	if got := texts(svg); sortedWords(got) != sortedWords(want) {
		t.Errorf("texts %s, want %s", got, want)
	}
	fill := regexp.MustCompile(`<path d="[^"]*" style="fill:#([0-9A-F]{6})" />`)
	var cells []string
	for _, m := range fill.FindAllStringSubmatch(string(svg), -1)[1:] { // behind the paper
		cells = append(cells, m[1])
	}
	if len(cells) != 9 || cells[2] != "FFFFFF" || cells[8] != "FFFFFF" {
		t.Fatalf("cells %v", cells)
	}
	for i, x := range map[int]float64{0: -.85 * .9, 1: .7, 4: -.85 * 7 / 8, 5: .7 * 0.31622776601} {
		c := diverging(x).(color.RGBA)
		if want := fmt.Sprintf("%02X%02X%02X", c.R, c.G, c.B); cells[i] != want {
			t.Errorf("cell %d: %s, want %s", i, cells[i], want)
		}
	}
	if err := Confusion(file, "", nil, nil); err == nil || !strings.Contains(err.Error(), "no classes to draw") {
		t.Errorf("no classes: %v", err)
	}
}

// TestConfusionOfMany: of very many classes the cells have no counts, and the picture is of some thousand dots.
func TestConfusionOfMany(t *testing.T) {
	matrix := make([][]int, 200)
	for i := range matrix {
		matrix[i] = make([]int, 200)
		matrix[i][i] = 12345
	}
	file := filepath.Join(t.TempDir(), "x.svg")
	if err := Confusion(file, "many", matrix, nil); err != nil {
		t.Fatal(err)
	}
	svg := string(read(t, file))
	size := regexp.MustCompile(`viewBox="0 0 ([\d.]+) ([\d.]+)"`).FindStringSubmatch(svg)
	if w, h := float(t, size[1]), float(t, size[2]); w > 1400 || h > 1400 || strings.Contains(svg, "12345") || !strings.Contains(svg, ">195<") {
		t.Errorf("%v × %v", w, h)
	}
}

// sortedWords are the words between bars, in an order of their own.
func sortedWords(text string) string {
	return strings.Join(slices.Sorted(slices.Values(strings.Split(text, "|"))), "|")
}
