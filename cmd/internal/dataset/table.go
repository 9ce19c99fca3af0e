package dataset

import (
	"math"
	"path/filepath"
	"slices"

	"github.com/stheno-ml/stheno/internal/term"
)

// The inputs of tables and pictures may take at most maxGrowth times the bytes of their files, or maxSmall bytes if that is more. A number of a
// table has at least two bytes and takes four. But a text takes four bytes for each different text of its column, and a blank picture has few bytes.
const (
	maxGrowth = 256
	maxSmall  = 192 << 20
)

// openTable reads a table twice: once to find out what its columns are, and once to fill memory of the right size.
func openTable(path string, o Options) (*Data, error) {
	schema, f, err := o.fillerOf(path)
	if err != nil {
		return nil, err
	}
	d := &Data{Name: filepath.Base(path), Path: path, Schema: *schema, Files: []File{{filepath.Base(path), f.size, f.digest()}}}
	if f.targets == nil {
		return nil, errorf(path, "no column %s; add it, the network predicts it", term.OneOf(schema.Targets))
	}
	if err := d.divide(f.part, nil, 0, o); err != nil {
		return nil, err
	}
	if o.Schema == nil {
		d.Schema.measure(d.Train, o)
	}
	for _, p := range []Part{d.Train, d.Validation, d.Test} {
		d.Schema.finish(p.X)
	}
	return d, nil
}

// Rows reads the rows of another table with the schema's columns, in any order. Other columns are ignored. If the table has the targets, so does
// the part. Of the options, only Progress matters.
func (s *Schema) Rows(path string, o Options) (Part, error) {
	if s.Kind != Table {
		return Part{}, errorf(path, "a table, but the network was trained on %s; give a file of that kind", s.Kind)
	}
	_, f, err := Options{Schema: s, Progress: o.Progress}.fillerOf(path)
	if err != nil {
		return Part{}, err
	}
	s.finish(f.part.X)
	s.scaleTargets(f.part.Y)
	return f.part, nil
}

// fillerOf reads a table by the options' schema, or by its own, and returns the schema.
func (o Options) fillerOf(path string) (*Schema, *filler, error) {
	progress := o.twice()
	sheet, err := openSheet(path, progress(0))
	if err != nil {
		return nil, nil, err
	}
	defer sheet.close()
	schema, n, gaps := o.Schema, 0, o.FillMean
	if schema != nil {
		gaps = schema.filled()
		err = sheet.rows(func(int, []string) error { n++; return nil })
	} else if v, wrong := sheet.survey(o); wrong != nil {
		err = wrong
	} else {
		schema, n = v.schema(), v.n
	}
	if err != nil {
		return nil, nil, err
	}
	again, err := openSheet(path, progress(1))
	if err != nil {
		return nil, nil, err
	}
	defer again.close()
	f := &filler{sheet: again, schema: schema, gaps: gaps}
	if err := f.layout(n); err != nil {
		return nil, nil, err
	}
	if err := again.rows(f.row); err != nil {
		return nil, nil, err
	}
	if f.at != n || again.digest() != sheet.digest() {
		return nil, nil, f.changed()
	}
	return schema, f, nil
}

// twice is o.Progress for the first or the second reading of a file that is read twice.
func (o Options) twice() func(pass int64) func(done, size int64) {
	return func(pass int64) func(done, size int64) {
		if o.Progress == nil {
			return nil
		}
		return func(done, size int64) { o.Progress(pass*size+done, 2*size) }
	}
}

// schema is a table's schema, except for the scales.
func (v *survey) schema() *Schema {
	s := &Schema{Kind: Table, Targets: slices.Clone(v.o.Target)}
	inputs := 0
	for i, c := range v.columns {
		switch {
		case slices.Contains(v.targets, i):
			if !c.numbers || v.classes() {
				s.Classes = c.sorted()
			}
		case c.numbers:
			column := Column{Name: v.names[i], Scale: Scale{0, 1}}
			if !v.o.Unscaled {
				column.Base = c.base()
			}
			s.Columns = append(s.Columns, column)
			inputs++
		default:
			s.Columns = append(s.Columns, Column{Name: v.names[i], Texts: c.sorted(), Scale: Scale{0, 1}})
			inputs += len(c.texts)
		}
	}
	s.Input = []int{inputs}
	return s
}

// width is the number of inputs of a column.
func (c *Column) width() int {
	if c.Texts == nil {
		return 1
	}
	return len(c.Texts)
}

// A filler writes a table's rows to a part, by a schema.
type filler struct {
	*sheet
	schema  *Schema
	from    []int            // for each column of the schema, the table's column
	texts   []map[string]int // for each column of the schema, the numbers of its texts
	targets []int            // the table's target columns; nil: it has none
	classes map[string]int
	part    Part
	gaps    bool // cells may be missing
	at      int  // rows written
}

func (s *sheet) changed() error {
	return errorf(s.path, "the file changed while it was being read; try again when it is complete")
}

