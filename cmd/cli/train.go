package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

func (a *app) trainCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "train [flags] MODEL|FILE.toml|NETWORK",
		Short: "Train a network, and save the run in a folder",
		Long: wrap("Train a model by its recipe, any part of which a flag can change. Then measure it on the test images, with the weights of "+
			"the epoch with the best validation accuracy. An interrupted run continues with --resume RUN, and ends with the same bits as "+
			"one that was never interrupted.", 100) +
			"\n\n" + wrap("With --find-eta, raise η from mini-batch to mini-batch, for an epoch or until the training diverges (Smith 2017), print the "+
			"loss along the way, and suggest a tenth of the η with the smallest loss.", 100) +
			"\n\n" + a.networkHelp() +
			"\n\n" + wrap("Optimizers: "+strings.Join(models.Signatures[train.Optimizer](a.reader()), ", ")+". Schedules of eta: "+
			strings.Join(models.Signatures[train.Schedule](a.reader()), ", ")+".", 100) +
			"\n\n" + wrap("Models: "+strings.Join(a.names(), ", ")+".", 100),
		Args:              arguments(0, 1),
		ValidArgsFunction: a.completeModels,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			if err := a.join(&f); err != nil {
				return err
			}
			if f.resume != "" {
				return a.resume(ctx, &f, args)
			}
			if len(args) == 0 {
				return usagef("train: no model; use %s", term.OneOf(a.names()))
			}
			if f.findEta {
				return a.findEta(ctx, &f, args[0])
			}
			return a.train(ctx, &f, args[0])
		},
	}
	f.define(cmd.Flags(), a.reader())
	return cmd
}

// train starts a run of the named model. Flags override its recipe.
func (a *app) train(ctx context.Context, f *trainFlags, name string) error {
	seed := f.chosenSeed()
	m, d, err := a.chosen(f, name, seed)
	if err != nil {
		return err
	}
	return a.begin(ctx, f, m, d, seed)
}

// chosen opens the data, and finds the named model for it. Flags override the model's recipe.
func (a *app) chosen(f *trainFlags, name string, seed uint64) (m models.Model, d *dataset.Data, err error) {
	if err := a.plausible(name); err != nil {
		return m, nil, err
	}
	o := f.options(f.loss.value)
	o.Seed = seed
	if d, err = a.openData(f.data, o); err != nil {
		return m, nil, err
	}
	if err := checkTargets(d); err != nil {
		return m, nil, err
	}
	if m, err = a.modelFor(d, name); err != nil {
		return m, nil, err
	}
	f.override(&m.Recipe)
	if f.loss.value != nil {
		m.Loss = f.loss.value
	}
	m.Published = a.published(m)
	return m, d, nil
}

// recordable is an error if the arguments cannot be kept in a run.json: JSON has text, not bytes.
func (a *app) recordable() error {
	for _, arg := range a.args {
		if !utf8.ValidString(arg) {
			return usagef("%q is not UTF-8, and a run's folder could not record it; rename it", arg)
		}
	}
	return nil
}

// begin starts a run of a model, with the recipe as it stands.
func (a *app) begin(ctx context.Context, f *trainFlags, m models.Model, d *dataset.Data, seed uint64) error {
	if err := a.recordable(); err != nil {
		return err
	}
	if a.leads() {
		if err := a.freeName(f.runs, string(f.name)); err != nil {
			return err
		}
	}
	s, err := a.session(f, m, d, seed)
	if err != nil {
		return err
	}
	if err := s.trainer.Start(); err != nil {
		return usagef("%w", err)
	}
	texts, err := s.texts()
	if err != nil {
		return err
	}
	err = s.together(func() (err error) {
		s.run, err = rundir.Create(f.runs, m.Name, time.Now(), s.info(), texts)
		return err
	})
	if err != nil {
		return err
	}
	if !a.leads() {
		return s.follow(ctx, nil)
	}
	s.view.start(s)
	return s.keep(ctx, func() error {
		if err := s.run.Event(s.start()); err != nil {
			return err
		}
		return s.save(false)
	})
}

