package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// gradcheckFlags are the flags of gradcheck.
type gradcheckFlags struct {
	samples, batch int
	seed           uint64
	rtol           float64
	json           bool
}

func (a *app) gradcheckCommand() *cobra.Command {
	var f gradcheckFlags
	cmd := &cobra.Command{
		Use:   "gradcheck [flags] MODEL|FILE.toml|NETWORK",
		Short: "Check every gradient against finite differences",
		Long: wrap("Compare the gradient of every parameter with central differences of the cost, in float64, on MNIST's first training "+
			"images, with first weights and fixed dropout masks. A tensor with more elements than --samples is checked at that many "+
			"elements, half of them where the gradient is not 0. Where the cost has a kink, as ReLU and max-pooling cause, the element "+
			"is counted but not compared. Exit with 3 unless every tensor passes.", 100),
		Args:              arguments(1, 1),
		ValidArgsFunction: a.completeModels,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.gradcheck(&f, args[0])
		},
	}
	set := cmd.Flags()
	set.IntVar(&f.samples, "samples", 20, "check at most `N` elements of a tensor")
	set.Float64Var(&f.rtol, "rtol", graph.GradTolerance, "the largest relative `error` that passes")
	set.IntVar(&f.batch, "batch", 4, "use `N` images")
	set.Uint64Var(&f.seed, "seed", 1, "the `N` behind weights and dropout")
	set.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (a *app) gradcheck(f *gradcheckFlags, name string) error {
	m, err := a.model(name)
	if err != nil {
		return err
	}
	tensors, err := f.compare(m, a.err)
	if err != nil {
		return err
	}
	worst := slices.MaxFunc(tensors, tensor.compare)
	if f.json {
		err = printJSON(a.out, f.object(m, tensors, worst))
	} else {
		a.showGradcheck(f, m, tensors)
	}
	if err == nil && worst.verdict != passes {
		err = &exitError{exitCheck, fmt.Errorf("model %s: tensor %s: %s", m.Name, worst.Name, worst.verdict)}
	}
	return err
}

// compare checks every tensor of a model.
func (f *gradcheckFlags) compare(m models.Model, watcher io.Writer) ([]tensor, error) {
	switch {
	case f.samples < 1:
		return nil, usagef("--samples %d; use at least 1", f.samples)
	case !(f.rtol > 0 && f.rtol < 1):
		return nil, usagef("--rtol %v; use above 0, below 1", f.rtol)
	}
	data, err := dataset.Open("", dataset.Options{})
	if err != nil {
		return nil, err
	}
	if f.batch < 1 || f.batch > data.Train.Len() {
		return nil, usagef("--batch %d; use 1 to %d images", f.batch, data.Train.Len())
	}
	if err := fits(data, m); err != nil {
		return nil, err
	}
	net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: f.seed, Init: m.Recipe.Init})
	if err != nil {
		return nil, usagef("model %s: %w", m.Name, err)
	}
	if err := data.CheckLabels(net.Outputs); err != nil {
		return nil, err
	}
	x, y := make([]float32, f.batch*net.Input.TotalSize()), make([]float32, f.batch*net.Outputs)
	order := make([]int32, f.batch)
	for i := range order {
		order[i] = int32(i)
	}
	data.Train.Data().Batch(x, y, order)
	p, tensors := newProgress(watcher), []tensor{}
	defer p.clear()
	p.say("tensor 1 of %d", len(net.Params))
	for r, err := range graph.GradChecks(net, x, y, f.samples) {
		if err != nil {
			return nil, fmt.Errorf("model %s: %w", m.Name, err)
		}
		i := len(tensors)
		tensors = append(tensors, tensor{r, net.Params[i].Shape, verdictOf(r, f.rtol)})
		p.say("tensor %d of %d", min(i+2, len(net.Params)), len(net.Params))
	}
	return tensors, nil
}

// tensor is the result for one parameter.
type tensor struct {
	graph.GradResult
	shape   graph.Shape
	verdict verdict
}

// verdict is the outcome of a comparison, from best to worst.
type verdict int

const (
	passes verdict = iota
	kinks
	dead
	wrong
)

func (v verdict) String() string {
	return [...]string{"ok", "only kinks, nothing compared; try another seed", "the gradient is 0; try another seed or more images", "wrong"}[v]
}

// word is the verdict in JSON.
func (v verdict) word() string { return [...]string{"ok", "kinks", "zero", "wrong"}[v] }

func verdictOf(r graph.GradResult, rtol float64) verdict {
	switch {
	case r.Checked == 0:
		return kinks
	case r.Error > rtol:
		return wrong
	case r.Largest == 0:
		return dead
	}
	return passes
}

// compare orders tensors by verdict, then by error.
func (t tensor) compare(u tensor) int {
	return cmp.Or(cmp.Compare(t.verdict, u.verdict), cmp.Compare(t.Error, u.Error))
}

func (a *app) showGradcheck(f *gradcheckFlags, m models.Model, tensors []tensor) {
	printRow(a.out, title(m))
	printRow(a.out, fmt.Sprintf("%d images, seed %d, float64, at most %d elements of a tensor, relative error at most %g", f.batch, f.seed, f.samples, f.rtol))
	fmt.Fprintln(a.out)
	var t table
	t.add("tensor", "shape", "checked", "of", "kinks", "error", "verdict")
	for _, r := range tensors {
		t.add(r.Name, shape(r.shape), count(r.Checked), count(r.Of), count(r.Kinks), fmt.Sprintf("%.1e", r.Error), r.verdict.String())
	}
	t.print(a.out)
}

func (f *gradcheckFlags) object(m models.Model, tensors []tensor, worst tensor) object {
	var list []object
	for _, r := range tensors {
		list = append(list, object{
			{"tensor", r.Name}, {"shape", r.shape}, {"checked", r.Checked}, {"of", r.Of}, {"kinks", r.Kinks},
			{"max_rel", r.Error}, {"verdict", r.verdict.word()},
		})
	}
	return object{
		{"model", m.Name}, {"batch", f.batch}, {"seed", f.seed}, {"samples", f.samples}, {"rtol", f.rtol},
		{"max_rel", worst.Error}, {"tensor", worst.Name}, {"verdict", worst.verdict.word()}, {"tensors", list},
	}
}
