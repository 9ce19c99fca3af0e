package dataset

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/internal/term"
)

// The limits of a column of texts, in which each different text is an input or a class.
const (
	maxTexts  = 1000 // different texts
	maxLetter = 1000 // bytes of a text
	fewRows   = 20   // in a smaller table, every row may have another text
)

// found is what the first reading of a table finds in a column.
type found struct {
	numbers  bool           // the first cell that was not missing is a number
	decided  int            // the line of that cell; 0 before it
	example  string         // that cell
	texts    map[string]int // the texts' numbers, in the order of the file, later sorted
	empty    int            // the line of the first empty cell; 0 if there is none
	missing  int            // the line of the first missing cell
	low      float64        // the smallest number
	high     float64
	counting bool // every cell so far is the one above it plus 1
	last     float64
}

// survey is the result of reading a table once: the kinds of its columns, their texts, and the number of rows.
type survey struct {
	*sheet
	o       Options
	columns []found
	targets []int // columns, in the order of Options.Target
	n       int   // rows
}

// survey reads the table.
func (s *sheet) survey(o Options) (*survey, error) {
	v := &survey{sheet: s, o: o, columns: make([]found, len(s.names))}
	if len(o.Target) == 0 {
		last := s.names[len(s.names)-1]
		return nil, &OptionError{s.path, "no column to predict; use --target " + last + ", or another of " + strings.Join(s.names, ", ")}
	}
	for _, name := range o.Target {
		i := slices.Index(s.names, name)
		if i < 0 {
			return nil, &OptionError{s.path, term.Unknown("column", name, s.names).Error()}
		}
		if slices.Contains(v.targets, i) {
			return nil, &OptionError{s.path, "column " + name + " is given twice in --target; leave one out"}
		}
		v.targets = append(v.targets, i)
	}
	if o.Goal == Classes && len(o.Target) > 1 {
		return nil, &OptionError{s.path, "only one column can be predicted as classes; name one in --target, or use a loss for numbers, such as mse"}
	}
	if len(v.targets) == len(s.names) {
		return nil, &OptionError{s.path, "every column is in --target; leave one as an input"}
	}
	for i := range v.columns {
		v.columns[i] = found{low: math.Inf(1), high: math.Inf(-1), counting: true}
	}
	if err := s.rows(v.look); err != nil {
		return nil, err
	}
	return v, v.judge()
}

// look takes a row into account.
func (v *survey) look(line int, cells []string) error {
	v.n++
	for i, cell := range cells {
		c := &v.columns[i]
		if x, ok := number(cell); ok {
			if err := v.number(c, line, i, x); err != nil {
				return err
			}
			continue
		}
		if err := v.text(c, line, i, cell); err != nil {
			return err
		}
	}
	return nil
}

// number takes a cell with a number into account.
func (v *survey) number(c *found, line, column int, x float64) error {
	if c.decided == 0 {
		c.numbers, c.decided, c.example = true, line, strconv.FormatFloat(x, 'g', -1, 64)
	}
	if !c.numbers {
		return v.cell(line, column, "the number %v, but the text %q in line %d; make all cells numbers, or all texts", x, c.example, c.decided)
	}
	if math.Abs(x) > math.MaxFloat32 {
		return v.cell(line, column, "%v is too large; use numbers up to 3e38", x)
	}
	c.counting = c.counting && (v.n == 1 && (x == 0 || x == 1) || v.n > 1 && x == c.last+1)
	c.low, c.high, c.last = min(c.low, x), max(c.high, x), x
	if v.classes() && column == v.targets[0] {
		if x != math.Trunc(x) {
			return v.cell(line, column, "%v is not a class; use whole numbers or texts", x)
		}
		return v.note(c, line, column, class(x))
	}
	return nil
}

// classes reports whether numbers in the target are classes.
func (v *survey) classes() bool { return v.o.Goal == Classes }