// resume continues a run.
func (a *app) resume(ctx context.Context, f *trainFlags, args []string) error {
	if len(args) > 0 {
		return usagef("train: model %s and --resume; leave the model out, the run has one", args[0])
	}
	if err := a.recordable(); err != nil {
		return err
	}
	path, err := a.runPath(f.runs, f.resume)
	if err != nil {
		return err
	}
	old, err := rundir.Open(path)
	if err != nil {
		return err
	}
	extended, moved := f.set.Changed("epochs"), f.set.Changed("data")
	f, err = f.resumed(a.reader(), path, old.Info())
	if err != nil {
		return err
	}
	if vm := old.Info().Last().VM; f.vm.value != vm {
		a.note(fmt.Errorf("%s: the run began with VM %s and continues with %s, which rounds differently", path, vm, f.vm.value))
	}
	s, err := a.reopen(f, old)
	if err != nil && !moved {
		return withData(err, f.data)
	}
	if err != nil {
		return err
	}
	if extended {
		if err := s.longer(old); err != nil {
			return err
		}
	}
	var snapshot *rundir.Snapshot
	err = s.together(func() (err error) {
		s.run, snapshot, err = rundir.Resume(path, largest(s.net))
		return err
	})
	if err != nil {
		return err
	}
	if !a.leads() {
		return s.follow(ctx, old)
	}
	return s.keep(ctx, func() error { return s.proceed(snapshot) })
}

// longer is an error if a run has trained more epochs than --epochs says.
func (s *session) longer(old *rundir.Run) error {
	snapshot, err := old.Latest(largest(s.net))
	if err != nil {
		return nil // resuming will report what is wrong
	}
	at, err := stateOf(snapshot)
	if n := s.model.Recipe.Epochs; err == nil && n < at.Epoch {
		return usagef("--epochs %d, but %s has trained %d; use more, or start a new run from %s", n, old.Path(), at.Epoch, filepath.Join(old.Path(), "model.toml"))
	}
	return err
}

// reopen rebuilds the session of a run without changing anything in the run's folder.
func (a *app) reopen(f *trainFlags, old *rundir.Run) (*session, error) {
	m, err := a.runModel(old)
	if err != nil {
		return nil, err
	}
	planned := m.Recipe.Epochs
	if f.set.Changed("epochs") {
		m.Recipe.Epochs = f.epochs
		m.Published = a.published(m)
	}
	info := old.Info()
	if err := graph.UseKernel(info.Last().Kernel); errors.Is(err, graph.ErrKernelInUse) {
		return nil, fmt.Errorf("%s: %w", old.Path(), err)
	} else if err != nil {
		a.note(fmt.Errorf("%s: %w; the run continues with %s, which rounds differently", old.Path(), err, graph.Kernel()))
	}
	d, err := a.dataOf(old, f)
	if err != nil {
		return nil, err
	}
	s, err := a.session(f, m, d, info.Seed)
	if err != nil {
		return nil, err
	}
	if n := m.Recipe.Epochs; n != planned && ends(s.trainer.Schedule) {
		return nil, usagef("--epochs %d would change the schedule %s, which ends after %d; leave it out, or start a new run", n, scheduleText(m.Recipe), planned)
	}
	if err := s.trainer.Start(); err != nil {
		return nil, usagef("%w", err)
	}
	return s, nil
}

// dataOf opens the data of a run, which must be the data that the run began with.
func (a *app) dataOf(old *rundir.Run, f *trainFlags) (*dataset.Data, error) {
	schema, err := schemaOf(old)
	if err != nil {
		return nil, err
	}
	info := old.Info()
	o := f.options(f.loss.value)
	o.Schema, o.Seed = schema, info.Seed
	d, err := a.openData(f.data, o)
	if err != nil {
		return nil, err
	}
	if d.SHA256() != info.DataSHA256 {
		return nil, dataf("%s: data %s is not the data that the run began with; give that with --data", old.Path(), d.Name)
	}
	return d, nil
}

// ends reports whether a schedule depends on the number of epochs.
func ends(s train.Schedule) bool {
	switch train.AfterWarmup(s).(type) {
	case train.Cosine, train.OneCycle:
		return true
	}
	return false
}

