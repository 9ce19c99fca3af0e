package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/cmd/internal/ladder"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// do makes one training, or finishes it, and saves the result.
func (c *climb) do(ctx context.Context, j ladder.Training, threads int) error {
	path, done, err := c.begun(j)
	if err != nil {
		return err
	}
	if !done {
		if err = c.finish(ctx, j, path, threads); errors.Is(err, rundir.ErrLocked) {
			c.note(fmt.Errorf("%s, seed %d: left out: %w; then run ladder again", j.Model.Name, j.Seed, err))
			return nil
		}
		if err != nil {
			return err
		}
		if path, done, err = c.begun(j); err != nil || !done {
			return errors.Join(err, errors.New("the run's folder has disappeared; run ladder again"))
		}
	}
	r, err := c.harvest(ctx, j, path)
	if err == nil {
		err = r.Save(c.flags.results)
	}
	if err == nil {
		err = c.tell(r)
	}
	return err
}

// begun is the folder of a run of the job, preferably one that is done; "" if there is none.
func (c *climb) begun(j ladder.Training) (path string, done bool, err error) {
	entries, err := rundir.List(c.flags.runs)
	if err != nil {
		return "", false, err
	}
	for _, e := range entries {
		if e.Err != nil || currentModel(e.Info) != j.Model.Name || e.Info.Seed != j.Seed || e.Info.DataSHA256 != c.data.SHA256() {
			continue
		}
		same, err := c.isOf(e.Path, j)
		if err != nil {
			return "", false, err
		}
		if !same {
			continue
		}
		if e.Info.Status == rundir.Done {
			return e.Path, true, nil
		}
		path = e.Path
	}
	return path, false, nil
}

// kernelOf is the kernel that a job's run was last trained with.
func (c *climb) kernelOf(j ladder.Training) (string, error) {
	path, _, err := c.begun(j)
	if err != nil || path == "" {
		return graph.Kernel(), err
	}
	r, err := rundir.Open(path)
	if err != nil {
		return "", err
	}
	return kernelOf(r.Info()), nil
}

