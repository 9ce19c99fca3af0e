package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/plot"
	"github.com/stheno-ml/stheno/train"
)

// The search for a learning rate follows Smith (2017, Cyclical learning rates for training neural networks, section 3.3): η rises
// exponentially from mini-batch to mini-batch. The loss shows where η is too small to learn, where the network learns, and where it diverges.
const (
	lowestEta, highestEta = 1e-5, 100
	fewestSteps           = 50
	mostSteps             = 5000
	memories              = 40  // the average of the losses reaches back over 1/40 of the search
	divergence            = 4   // the search ends at this multiple of the smallest loss
	smallestFall          = .05 // the loss must fall by this fraction; a smaller fall may be chance
	below                 = 10  // the suggestion is a tenth of the η with the smallest loss, where most networks are about to diverge
)

// ramp raises η from lowestEta to highestEta in that many steps.
type ramp struct{ steps int }

// At is η as a multiple of lowestEta.
func (r ramp) At(step, _, _ int) float64 {
	return math.Pow(highestEta/lowestEta, float64(step)/float64(r.steps-1))
}

// search is what the search has found so far.
type search struct {
	ramp
	eta, loss []float64 // of each step; the loss is a running average
	mean      float64
	weight    float64
	best      int // the step with the smallest loss, not counting the first few; 0 until those are over
}

// add records the loss of the next step.
func (s *search) add(loss float64) {
	keep := 1 - memories/float64(s.steps)
	s.mean, s.weight = keep*s.mean+(1-keep)*loss, keep*s.weight+1-keep
	s.eta, s.loss = append(s.eta, lowestEta*s.At(len(s.eta), 0, 0)), append(s.loss, s.mean/s.weight)
	last := len(s.loss) - 1
	if last >= s.steps/memories && (s.best == 0 || s.loss[last] < s.loss[s.best]) {
		s.best = last
	}
}

// over says that there is nothing more to find.
func (s *search) over() bool {
	if len(s.loss) >= s.steps-1 {
		return true
	}
	return s.best > 0 && s.loss[s.best] > 0 && s.loss[len(s.loss)-1] > divergence*s.loss[s.best]
}

// suggestion is a tenth of the η of the smallest loss, to two digits.
func (s *search) suggestion() (float64, error) {
	if s.best > 0 {
		if start := s.loss[s.steps/memories]; start-s.loss[s.best] >= smallestFall*math.Abs(start) {
			// FormatFloat always makes a number, so there is no error.
			eta, _ := strconv.ParseFloat(strconv.FormatFloat(s.eta[s.best]/below, 'g', 2, 64), 64)
			return eta, nil
		}
	}
	return 0, fmt.Errorf("no eta from %g to %d lowered the loss by %d%% in %d mini-batches; use more images, or another --init", lowestEta, highestEta,
		int(100*smallestFall), len(s.loss))
}

// run trains while η rises.
func (s *search) run(ctx context.Context, t *train.Trainer, p *progress) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var before train.State
	t.Progress = func(now train.State) {
		if now.Seen > before.Seen {
			loss := (now.Cost - before.Cost) / float64(now.Seen-before.Seen)
			if !finite(loss) {
				stop()
				return
			}
			s.add(loss)
			p.say("mini-batch %d of %d  eta %.3g  loss %.4f", len(s.loss), s.steps, s.eta[len(s.eta)-1], s.loss[len(s.loss)-1])
		}
		before = now
		if s.over() {
			stop()
		}
	}
	defer p.clear()
	for _, err := range t.Run(inner) {
		_, diverged := errors.AsType[*train.DivergedError](err)
		if ctx.Err() != nil {
			return cutShort(ctx, "interrupted; the search for eta saves nothing")
		}
		if err != nil && !diverged && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return nil
}

