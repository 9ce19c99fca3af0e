package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/compare"
	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/plot"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// compareByHand compares a model with package byhand.
func (a *app) compareByHand(ctx context.Context, f *compareFlags, name string) error {
	if name == "" {
		return usagef("compare: no model; use %s", term.OneOf(a.names()))
	}
	c, err := a.newComparison(f, name)
	if err != nil {
		return err
	}
	c.header()
	if err := c.run(ctx); err != nil {
		if interrupted(ctx, err) {
			return cutShort(ctx, "interrupted")
		}
		return fmt.Errorf("model %s: %w", c.model.Name, err)
	}
	if err := c.show(); err != nil {
		return err
	}
	if f.output != "" {
		if err := c.draw(); err != nil {
			return err
		}
		if err := a.wrote(f.output); err != nil {
			return err
		}
	}
	if first := c.lockstep.Report.First; first != nil {
		return &exitError{exitCheck, fmt.Errorf("model %s differs from byhand, %s", c.model.Name, place(first, f.tol))}
	}
	return nil
}

// comparison is one call of compare --against byhand.
type comparison struct {
	app      *app
	flags    *compareFlags
	model    models.Model
	data     *dataset.Data
	lockstep *compare.Lockstep
	w        io.Writer // for everything except the book's lines
	begin    time.Time
	progress *progress
}

func (a *app) newComparison(f *compareFlags, name string) (*comparison, error) {
	if err := a.plausible(name); err != nil {
		return nil, err
	}
	o := f.options(nil)
	o.Seed = f.seed
	data, err := a.openData(f.data, o)
	if err != nil {
		return nil, err
	}
	m, err := a.modelFor(data, name)
	if err != nil {
		return nil, err
	}
	f.override(&m.Recipe)
	data, part, err := f.prepare(data, m)
	if err != nil {
		return nil, err
	}
	net, err := graph.New(m.Net, m.Loss, m.Input, f.config(f.seed, m.Recipe))
	if err != nil {
		return nil, usagef("%w", err)
	}
	if err := checkOutputs(m.Name, net, data); err != nil {
		return nil, err
	}
	l, err := compare.New(net, m, part.Data(), f.seed, f.tol)
	if err != nil {
		return nil, usagef("%w", err)
	}
	c := &comparison{a, f, m, data, l, a.out, time.Now(), newProgress(a.err)}
	if f.json || f.style.value == "book" {
		c.w = a.err
	}
	return c, nil
}

func (c *comparison) header() {
	if c.flags.json {
		return
	}
	r := c.model.Recipe
	without := ""
	if t, err := r.Trainer(nil); err != nil || t.Optimizer != (train.SGD{}) || t.Schedule != (train.Constant{}) || len(t.Etas) > 0 || t.Clip > 0 {
		without = ", but by gradient descent with one eta, the only way by hand"
	}
	if _, ok := r.Augment.(train.Warp); ok {
		without += ", but without warps"
	}
	tableView{c.w}.lines([][2]string{
		{"model", title(c.model)},
		{"", fmt.Sprintf("%s parameters, %s", count(c.lockstep.Net.Size()), c.flags.dtype.value)},
		{"recipe", recipe(r) + without},
		{"seed", fmt.Sprint(c.flags.seed)},
		{"machine", fmt.Sprintf("VM %s, kernel %s, %d threads", c.flags.vm.value, graph.Kernel(), c.flags.processors())},
		{"against", c.lockstep.Referee()},
	})
}

// run makes the steps.
func (c *comparison) run(ctx context.Context) error {
	if !c.flags.whole() {
		return c.steps(ctx, c.flags.steps)
	}
	if c.flags.style.value == "book" {
		fmt.Fprintf(c.app.out, bookPair, "as a graph", "by hand")
	}
	for epoch := range c.model.Recipe.Epochs {
		if err := c.steps(ctx, c.lockstep.Epoch()); err != nil {
			return err
		}
		if err := c.epoch(ctx, epoch); err != nil {
			return err
		}
	}
	return nil
}

