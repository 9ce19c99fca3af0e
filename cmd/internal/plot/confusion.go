package plot

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/stheno-ml/stheno/internal/intake"
)

// The sizes of a confusion matrix, in dots: a cell is as wide as five digits, unless there are many classes; then the names of classes, the
// rates, and the smallest cell that has room for its count.
const (
	cellSide, cellLeast, allCells = 66, 6, 2400
	besideCells, rates            = 116, 90
	counted                       = 44
)

// Confusion draws how often a class, the row, got an answer, the column, into the file path, an .svg or .png. Right answers are blue in
// proportion to their share of the row. Wrong ones are red by the square root of their share of the most frequent confusion, so that rare ones
// are visible. Recall is to the right of each row, precision below each column.
func Confusion(path, title string, matrix [][]int, names []string) error {
	return write(path, func() (vg.CanvasWriterTo, error) { return confusion(path, title, matrix, names) })
}

func confusion(path, title string, matrix [][]int, names []string) (vg.CanvasWriterTo, error) {
	n := len(matrix)
	if n == 0 {
		return nil, errors.New("no classes to draw")
	}
	title = intake.Line(title)
	const top = head + 5*words/2
	side := max(cellLeast, min(cellSide, allCells/n))
	body := image.Rect(0, 0, n*side, n*side).Add(image.Pt(border+besideCells, top))
	caption := letters(12, color.Black, draw.YTop)
	width := max(body.Max.X+rates+border, 2*border+int(slack*caption.Width(title)/dot))
	height := body.Max.Y + 2*words + border
	c, all := blank(path, vg.Length(width)*dot, vg.Length(height)*dot)
	p := paper{all, height}
	p.FillText(caption, p.at(border, border), title)
	p.say((body.Min.X+body.Max.X)/2, top-2*words, draw.XCenter, "answer")
	p.say(body.Min.X-words, top-3*words/4, draw.XRight, "label")
	p.say(body.Min.X-words, body.Max.Y+words, draw.XRight, "precision")
	p.say(body.Max.X+words, top-3*words/4, draw.XLeft, "recall")
	t := tally(matrix)
	for i := range matrix {
		at := body.Min.Add(image.Pt(i*side+side/2, i*side+side/2))
		if i%(1+30/side) == 0 { // small cells have only some of the words
			p.say(at.X, top-3*words/4, draw.XCenter, short(names, i))
			p.say(body.Min.X-words, at.Y, draw.XRight, short(names, i))
		}
		if side >= counted {
			p.say(at.X, body.Max.Y+words, draw.XCenter, t.rate(i, t.columns))
			p.say(body.Max.X+words, at.Y, draw.XLeft, t.rate(i, t.rows))
		}
		for j := range matrix {
			p.count(t, i, j, image.Rect(j*side, i*side, (j+1)*side, (i+1)*side).Add(body.Min))
		}
	}
	return c, nil
}

// short is as much of a class's name as fits, or its number if it has no name.
func short(names []string, class int) string {
	const most = 8
	if class >= len(names) {
		return strconv.Itoa(class)
	}
	if name := []rune(intake.Line(names[class])); len(name) > most {
		return string(name[:most-1]) + "…"
	}
	return intake.Line(names[class])
}

// tallied is a matrix with its sums and its most frequent confusion.
type tallied struct {
	matrix        [][]int
	rows, columns []int
	wrong         int
}

func tally(matrix [][]int) tallied {
	t := tallied{matrix, make([]int, len(matrix)), make([]int, len(matrix)), 0}
	for i, row := range matrix {
		for j, n := range row {
			t.rows[i] += n
			t.columns[j] += n
			if i != j {
				t.wrong = max(t.wrong, n)
			}
		}
	}
	return t
}

// rate is a class's share of right answers in the row, its recall, or in the column, its precision.
func (t tallied) rate(class int, of []int) string {
	if of[class] == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(t.matrix[class][class])/float64(of[class]))
}

// color is the color of a cell, from −1, which is blue, to 1, which is red.
func (t tallied) color(i, j int) float64 {
	n := float64(t.matrix[i][j])
	switch {
	case n == 0:
		return 0
	case i == j:
		return -.85 * n / float64(t.rows[i])
	}
	return .7 * math.Sqrt(n/float64(t.wrong))
}

// count draws a cell, with its count if there is room.
func (p paper) count(t tallied, i, j int, r image.Rectangle) {
	corners := []vg.Point{p.at(r.Min.X, r.Min.Y), p.at(r.Max.X, r.Min.Y), p.at(r.Max.X, r.Max.Y), p.at(r.Min.X, r.Max.Y), p.at(r.Min.X, r.Min.Y)}
	x := t.color(i, j)
	p.FillPolygon(diverging(x), corners)
	p.StrokeLines(draw.LineStyle{Color: color.Gray{215}, Width: dot}, corners)
	if n := t.matrix[i][j]; n > 0 && r.Dx() >= counted {
		ink := color.Color(color.Black)
		if math.Abs(x) > .5 {
			ink = color.White
		}
		style := letters(9, ink, draw.YCenter)
		style.XAlign = draw.XCenter
		p.FillText(style, p.at((r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2), strconv.Itoa(n))
	}
}

// say writes a text at a place.
func (p paper) say(x, y int, align draw.XAlignment, words string) {
	style := letters(10, color.Black, draw.YCenter)
	style.XAlign = align
	p.FillText(style, p.at(x, y), words)
}