// layout finds the schema's columns among those of the table, and makes the part's memory.
func (f *filler) layout(n int) error {
	index := map[string]int{}
	for i, name := range f.names {
		index[name] = i
	}
	inputs := f.schema.Input[0]
	if most := max(maxSmall, maxGrowth*f.size); int64(inputs) > most/4/int64(n) {
		return errorf(f.path, "%d rows of %d inputs take more than %d MiB; delete columns with many texts, such as %s", n, inputs, most>>20, f.schema.widest())
	}
	for _, c := range f.schema.Columns {
		i, ok := index[c.Name]
		if !ok {
			return errorf(f.path, "%v; the network was trained with this column", term.Unknown("column", c.Name, f.names))
		}
		f.from = append(f.from, i)
		f.texts = append(f.texts, numbered(c.Texts))
	}
	f.classes = numbered(f.schema.Classes)
	for _, name := range f.schema.Targets {
		if i, ok := index[name]; ok {
			f.targets = append(f.targets, i)
		}
	}
	f.part = Part{N: n, X: make([]float32, n*inputs), shape: f.schema.Input}
	switch {
	case len(f.targets) < len(f.schema.Targets):
		f.targets = nil
	case f.schema.Classes != nil:
		f.part.Labels = make([]int, n)
	default:
		f.part.targets = len(f.targets)
		f.part.Y = make([]float32, n*len(f.targets))
	}
	return nil
}

// widest is the name of the column with the most inputs.
func (s *Schema) widest() string {
	return slices.MaxFunc(s.Columns, func(a, b Column) int { return a.width() - b.width() }).Name
}

func numbered(texts []string) map[string]int {
	m := map[string]int{}
	for i, t := range texts {
		m[t] = i
	}
	return m
}

// row writes a row.
func (f *filler) row(line int, cells []string) error {
	if f.at == f.part.N {
		return f.changed()
	}
	x := f.part.X[f.at*f.schema.Input[0]:]
	for k := range f.schema.Columns {
		c := &f.schema.Columns[k]
		if err := f.input(x[:c.width()], c, k, line, cells[f.from[k]]); err != nil {
			return err
		}
		x = x[c.width():]
	}
	for k, i := range f.targets {
		if err := f.target(k, i, line, cells[i]); err != nil {
			return err
		}
	}
	f.at++
	return nil
}

// input writes the inputs of a cell.
func (f *filler) input(x []float32, c *Column, k, line int, cell string) error {
	if c.Texts != nil {
		if t, ok := f.texts[k][cell]; ok {
			x[t] = 1
			return nil
		}
		if cell != "" {
			return f.cell(line, f.from[k], "%v", term.Unknown("text", cell, short(c.Texts)))
		}
	} else if v, ok := number(cell); ok {
		x[0] = float32(v - c.Base)
		if math.IsInf(float64(x[0]), 0) {
			return f.cell(line, f.from[k], "%v is too large; use numbers up to 3e38", v)
		}
		return nil
	} else if !missing(cell) {
		return f.cell(line, f.from[k], "%q is not a number; correct it", cell)
	}
	if !f.gaps {
		return f.cell(line, f.from[k], "the cell is missing, and the network was trained without --fill mean; complete it")
	}
	for i := range x {
		x[i] = float32(math.NaN())
	}
	return nil
}

// target writes the target.
func (f *filler) target(k, column, line int, cell string) error {
	x, ok := number(cell)
	if f.part.Labels == nil {
		if !ok {
			return f.cell(line, column, "%q is not a number to predict; correct it, or delete the row", cell)
		}
		f.part.Y[f.at*f.part.targets+k] = float32(x)
		return nil
	}
	if ok {
		cell = class(x)
	}
	label, ok := f.classes[cell]
	if !ok {
		return f.cell(line, column, "%v", term.Unknown("class", cell, short(f.schema.Classes)))
	}
	f.part.Labels[f.at] = label
	return nil
}

// short is the first few texts, for an error.
func short(texts []string) []string { return texts[:min(10, len(texts))] }

// measure finds the scales of the columns of numbers, and the values for missing cells: each input's mean over the training part.
func (s *Schema) measure(part Part, o Options) {
	at := 0
	for k := range s.Columns {
		c := &s.Columns[k]
		for j := range c.width() {
			scale := scaleOf(func(yield func(float32) bool) {
				for i := at + j; i < len(part.X); i += s.Input[0] {
					if x := part.X[i]; x == x && !yield(x) {
						return
					}
				}
			})
			if o.FillMean {
				c.Fill = append(c.Fill, float32(scale.Mean))
			}
			if c.Texts == nil && !o.Unscaled {
				c.Scale = scale
			}
		}
		at += c.width()
	}
}

// filled reports whether cells may be missing.
func (s *Schema) filled() bool { return s.Columns[0].Fill != nil }

// finish fills in missing inputs, and scales all: then the inputs x, row by row, are as the network sees them.
func (s *Schema) finish(x []float32) {
	for ; len(x) > 0; x = x[s.Input[0]:] {
		at := 0
		for k := range s.Columns {
			c := &s.Columns[k]
			for j := range c.width() {
				v := x[at]
				if v != v {
					v = c.Fill[j]
				}
				x[at] = c.Scale.of(v)
				at++
			}
		}
	}
}