// proceed restores a run from its newest checkpoint, or starts it if it was killed before the first.
func (s *session) proceed(snapshot *rundir.Snapshot) error {
	now := s.info()
	err := s.run.Update(func(i *rundir.Info) {
		i.Resumed(rundir.Resumption{Argv: now.Argv, Build: now.Build, Kernel: now.Kernel, VM: now.VM, Host: now.Host, Time: time.Now()})
	})
	if err != nil {
		return err
	}
	if snapshot == nil {
		s.view.start(s)
		if err := s.run.Event(s.start()); err != nil {
			return err
		}
		return s.save(false)
	}
	for _, err := range snapshot.Skipped {
		s.app.note(err)
	}
	if err := restore(s.trainer, snapshot); err != nil {
		return err
	}
	s.view.start(s)
	return nil
}

// session is one training: the network, its data, and the folder of its run.
type session struct {
	app      *app
	flags    *trainFlags
	model    models.Model // with the recipe as it is trained
	data     *dataset.Data
	seed     uint64
	net      *graph.Net
	trainer  *train.Trainer
	run      *rundir.Run
	view     view
	near     closeness // how close the outputs came to the validation part's numbers, in the last epoch
	progress *progress
	begin    time.Time
}

// session makes everything but the run's folder, so that an error leaves nothing behind.
func (a *app) session(f *trainFlags, m models.Model, d *dataset.Data, seed uint64) (*session, error) {
	d, part, err := f.prepare(d, m)
	if err != nil {
		return nil, err
	}
	c := f.config(seed, m.Recipe)
	if f.syncNorm {
		c.SyncNorm = a.trainers()
	}
	net, err := graph.New(m.Net, m.Loss, m.Input, c)
	if err != nil {
		return nil, usagef("model %s: %w", m.Name, err)
	}
	if f.syncNorm && len(net.Running()) == 0 {
		return nil, usagef("--sync-norm: model %s has no batch norm to train; leave it out", m.Name)
	}
	if err := checkOutputs(m.Name, net, d); err != nil {
		return nil, err
	}
	s := &session{app: a, flags: f, model: m, data: d, seed: seed, net: net, begin: time.Now()}
	if f.style.value == "book" && !s.counts() {
		return nil, usagef("--style book counts right answers, and the loss %s has no classes; leave it out", m.Loss.Name)
	}
	if s.trainer, err = m.Recipe.Trainer(net); err != nil {
		return nil, usagef("model %s: %w", m.Name, err)
	}
	s.trainer.Train, s.trainer.Validation, s.trainer.Seed = part.Data(), d.Validation.Data(), seed
	s.trainer.Peers = a.trainers()
	if s.trainer.Warp, err = warp(d, m.Recipe, seed); err != nil {
		return nil, err
	}
	if s.counts() && d.Schema.Kind != dataset.Digits {
		s.trainer.Score = s.finely
	}
	s.progress = newProgress(a.err)
	s.trainer.Progress = s.progress.training(m.Recipe.Epochs, s.trainer.Train.Len(), s.counts(), unit(d))
	s.view = newView(s)
	return s, nil
}

// texts are the files of the run that are written only once.
func (s *session) texts() (t rundir.Texts, err error) {
	text, err := encode(s.model)
	if err != nil {
		return t, usagef("%w", err)
	}
	t.ModelTOML = append([]byte(s.flags.repeat(s.seed)), text...)
	t.DataJSON = append(mustJSON(s.data.Schema), '\n')
	return t, nil
}

// info is what run.json says at the start.
func (s *session) info() rundir.Info {
	host, _ := os.Hostname() // a host without a name is fine
	return rundir.Info{
		Name: string(s.flags.name), Argv: append([]string{"stheno"}, s.app.args...), Seed: s.seed, DataSHA256: s.data.SHA256(),
		DataKind: s.data.Schema.Kind, Build: build(),
		Kernel: s.net.Kernel(), VM: s.flags.vm.value, Host: host,
	}
}

// repeat is a comment for a run's model.toml: the command that repeats the run, with the settings that the file cannot hold.
func (f *trainFlags) repeat(seed uint64) string {
	line := fmt.Sprintf("# %s train model.toml --seed %d", programName(), seed)
	if f.dtype.value != "float32" {
		line += " --dtype " + f.dtype.value
	}
	line += f.words()
	if f.loss.text != "" {
		line += " --loss " + shellWord(f.loss.text)
	}
	return line + "\n"
}