// class is the name of a class given as a number.
func class(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// text takes a cell without a number into account.
func (v *survey) text(c *found, line, column int, cell string) error {
	if cell == "" && c.empty == 0 {
		c.empty = line
	}
	if missing(cell) {
		c.counting = false
		if c.missing == 0 {
			c.missing = line
		}
		if cell == "" || c.decided > 0 && c.numbers {
			return nil
		}
		return v.note(c, line, column, cell) // among texts, it is just another text
	}
	if grouped(cell) {
		return v.cell(line, column, "%q has a comma; write numbers with a point, such as 1.5 and 1234", cell)
	}
	if c.decided == 0 {
		c.decided, c.example = line, cell
	}
	if c.numbers {
		return v.cell(line, column, "%q is not a number, but line %[3]d has %[2]s; correct it, or leave it empty and use --fill mean", cell, c.example, c.decided)
	}
	return v.note(c, line, column, cell)
}

// note records a text.
func (v *survey) note(c *found, line, column int, text string) error {
	if _, ok := c.texts[text]; ok {
		return nil
	}
	switch {
	case !utf8.ValidString(text):
		return v.cell(line, column, "%q is not UTF-8; save the table as UTF-8", text)
	case len(text) > maxLetter:
		return v.cell(line, column, "a text of %d bytes, and every different text becomes an input; delete the column", len(text))
	case len(c.texts) == maxTexts:
		return v.cell(line, column, "more than %d different texts, such as %q; delete the column if it is a name or an id", maxTexts, text)
	}
	if c.texts == nil {
		c.texts = map[string]int{}
	}
	c.texts[strings.Clone(text)] = len(c.texts)
	return nil
}

// judge reports what is wrong with columns, after all cells have been read.
func (v *survey) judge() error {
	for i := range v.columns {
		c, target := &v.columns[i], slices.Contains(v.targets, i)
		gap := c.missing // among texts, only an empty cell is missing
		if !c.numbers {
			gap = c.empty
		}
		switch {
		case c.decided == 0:
			return errorf(v.path, "column %s: all cells are empty; delete the column", v.names[i])
		case gap > 0 && target:
			return v.cell(gap, i, "nothing to predict; delete the row or complete it")
		case gap > 0 && !v.o.FillMean:
			return v.cell(gap, i, "the cell is missing; complete it, or use --fill mean")
		case !c.numbers && len(c.texts) > v.n/2 && v.n >= fewRows:
			return errorf(v.path, "column %s: %d different texts in %d rows, such as %q; delete the column if it is a name or an id",
				v.names[i], len(c.texts), v.n, c.example)
		case c.numbers && c.counting && !target && v.n >= fewRows && numbersRows(v.names[i]):
			return errorf(v.path, "column %s: it numbers the rows, so a network would learn their order; delete it", v.names[i])
		case target && !c.numbers && (len(v.targets) > 1 || v.o.Goal == Numbers):
			return v.cell(c.decided, i, "%q is not a number, and texts can be predicted only in a single column, as classes; correct it", c.example)
		case target && (!c.numbers || v.classes()) && len(c.texts) == 1:
			return errorf(v.path, "column %s: the only class is %s; add rows with another, or predict another column", v.names[i], c.example)
		}
		c.sort()
	}
	return nil
}

// numbersRows reports whether a column of this name may number the rows.
func numbersRows(name string) bool {
	switch strings.ToLower(name) {
	case "id", "index", "row", "no", "nr", "#", "unnamed: 0":
		return true
	}
	return false
}

// sort numbers the texts in sorted order; classes that are whole numbers are sorted as numbers.
func (c *found) sort() {
	for k, text := range c.sorted() {
		c.texts[text] = k
	}
}

func (c *found) sorted() []string {
	list := make([]string, 0, len(c.texts))
	for text := range c.texts {
		list = append(list, text)
	}
	slices.SortFunc(list, func(a, b string) int {
		if c.numbers {
			x, _ := number(a)
			y, _ := number(b)
			return cmp.Compare(x, y)
		}
		return cmp.Compare(a, b)
	})
	return list
}

// base is the number to subtract from numbers that are far from 0 but close together, such as times, before they are rounded to the 24 bits of
// float32.
func (c *found) base() float64 {
	if c.high-c.low < max(math.Abs(c.low), math.Abs(c.high))/1024 {
		return c.low
	}
	return 0
}
