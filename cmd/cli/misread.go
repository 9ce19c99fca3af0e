package cli

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/stheno-ml/stheno/cmd/internal/plot"
)

// mistake is an image that was misread.
type mistake struct {
	image, label, answer int     // answer is −1 if there is none
	p                    float64 // the output for the answer
}

// mistakes lists all mistakes, those with the largest output first.
func (r evaluation) mistakes() []mistake {
	var list []mistake
	for i, label := range r.part.Labels {
		if m := (mistake{i, label, r.answers[i], math.NaN()}); m.answer != m.label {
			if m.answer >= 0 {
				m.p = float64(r.outputs(i)[m.answer])
			}
			list = append(list, m)
		}
	}
	slices.SortStableFunc(list, func(a, b mistake) int { return cmp.Compare(b.p, a.p) }) // NaN is last
	return list
}

// showMistakes prints the worst of all mistakes as a table, or the file that they are drawn in.
func (a *app) showMistakes(r evaluation, worst []mistake, all int, output string) {
	fmt.Fprintf(a.out, "\nmisread: %s, of which %d", count(all), len(worst))
	if output != "" {
		fmt.Fprintf(a.out, " in %s\n", output)
		return
	}
	fmt.Fprint(a.out, "\n\n")
	var t table
	t.add("index", "label", "answer", "p")
	for _, m := range worst {
		t.add(strconv.Itoa(m.image), className(r.names(), m.label), className(r.names(), m.answer), fmt.Sprintf("%.4f", m.p))
	}
	t.print(a.out)
}

func mistakeObjects(list []mistake) []object {
	objects := []object{}
	for _, m := range list {
		answer := any(m.answer)
		if m.answer < 0 {
			answer = nil
		}
		objects = append(objects, object{{"index", m.image}, {"label", m.label}, {"answer", answer}, {"p", m.p}})
	}
	return objects
}

// drawMistakes draws the worst of all mistakes.
func (a *app) drawMistakes(f *evalFlags, r evaluation, worst []mistake, all int) error {
	if len(worst) == 0 {
		a.note(fmt.Errorf("no image is misread, so %s is not drawn", f.output))
		return nil
	}
	set, ok := r.part.Set(r.classes)
	if !ok {
		return usagef("--output draws gray images of bytes, and data %s has %s; leave it out for a table", r.data.Name, examplesOf(r.data.Schema.Input))
	}
	digits := make([]plot.Digit, len(worst))
	for i, m := range worst {
		digits[i] = plot.Digit{Pixels: set.Image(m.image), Label: className(r.names(), m.label), Answer: className(r.names(), m.answer)}
	}
	number := strconv.Itoa(len(worst))
	if len(worst) < all {
		number += " of " + count(all)
	}
	title := fmt.Sprintf("%s: %s misread %s images; label above, answer below", filepath.Base(r.name), number, r.split)
	return plot.Digits(f.output, title, set.Cols, digits)
}
