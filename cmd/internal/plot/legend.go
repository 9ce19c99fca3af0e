package plot

import (
	"image/color"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/stheno-ml/stheno/internal/intake"
)

// colors are those of Okabe and Ito, which color-blind people can tell apart too, without the yellow, which is faint on white.
var colors = []color.Color{
	color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255}, color.RGBA{204, 121, 167, 255},
	color.RGBA{0, 0, 0, 255}, color.RGBA{86, 180, 233, 255}, color.RGBA{230, 159, 0, 255},
}

// hue is the color of the i-th name. After the seven colors, each hue is a golden section of the circle further than the last, so that
// neighbors differ, and dark enough for a line on white.
func hue(i int) color.Color {
	if i < len(colors) {
		return colors[i]
	}
	const golden, middle, swing = 0.6180339887, .4, .35
	at := 2 * math.Pi * golden * float64(i)
	part := func(third float64) uint8 { return uint8(255 * (middle + swing*math.Cos(at-2*math.Pi*third/3))) }
	return color.RGBA{part(0), part(1), part(2), 255}
}

// dashes distinguish kinds of lines in one color.
var dashes = [][]vg.Length{nil, {5, 3}, {2, 2}, {8, 3, 2, 3}}

// legend says what the lines are.
type legend struct {
	names, kinds []string // of all series
	entries      []entry  // the names that have a line
	shown        []string // the kinds that have a line
}

// entry is a name with the style of its line.
type entry struct {
	name string
	line draw.LineStyle
}

// know assigns a color to the series' name, and a dash to its kind.
func (l *legend) know(s Series) {
	if !slices.Contains(l.names, s.Name) {
		l.names = append(l.names, s.Name)
	}
	if !slices.Contains(l.kinds, s.Kind) {
		l.kinds = append(l.kinds, s.Kind)
	}
}

func (l *legend) style(s Series) draw.LineStyle {
	kind := slices.Index(l.kinds, s.Kind)
	return draw.LineStyle{Color: hue(slices.Index(l.names, s.Name)), Width: vg.Points(1.5), Dashes: dashes[kind%len(dashes)]}
}

// add adds a series that has a line.
func (l *legend) add(s Series) {
	if !slices.ContainsFunc(l.entries, func(e entry) bool { return e.name == s.Name }) {
		l.entries = append(l.entries, entry{s.Name, l.style(s)})
	}
	if !slices.Contains(l.shown, s.Kind) {
		l.shown = append(l.shown, s.Kind)
	}
}

// lines are the entries that are drawn: the names if there are several, then the kinds if there are several. With one name, kinds have its color.
func (l *legend) lines() (all []entry) {
	ink := color.Color(color.Gray{90})
	if len(l.entries) > 1 {
		all = append(all, l.entries...)
	} else {
		ink = l.entries[0].line.Color
	}
	if len(l.shown) > 1 {
		for _, kind := range l.kinds {
			if slices.Contains(l.shown, kind) {
				style := l.style(Series{Name: l.entries[0].name, Kind: kind})
				style.Color = ink
				all = append(all, entry{kind, style})
			}
		}
	}
	return all
}

// The sizes of a legend: a line's sample, the gap between that and its text, the steps between lines of text and between entries, the space above
// the first entry; the characters in a line of text, unless a word is longer; and how much wider a text may be in another font.
const (
	sample, sampleGap   vg.Length = 22, 6
	lineStep, entryStep vg.Length = 12, 5
	legendTop                     = 3 * margin
	legendLetters                 = 44
	slack                         = 1.15
)

// size is the room that the legend needs; zero without entries.
func (l *legend) size() (w, h vg.Length) {
	for _, e := range l.lines() {
		text := broken(e.name)
		for _, line := range text {
			w = max(w, sample+sampleGap+slack*letters(10, color.Black, draw.YTop).Width(line)+2*margin)
		}
		h += lineStep*vg.Length(len(text)) + entryStep
	}
	if h > 0 {
		h += legendTop + margin
	}
	return w, h
}

// draw draws the entries from the upper left corner down.
func (l *legend) draw(c draw.Canvas) {
	y := c.Max.Y
	for _, e := range l.lines() {
		c.StrokeLine2(e.line, c.Min.X, y-lineStep/2, c.Min.X+sample, y-lineStep/2)
		for _, line := range broken(e.name) {
			c.FillText(letters(10, color.Black, draw.YCenter), vg.Point{X: c.Min.X + sample + sampleGap, Y: y - lineStep/2 + 1}, line)
			y -= lineStep
		}
		y -= entryStep
	}
}

// broken is a text broken into lines.
func broken(text string) (lines []string) {
	for _, word := range strings.Fields(intake.Line(text)) {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last])+utf8.RuneCountInString(word) < legendLetters {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