// isOf reports whether a run is of the job: its file has the model, and the first line has no settings besides the job's seed.
func (c *climb) isOf(path string, j ladder.Training) (bool, error) {
	r, err := rundir.Open(path)
	if err != nil {
		return false, err
	}
	text, err := r.ModelTOML()
	if err != nil {
		return false, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return calledWith(first) == calledWith(c.trainFlags(1).repeat(j.Seed)) && c.same(j.Model, text), nil
}

// calledWith is the arguments in a file's line that repeats a run. The program's name may have been different.
func calledWith(line string) string {
	_, args, _ := strings.Cut(strings.TrimPrefix(line, "# "), " ")
	return strings.TrimSpace(args)
}

// trainer is the program that trains the job, with the arguments that can resume its run.
func (c *climb) trainer(j ladder.Training) *app {
	args := []string{"train", j.Model.Name, "--seed", fmt.Sprint(j.Seed)}
	if c.flags.data != "" {
		args = append(args, "--data", c.flags.data)
	}
	view := &briefView{name: fmt.Sprintf("%s, seed %d", j.Model.Name, j.Seed), w: c.err}
	return &app{models: append(slices.Clone(c.models), j.Model), args: args, out: &output{w: io.Discard}, err: c.err, view: view}
}

func (c *climb) trainFlags(threads int) *trainFlags {
	f := plainFlags(c.reader())
	f.threads, f.runs, f.data = threads, c.flags.runs, c.flags.data
	return f
}

// finish trains the job to its end, continuing the run in the folder path if that is not "".
func (c *climb) finish(ctx context.Context, j ladder.Training, path string, threads int) error {
	a, f := c.trainer(j), c.trainFlags(threads)
	if path == "" {
		return a.begin(ctx, f, j.Model, c.data, j.Seed)
	}
	f.resume = path
	a.args = append([]string{"train", "--resume", path}, a.args[4:]...) // --data
	return a.resume(ctx, f, nil)
}

// harvest is the result of a run that is done.
func (c *climb) harvest(ctx context.Context, j ladder.Training, path string) (ladder.Result, error) {
	run, err := rundir.Open(path)
	if err != nil {
		return ladder.Result{}, err
	}
	info := run.Info()
	last := info.Last()
	r := ladder.Result{
		Model: j.Model.Name, Seed: j.Seed, Command: fmt.Sprintf("stheno train %s --seed %d", j.Model.Name, j.Seed),
		ValidationTotal: c.data.Validation.Len(), TestTotal: c.data.Test.Len(),
		Build: last.Build, Kernel: last.Kernel, VM: last.VM, DataSHA256: info.DataSHA256, Recipe: recipeText(j.Model),
	}
	if j.Model.Recipe.Full {
		r.ValidationTotal = 0
	}
	t, err := c.trained(path)
	if err == nil && (info.Best == nil || info.Test == nil) {
		err = errors.New("no epoch was trained; use a model with at least 1")
	}
	if err != nil {
		return r, err
	}
	if !j.Model.Recipe.Full && j.Model.Published.Chapter() == 0 && info.Test.Correct != nil {
		if r.Shifted, err = c.shifted(t.net); err != nil {
			return r, err
		}
	}
	r.Best.Epoch = t.epoch
	if n := info.Test.Correct; n != nil {
		r.Best.Test = *n
	} else {
		r.Loss = info.Test.Loss
	}
	if acc := info.Best.ValAcc; acc != nil {
		r.Best.Validation = int(math.Round(*acc * float64(r.ValidationTotal)))
	}
	latest, err := run.Latest(largest(t.net))
	if err == nil {
		err = restoreWeights(t.net, latest)
	}
	if err == nil {
		err = measure(&r, path)
	}
	if err == nil {
		r.Last, err = c.score(ctx, t.net, j.Model.Recipe.Full, r.Epochs-1)
	}
	if err == nil && j.Model.Published.First > 0 {
		r.First, err = c.first(ctx, j)
	}
	return r, err
}

// shifted counts the validation images that a network gets right with its outputs averaged over nine shifts.
func (c *climb) shifted(n *graph.Net) (int, error) {
	r := evaluation{data: c.data, part: c.data.Validation, classes: n.Outputs}
	y, err := outputs(n, r.data, r.part, 1)
	if err != nil {
		return 0, err
	}
	r.decide(y)
	return r.correct, nil
}

// measure counts a run's epochs and seconds from its events.
func measure(r *ladder.Result, path string) error {
	err := readEvents(path, func(e event) {
		switch e["event"] {
		case "start":
			r.Threads = int(e.number("threads"))
		case "epoch":
			r.Epochs++
			r.Seconds += e.number("time")
		}
	})
	r.Seconds = math.Round(1e3*r.Seconds) / 1e3
	return err
}

// score counts the right answers of a network after an epoch.
func (c *climb) score(ctx context.Context, n *graph.Net, full bool, epoch int) (s ladder.Score, err error) {
	var val graph.Stats
	if !full {
		if val, err = train.Evaluate(ctx, n, c.data.Validation.Data()); err != nil {
			return s, err
		}
	}
	test, err := train.Evaluate(ctx, n, c.data.Test.Data())
	return ladder.Score{Epoch: epoch, Validation: val.Correct, Test: test.Correct}, err
}

// first is the score after the first epoch. No checkpoint of that epoch is left, so it is trained again.
func (c *climb) first(ctx context.Context, j ladder.Training) (*ladder.Score, error) {
	j.Model.Recipe.Epochs = 1
	s, err := c.trainer(j).session(c.trainFlags(1), j.Model, c.data, j.Seed)
	if err == nil {
		err = s.trainer.Start()
	}
	if err != nil {
		return nil, err
	}
	for _, err := range s.trainer.Run(ctx) {
		if err != nil {
			return nil, err
		}
	}
	score, err := c.score(ctx, s.net, j.Model.Recipe.Full, 0)
	return &score, err
}

// votes counts the votes that are possible and not counted yet.
func (c *climb) votes() error {
	l, err := c.ladder()
	for _, g := range l.Entries {
		if err == nil && g.Votes() && g.Vote == nil && c.flags.chosen(g) {
			err = c.vote(g)
		}
	}
	return err
}

// vote counts the vote of an entry's networks. If one of their runs is not below --runs, there is no vote.
func (c *climb) vote(g ladder.Entry) error {
	var runs []string
	for _, r := range g.Results[:len(g.MembersCorrect())] {
		m, _ := c.find(r.Model)
		path, done, err := c.begun(ladder.Training{Model: m, Seed: r.Seed})
		if err != nil || !done {
			return err
		}
		runs = append(runs, path)
	}
	members, err := c.evaluations(&evalFlags{split: choice{value: "test"}}, runs)
	if err != nil {
		return err
	}
	v := ladder.Vote{Model: g.Name, TestTotal: c.data.Test.Len(), DataSHA256: c.data.SHA256(), Recipe: recipeText(g.Model)}
	if g.Name == ladder.Committee {
		v.Recipe = g.Seats()
	}
	for _, m := range members {
		v.Members = append(v.Members, m.correct)
	}
	both := together(members)
	v.Majority, v.Mean = both[0].correct, both[1].correct
	return v.Save(c.flags.results)
}
