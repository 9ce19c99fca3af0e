package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// framed reports whether the network reads digits in MNIST's frame.
func (t *trained) framed() bool {
	return t.net.Input.Eq(graph.Shape{1, 28, 28}) && t.schema.Kind != dataset.Pictures && t.schema.Bytes && t.schema.Classes != nil
}

// isRows reports whether a file has examples, as lines or in an array, rather than a picture.
func isRows(file string) bool {
	return slices.Contains([]string{".csv", ".tsv", ".npz"}, strings.ToLower(filepath.Ext(file)))
}

// reads is an error if the run was trained on other kinds of files.
func (t *trained) reads(files []string) error {
	picture := slices.ContainsFunc(files, func(file string) bool { return !isRows(file) })
	switch {
	case !picture || t.framed() || t.schema.Kind == dataset.Pictures:
		return nil
	case t.schema.Kind == dataset.Table:
		return usagef("%s: the network takes rows of a table; give a FILE.csv with the columns %s", t.path, some(t.schema.ColumnNames()))
	}
	return usagef("%s: %w; use another run, or a FILE.npz with an array x", t.path, t.unread())
}

// unread is why the network does not read pictures.
func (t *trained) unread() error {
	if frame := (graph.Shape{1, 28, 28}); t.net.Input.Eq(frame) {
		return fmt.Errorf("the network was trained on numbers in images of %s, and pictures are bytes", shape(frame))
	}
	return fmt.Errorf("the network takes %s, and pictures are framed to 1×28×28", examplesOf(t.net.Input))
}

// predictFiles goes through the files with examples. Those that cannot be read are reported at the end.
func (a *app) predictFiles(t *trained, files []string, json bool) error {
	p := &predictions{app: a, t: t, json: json, many: len(files) > 1}
	var bad []error
	for _, file := range files {
		part, err := a.examplesIn(t, file)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		y, err := train.Predict(t.net, part)
		if err != nil {
			return err
		}
		if err := p.show(file, part.Len(), y); err != nil {
			return err
		}
	}
	if bad != nil {
		return &exitError{exitData, errors.Join(bad...)}
	}
	if p.nan > 0 {
		return &exitError{exitDiverged, fmt.Errorf("outputs for %s are NaN or infinite; use weights from before that, or train with a smaller eta",
			plural(p.nan, "example", "examples"))}
	}
	return nil
}

// examplesIn reads the examples in a file as the network takes them.
func (a *app) examplesIn(t *trained, file string) (dataset.Part, error) {
	if isRows(file) {
		p := newProgress(a.err)
		defer p.clear()
		return t.schema.Examples(file, dataset.Options{Progress: p.reading(file)})
	}
	if t.framed() { // together with a file of rows
		digits, err := digitsIn(file)
		p := dataset.Part{N: len(digits)}.Of(t.schema.Input)
		for _, d := range digits {
			p.Pixels = append(p.Pixels, d.Pixels...)
		}
		return p, err
	}
	f, _, err := intake.OpenFile("", file, os.O_RDONLY)
	if err != nil {
		return dataset.Part{}, err
	}
	defer f.Close()
	img, err := mnist.ReadImage(f, file)
	if err != nil {
		return dataset.Part{}, err
	}
	return dataset.Part{N: 1, Pixels: t.schema.Pixels(img)}.Of(t.schema.Input), nil
}

// predictions prints what a network predicts, a line for each example.
type predictions struct {
	app    *app
	t      *trained
	json   bool
	many   bool // there are several files
	headed bool
	nan    int // examples with an output that is NaN or infinite
}

// show prints the outputs for the examples of a file.
func (p *predictions) show(file string, n int, y []float32) error {
	if p.t.schema.Classes == nil {
		p.t.schema.Restore(y)
	}
	for i := range n {
		out := y[i*p.t.net.Outputs : (i+1)*p.t.net.Outputs]
		if diverged(out) {
			p.nan++
		}
		var err error
		if p.json {
			err = printJSON(p.app.out, p.object(file, i, out))
		} else {
			err = p.line(file, i, out)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// object is the JSON for one example.
func (p *predictions) object(file string, i int, y []float32) object {
	o, s := object{{"file", file}}, p.t.schema
	if s.Kind != dataset.Pictures {
		o = append(o, field{"row", i + 1})
	}
	if s.Classes == nil {
		values := object{}
		for k, name := range s.Targets {
			values = append(values, field{name, float64(y[k])})
		}
		return append(o, field{"values", values})
	}
	var class any
	if !diverged(y) {
		class = className(s.Classes, graph.Argmax(y))
	}
	return append(o, field{"class", class}, field{"p", y})
}

// line prints one example, the first below a head with the names of classes or targets. If there are many classes, only the output of the
// answer is shown.
func (p *predictions) line(file string, i int, y []float32) error {
	s := p.t.schema
	first, outputs := cell{name: "row", text: fmt.Sprint(i + 1), width: 5}, []cell{}
	if s.Kind == dataset.Pictures {
		first = cell{name: "file", text: file, width: -max(24, utf8.RuneCountInString(file))}
	} else if p.many {
		first = cell{name: "row", text: fmt.Sprintf("%s:%d", file, i+1), width: -(utf8.RuneCountInString(file) + 7)}
	}
	switch {
	case s.Classes == nil:
		for k, name := range s.Targets {
			outputs = append(outputs, cell{name: name, text: figure(float64(y[k])), width: 10})
		}
	case len(s.Classes) > manyClasses:
		outputs = append(outputs, p.class(y), cell{name: "p", text: fmt.Sprintf("%.3f", slices.Max(y)), width: 5})
	default:
		outputs = append(outputs, p.class(y))
		for k, v := range y {
			outputs = append(outputs, cell{name: className(s.Classes, k), text: fmt.Sprintf("%.3f", v), width: 5})
		}
	}
	head, text := "", ""
	for _, c := range append([]cell{first}, outputs...) {
		width := max(c.width, utf8.RuneCountInString(c.name))
		if c.width < 0 {
			width = c.width
		}
		head += fmt.Sprintf("%*s  ", width, c.name)
		text += fmt.Sprintf("%*s  ", width, c.text)
	}
	if !p.headed {
		printRow(p.app.out, intake.Line(strings.TrimRight(head, " ")))
		p.headed = true
	}
	printRow(p.app.out, intake.Line(strings.TrimRight(text, " ")))
	return p.app.out.err
}

// class is the cell with the answer, as wide as the longest name.
func (p *predictions) class(y []float32) cell {
	s, width := p.t.schema, 5
	for _, name := range s.Classes {
		width = max(width, utf8.RuneCountInString(name))
	}
	answer := "–"
	if !diverged(y) {
		answer = className(s.Classes, graph.Argmax(y))
	}
	return cell{name: s.Targets[0], text: answer, width: -max(width, utf8.RuneCountInString(s.Targets[0]))}
}