// steps makes n steps, and shows progress.
func (c *comparison) steps(ctx context.Context, n int) error {
	defer c.progress.clear()
	for i := range n {
		c.progress.say("step %s of %s", count(i+1), count(n))
		if err := c.lockstep.Run(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}

// bookPair is the book's line for each side.
const bookPair = "%-24s  %s\n"

// epoch prints a line after an epoch.
func (c *comparison) epoch(ctx context.Context, epoch int) error {
	if c.flags.style.value != "book" {
		r := c.lockstep.Report
		fmt.Fprintf(c.app.err, "epoch %d: so far, gradients differ by %.1e at most, weights by %.1e\n", epoch, slices.Max(r.Gradients), slices.Max(r.Weights))
		return nil
	}
	graph, referee, err := c.lockstep.Evaluate(ctx, c.data.Test.Data())
	if err == nil {
		line := func(correct int) string { return fmt.Sprintf("Epoch %d: %d / %d", epoch, correct, c.data.Test.Len()) }
		fmt.Fprintf(c.app.out, bookPair, line(graph), line(referee))
	}
	return err
}

// show prints a line for each tensor, and the verdict.
func (c *comparison) show() error {
	r := c.lockstep.Report
	if c.flags.json {
		return printJSON(c.app.out, c.object(r))
	}
	fmt.Fprintln(c.w)
	var t table
	t.add("tensor", "shape", "gradient", "at step", "weight", "at step")
	for _, p := range r.Tensors {
		t.add(p.Name, shape(p.Shape), fmt.Sprintf("%.1e", p.Gradient.Rel), count(p.Gradient.Step), fmt.Sprintf("%.1e", p.Weight.Rel), count(p.Weight.Step))
	}
	t.print(c.w)
	fmt.Fprintf(c.w, "\nIn the first of %s steps, the gradients differ by %.1e at most.\n", count(r.Steps), r.Gradients[0])
	if r.Resets > 0 {
		fmt.Fprintf(c.w, "Steps at which rounding had grown beyond %g, and which were repeated by hand from the graph's weights: %s.\n", r.Tol, count(r.Resets))
	}
	if r.First == nil {
		fmt.Fprintf(c.w, "same: no difference beyond %g of a tensor's largest number\n", r.Tol)
	} else {
		fmt.Fprintf(c.w, "differs: %s\n", place(r.First, r.Tol))
	}
	return nil
}

// place says where a difference is, and how large.
func place(b *compare.Beyond, tol float64) string {
	return fmt.Sprintf("first in the %s of %s at step %d, by %.2g of its largest number; the tolerance is %g", what(b), b.Tensor, b.Step, b.Rel, tol)
}

func what(b *compare.Beyond) string {
	if b.Gradient {
		return "gradient"
	}
	return "weight"
}

func (c *comparison) object(r compare.Report) object {
	var list []object
	for _, p := range r.Tensors {
		list = append(list, object{
			{"tensor", p.Name}, {"shape", p.Shape},
			{"rel_grad", p.Gradient.Rel}, {"abs_grad", p.Gradient.Abs}, {"grad_step", p.Gradient.Step},
			{"rel_weight", p.Weight.Rel}, {"abs_weight", p.Weight.Abs}, {"weight_step", p.Weight.Step},
		})
	}
	var first any
	verdict := "same"
	if b := r.First; b != nil {
		verdict, first = "differs", object{{"tensor", b.Tensor}, {"what", what(b)}, {"step", b.Step}, {"rel", b.Rel}, {"abs", b.Abs}}
	}
	f := c.flags
	return object{
		{"model", c.model.Name}, {"against", byHand}, {"seed", f.seed}, {"vm", f.vm.value}, {"kernel", graph.Kernel()},
		{"dtype", f.dtype.value}, {"tol", r.Tol}, {"steps", r.Steps}, {"resets", r.Resets}, {"first_step_rel_grad", r.Gradients[0]},
		{"max_rel_grad", slices.Max(r.Gradients)}, {"max_rel_weight", slices.Max(r.Weights)}, {"first", first}, {"verdict", verdict},
		{"tensors", list}, {"seconds", time.Since(c.begin).Seconds()},
	}
}

// draw draws the differences.
func (c *comparison) draw() error {
	r := c.lockstep.Report
	var steps []float64
	for i := range r.Steps {
		steps = append(steps, float64(i+1))
	}
	title := fmt.Sprintf("%s, a graph in %s against backpropagation by hand", c.model.Name, c.flags.dtype.value)
	return plot.Lines(c.flags.output, plot.Axes{Title: title, X: "step", Y: "largest relative difference", LogY: true},
		plot.Series{Name: "gradient", X: steps, Y: r.Gradients}, plot.Series{Name: "weight", X: steps, Y: r.Weights})
}
