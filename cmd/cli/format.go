package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/internal/intake"
)

// object is a JSON object that keeps the order of its keys.
type object []field

type field struct {
	key   string
	value any
}

// MarshalJSON writes the fields. JSON has no form for numbers that are not finite: they become null, and their keys are listed in "nonfinite".
func (o object) MarshalJSON() ([]byte, error) {
	var nonfinite []string
	b := []byte{'{'}
	add := func(key string, value any) error {
		v, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(strconv.AppendQuote(b, key), ':'), v...)
		return nil
	}
	for _, f := range o {
		var ok bool
		if f.value, ok = representable(f.value); !ok {
			nonfinite = append(nonfinite, f.key)
		}
		if err := add(f.key, f.value); err != nil {
			return nil, err
		}
	}
	if nonfinite != nil {
		if err := add("nonfinite", nonfinite); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// representable is a value for JSON, in which numbers that are not finite become nil; ok reports that there were none.
func representable(value any) (_ any, ok bool) {
	switch x := value.(type) {
	case float64:
		if !finite(x) {
			return nil, false
		}
	case []float32:
		if !slices.ContainsFunc(x, func(v float32) bool { return !finite(float64(v)) }) {
			return x, true
		}
		list := make([]any, len(x))
		for i, v := range x {
			if finite(float64(v)) {
				list[i] = v
			}
		}
		return list, false
	}
	return value, true
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// printJSON prints each object on a line.
func printJSON(w io.Writer, objects ...object) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, o := range objects {
		if err := e.Encode(o); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// table prints lines of cells in columns, with numbers to the right and everything else to the left.
type table struct{ rows [][]string }

func (t *table) add(cells ...string) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = intake.Line(c)
	}
	t.rows = append(t.rows, row)
}

func (t *table) print(w io.Writer) {
	var widths []int
	var right []bool
	for _, row := range t.rows {
		for j, cell := range row {
			if j == len(widths) {
				widths, right = append(widths, 0), append(right, false)
			}
			widths[j] = max(widths[j], utf8.RuneCountInString(cell))
			right[j] = right[j] || cell == "NaN" || cell != "" && strings.Trim(cell, "0123456789.,%") == ""
		}
	}
	for _, row := range t.rows {
		for j, cell := range row {
			space := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell))
			if right[j] {
				row[j] = space + cell
			} else {
				row[j] += space
			}
		}
		printRow(w, row...)
	}
}

// layout puts a row of cells into lines of a terminal with that many columns; 0 means no limit. What does not fit continues on the next line;
// texts break between words. A column's cells have the same width in all rows.
func layout(cells []string, columns int) string {
	const indent, narrowest = 4, 20 // characters: how far the next line is indented, and the least room for a text
	var lines []string
	line := ""
	for j, cell := range cells {
		if j > 0 {
			line += "  "
		}
		used, n := utf8.RuneCountInString(line), utf8.RuneCountInString(strings.TrimRight(cell, " "))
		stays := j == len(cells)-1 && columns-used >= max(narrowest, longestWord(cell))
		switch {
		case columns == 0 || used+n <= columns:
			line += cell
			continue
		case j > 0 && !stays:
			lines = append(lines, line)
			line = strings.Repeat(" ", indent)
		}
		used = utf8.RuneCountInString(line)
		parts := strings.Split(wrap(cell, columns-used), "\n")
		for _, part := range parts[:len(parts)-1] {
			lines = append(lines, line+part)
			line = strings.Repeat(" ", used)
		}
		line += parts[len(parts)-1]
	}
	for i, l := range append(lines, line) {
		if i == 0 {
			lines = nil
		}
		lines = append(lines, strings.TrimRight(l, " "))
	}
	return strings.Join(lines, "\n")
}

// longestWord is the length of a text's longest word.
func longestWord(text string) (n int) {
	for _, word := range strings.Fields(text) {
		n = max(n, utf8.RuneCountInString(word))
	}
	return n
}

// printRow prints cells on one line, or on several if the terminal is too narrow.
func printRow(w io.Writer, cells ...string) { fmt.Fprintln(w, layout(cells, columns(w))) }

// count is a whole number with commas.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size is a number of bytes in a suitable unit: 6.7 MB.
func size(bytes int) string {
	x, units := float64(bytes), []string{"B", "kB", "MB", "GB"}
	for x >= 999.5 && len(units) > 1 {
		x, units = x/1000, units[1:]
	}
	return fmt.Sprintf("%.3g %s", x, units[0])
}

// percent is a fraction as a percentage: 95.42%.
func percent(x float64) string { return fmt.Sprintf("%.2f%%", 100*x) }

// shape writes (1,28,28) as 1×28×28.
func shape(s []int) string { return strings.Join(cells(s), "×") }

// fraction is correct/total, which is NaN if total is 0.
func fraction(correct, total int) float64 { return float64(correct) / float64(total) }

// histogram counts the labels of each class.
func histogram(labels []byte, classes int) []int {
	n := make([]int, classes)
	for _, l := range labels {
		n[l]++
	}
	return n
}

// cells are numbers as texts.
func cells(numbers []int) []string {
	text := make([]string, len(numbers))
	for i, n := range numbers {
		text[i] = strconv.Itoa(n)
	}
	return text
}
