package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/compare"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/models"
)

// compareFile compares the gradients in a file with the graph's. Without a model's name, the network is the fully connected one that the
// weights in the file belong to.
func (a *app) compareFile(ctx context.Context, f *compareFlags, name, path string) error {
	if err := f.forFile(); err != nil {
		return err
	}
	var model *models.Model
	if name != "" {
		m, err := a.model(name)
		if err != nil {
			return err
		}
		model = &m
	}
	file, err := compare.ReadFile(path)
	if unknown, ok := errors.AsType[*compare.UnknownKeysError](err); ok {
		return dataf("%s: %s", path, nearestKeys(unknown.Keys))
	}
	if err != nil {
		return dataf("%w", err)
	}
	tol := 0.
	if f.set.Changed("tol") {
		tol = f.tol
	}
	found, err := file.Check(ctx, model, tol)
	if interrupted(ctx, err) {
		return cutShort(ctx, "interrupted")
	}
	if err != nil {
		return dataf("%w", err)
	}
	if f.json {
		err = printJSON(a.out, findingObject(path, name, found))
	} else {
		a.showFinding(path, found)
	}
	if err == nil && found.First != nil {
		err = &exitError{exitCheck, fmt.Errorf("%s differs: %s", path, firstDifference(found))}
	}
	return err
}

// forFile refuses flags that have no meaning for a file.
func (f *compareFlags) forFile() error {
	var err error
	f.set.Visit(func(g *pflag.Flag) {
		if !slices.Contains([]string{"against", "tol", "json"}, g.Name) {
			err = usagef("--%s with --against %s; leave it out, the file says what to compare", g.Name, filepath.Base(f.against))
		}
	})
	return err
}

// nearestKeys suggests names for unknown arrays.
func nearestKeys(keys []string) string {
	var parts []string
	for _, k := range keys {
		text := fmt.Sprintf("unknown array %q", k)
		plain := strings.Map(func(r rune) rune { // a layer may have any number
			if unicode.IsDigit(r) {
				return '1'
			}
			return r
		}, k)
		if near := term.Nearest(plain, compare.Keys); near != "" {
			text += fmt.Sprintf("; did you mean %s?", near)
		}
		parts = append(parts, text)
	}
	if len(parts) > 3 {
		parts = append(parts[:3], fmt.Sprintf("and %d more", len(keys)-3))
	}
	return fmt.Sprintf("%s (the names are %s)", strings.Join(parts, ", "), strings.Join(compare.Keys, ", "))
}

func (a *app) showFinding(path string, f *compare.Finding) {
	tableView{a.out}.lines([][2]string{
		{"file", fmt.Sprintf("%s: %s, %s of %s", path, f.Type, plural(f.Steps, "mini-batch", "mini-batches"), plural(f.Examples, "example", "examples"))},
		{"network", f.Network},
		{"read as", f.Layout},
	})
	fmt.Fprintln(a.out)
	var t table
	t.add("tensor", "shape", "difference", "relative", "")
	for _, c := range f.Tensors {
		t.add(c.Name, shape(c.Shape), fmt.Sprintf("%.1e", c.Abs), fmt.Sprintf("%.1e", c.Rel), judgment(c.Same)+atStep(c.Step))
	}
	t.print(a.out)
	fmt.Fprintln(a.out)
	for _, n := range f.Notes {
		fmt.Fprintln(a.out, wrap("note: "+n+".", 100))
	}
	if f.First == nil {
		fmt.Fprintf(a.out, "same: no difference beyond %g of a tensor's largest number\n", f.Tol)
	} else {
		fmt.Fprintln(a.out, "differs: "+firstDifference(f))
	}
	switch d := f.Diagnosis; {
	case d != nil && d.Also == nil:
		fmt.Fprintln(a.out, wrap(fmt.Sprintf("%s: %s", d.Name, d.Text), 100))
	case d != nil:
		fmt.Fprintln(a.out, wrap(fmt.Sprintf("%s: %s (On this mini-batch %s would look the same.)", d.Name, d.Text, term.OneOf(d.Also)), 100))
	case f.First != nil:
		fmt.Fprintln(a.out, wrap("No known mistake explains it. Differences below the first may only follow from it.", 100))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

func judgment(same bool) string {
	if same {
		return "same"
	}
	return "differs"
}

// atStep names the step, if a file has several.
func atStep(step int) string {
	if step < 0 {
		return ""
	}
	return fmt.Sprintf(" at step %d", step)
}

// firstDifference says where the first difference is, and how large.
func firstDifference(f *compare.Finding) string {
	return fmt.Sprintf("first in %s%s, from the output backwards, by %.2g of its largest number; the tolerance is %g",
		f.First.Tensor, atStep(f.First.Step), f.First.Rel, f.Tol)
}

func findingObject(path, model string, f *compare.Finding) object {
	var tensors []object
	weights := any(nil)
	for _, c := range f.Tensors {
		tensors = append(tensors, object{
			{"tensor", c.Name}, {"shape", c.Shape}, {"what", what(&compare.Beyond{Gradient: !c.Weight})}, {"step", max(c.Step, 0)},
			{"rel", c.Rel}, {"abs", c.Abs}, {"verdict", judgment(c.Same)},
		})
		if c.Weight {
			weights = f.Weights
		}
	}
	var first, diagnosis any
	if b := f.First; b != nil {
		first = object{{"tensor", b.Tensor}, {"what", what(b)}, {"step", max(b.Step, 0)}, {"rel", b.Rel}, {"abs", b.Abs}}
	}
	if d := f.Diagnosis; d != nil {
		diagnosis = object{{"name", d.Name}, {"text", d.Text}, {"also", d.Also}, {"beside", orNull(d.Beside)}}
	}
	return object{
		{"model", orNull(model)}, {"against", path}, {"network", f.Network}, {"layout", f.Layout}, {"dtype", f.Type}, {"tol", f.Tol}, {"steps", f.Steps},
		{"max_rel_grad", f.Gradients}, {"max_rel_weight", weights}, {"verdict", judgment(f.First == nil)}, {"first", first}, {"diagnosis", diagnosis},
		{"notes", f.Notes}, {"tensors", tensors},
	}
}

// orNull is the text, or null if it is empty.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