// findEta searches for a learning rate for the named model. Flags override its recipe.
func (a *app) findEta(ctx context.Context, f *trainFlags, name string) error {
	seed := f.chosenSeed()
	m, d, err := a.chosen(f, name, seed)
	if err != nil {
		return err
	}
	ses, err := a.session(f, m, d, seed)
	if err != nil {
		return err
	}
	t := ses.trainer
	steps := t.Train.Len() / max(1, t.Batch)
	if steps < fewestSteps {
		return usagef("--find-eta has %d mini-batches of %d, and needs at least %d; use a smaller --batch or more images", steps, t.Batch, fewestSteps)
	}
	s := &search{ramp: ramp{min(steps, mostSteps)}}
	t.Schedule, t.Eta, t.Etas, t.Epochs, t.Validation, t.Patience, t.EMA = s.ramp, lowestEta, nil, 1, nil, 0, 0
	if err := t.Start(); err != nil {
		return usagef("%w", err)
	}
	if err := s.run(ctx, t, ses.progress); err != nil {
		return err
	}
	eta, err := s.suggestion()
	if err != nil {
		return fmt.Errorf("model %s: %w", m.Name, err)
	}
	if f.curve != "" {
		if err := s.draw(f.curve, m.Name, eta); err != nil {
			return err
		}
		if err := a.wrote(f.curve); err != nil {
			return err
		}
	}
	next := fmt.Sprintf("%s train %s%s --eta %g", commandName(), shellWord(name), f.given("find-eta", "output", "json"), eta)
	return ses.showEta(s, eta, next)
}

// showEta prints what a search has found, and the next command.
func (ses *session) showEta(s *search, eta float64, next string) error {
	m, out, batch := ses.model, ses.app.out, ses.trainer.Batch
	if ses.flags.json {
		return printJSON(out, object{
			{"model", m.Name}, {"seed", ses.seed}, {"optimizer", optimizerText(m.Recipe)}, {"batch", batch}, {"suggestion", eta},
			{"min_eta", s.eta[s.best]}, {"min_loss", s.loss[s.best]}, {"eta", s.eta}, {"loss", s.loss},
		})
	}
	v := tableView{out}
	v.lines([][2]string{
		{"model", title(m)}, {"optimizer", optimizerText(m.Recipe)}, {"search", fmt.Sprintf("%d mini-batches of %d, seed %d", len(s.loss), batch, ses.seed)},
	})
	fmt.Fprintln(out)
	s.print(v, eta)
	fmt.Fprintln(out)
	v.lines([][2]string{
		{"eta", fmt.Sprintf("%g, a tenth of the eta with the smallest loss, %.4f at %.2g", eta, s.loss[s.best], s.eta[s.best])}, {"next", next},
	})
	return nil
}

// print shows the curve as a table, three lines for each power of ten.
func (s *search) print(v tableView, suggestion float64) {
	const bar, perDecade = 40, 3
	near := func(a, b float64) bool { return math.Abs(math.Log10(a/b)) <= .5/perDecade }
	var t table
	t.add("eta", "loss", "")
	lines := int(perDecade * math.Log10(highestEta/lowestEta))
	for k := range lines + 1 {
		i := k * (s.steps - 1) / lines
		if i >= len(s.loss) {
			break
		}
		mark := ""
		if near(s.eta[i], s.eta[s.best]) {
			mark = " smallest"
		}
		if near(s.eta[i], suggestion) {
			mark += " suggested"
		}
		part := s.loss[i] / max(s.loss[0], s.loss[s.best])
		t.add(fmt.Sprintf("%.2g", s.eta[i]), fmt.Sprintf("%.4f", s.loss[i]), strings.Repeat("#", int(bar*min(1, max(0, part))))+mark)
	}
	t.print(v.w)
}

// draw draws the curve with a few hundred points.
func (s *search) draw(path, model string, suggestion float64) error {
	curve := plot.Series{Name: "loss, averaged over mini-batches"}
	for i := 0; i < len(s.loss); i += max(1, s.steps/400) {
		curve.X, curve.Y = append(curve.X, s.eta[i]), append(curve.Y, s.loss[i])
	}
	line := plot.Series{Name: fmt.Sprintf("suggested, η = %g", suggestion), X: []float64{suggestion, suggestion}, Y: []float64{s.loss[s.best], s.loss[0]}}
	return plot.Lines(path, plot.Axes{Title: model + ": loss while η rises", X: "learning rate η", Y: "loss", LogX: true}, curve, line)
}

// given is the flags that were given, as a person would type them again, except for those in without.
func (f *trainFlags) given(without ...string) string {
	text := ""
	f.set.Visit(func(g *pflag.Flag) {
		for _, name := range without {
			if g.Name == name {
				return
			}
		}
		text += " --" + g.Name
		if list, ok := g.Value.(pflag.SliceValue); ok {
			text += " " + shellWord(columnList(list.GetSlice()))
		} else if g.Value.Type() != "bool" {
			text += " " + shellWord(g.Value.String())
		} else if g.Value.String() == "false" {
			text += "=false" // a recipe may say true
		}
	})
	return text
}
