package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/ladder"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// tinyModels are a model of the book, one that votes, and one of ours.
func tinyModels() []models.Model {
	tiny := func(name string, hidden int, f models.Figure) models.Model {
		return models.Model{
			Name: name, Doc: "tiny", Net: graph.Seq{graph.Dense{Out: hidden}, graph.Sigmoid, graph.Dense{Out: 10}}, Loss: graph.LogLikelihood,
			Recipe: models.Recipe{Epochs: 3, Batch: 10, Eta: .5, Init: graph.Default}, Published: f,
		}
	}
	return []models.Model{
		tiny("ours", 8, models.Figure{}),
		tiny("book", 9, models.Figure{Set: "validation", Accuracy: .1, Source: "ch. 3", First: .1, Last: true}),
		tiny("voter", 7, models.Figure{Set: "test", Accuracy: .1, Source: "ch. 6", Vote: .1}),
	}
}

// climbing calls the ladder.
func climbing(ctx context.Context, catalogue []models.Model, f ladderFlags) result {
	var out, err bytes.Buffer
	a := &app{models: catalogue, out: &output{w: &out}, err: &err}
	code := 0
	if e := a.ladder(ctx, &f); e != nil {
		a.note(e)
		code = exitCode(e)
	}
	return result{code, out.String(), err.String()}
}

// climbed are flags for a test, and a call with them that must succeed.
func climbed(t *testing.T) (ladderFlags, func([]models.Model, ladderFlags) result) {
	t.Helper()
	dir := t.TempDir()
	f := ladderFlags{runs: filepath.Join(dir, "runs"), results: filepath.Join(dir, "docs", "results"), data: dataSet(t, 600, 100)}
	return f, func(catalogue []models.Model, f ladderFlags) result {
		t.Helper()
		r := climbing(context.Background(), catalogue, f)
		if r.code != 0 {
			t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
		}
		return r
	}
}

// loaded are the results by their files' names.
func loaded(t *testing.T, f ladderFlags) map[string]ladder.Result {
	t.Helper()
	kept, err := ladder.Load(f.results)
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]ladder.Result{}
	for _, r := range kept.Results {
		results[r.Name()] = r
	}
	return results
}

func countRuns(t *testing.T, f ladderFlags) int {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(f.runs, "*", "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	return len(paths)
}

func TestLadder(t *testing.T) {
	f, climb := climbed(t)
	r := climb(tinyModels(), f)
	results := loaded(t, f)
	if len(results) != 8 || countRuns(t, f) != 8 || strings.Count(r.out, "of training\n") != 8 {
		t.Fatalf("%d results, %d runs\n%s", len(results), countRuns(t, f), r.out)
	}
	for _, want := range []string{"\nbook   epoch 0     validation  10.00  ", "\nbook   last epoch  ", "\nvoter  best epoch  test ", "\nvoter  vote of 5   test "} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	page, err := os.ReadFile(f.results + ".md")
	if err != nil || !strings.Contains(string(page), "| book | epoch 0 | validation | 10.00 | ") {
		t.Errorf("%v, page %s", err, page)
	}
	checkResults(t, f, results)
	checkVote(t, f)

	if r := climb(tinyModels(), f); strings.Contains(r.out, "of training") || r.err != "" {
		t.Errorf("trained again:\n%s%s", r.out, r.err)
	}
	// A run that a program of another name made is the same run.
	runs, err := filepath.Glob(filepath.Join(f.runs, "book-*", "model.toml"))
	if err != nil || len(runs) == 0 {
		t.Fatal(runs, err)
	}
	text, err := os.ReadFile(runs[0])
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), " train ")
	write(t, runs[0], []byte("# digits train "+rest))
	if err := os.Remove(filepath.Join(f.results, "book-seed1.json")); err != nil {
		t.Fatal(err)
	}
	f.only = []string{"book"}
	if r := climb(tinyModels(), f); strings.Count(r.out, "of training") != 1 || countRuns(t, f) != 8 {
		t.Errorf("%d runs\n%s%s", countRuns(t, f), r.out, r.err)
	}
	if err := os.RemoveAll(f.runs); err != nil {
		t.Fatal(err)
	}
	f.seeds, f.only = 2, []string{"book", "ours"}
	if r := climb(tinyModels(), f); strings.Count(r.out, "of training") != 2 || countRuns(t, f) != 2 || strings.Contains(r.out, "voter") {
		t.Errorf("only ours twice: %d runs\n%s", countRuns(t, f), r.out)
	}
}

// Trainings that began with another kernel go on with it, after the others: no kernel changes under a training beside it.
func TestLadderKernels(t *testing.T) {
	own, other := graph.Kernel(), graph.Kernels()[len(graph.Kernels())-1]
	if own == other {
		t.Skip("this machine has one kernel")
	}
	f, climb := climbed(t)
	f.only = []string{"book", "voter"}
	f.seeds = 2
	climb(tinyModels(), f)
	want := loaded(t, f)

	f.runs, f.results = filepath.Join(t.TempDir(), "runs"), filepath.Join(t.TempDir(), "results")
	if err := graph.UseKernel(other); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, m := range tinyModels()[1:] {
		var out bytes.Buffer
		a := &app{models: tinyModels(), args: []string{"train", m.Name, "--seed", "1", "--data", f.data, "--runs", f.runs}, out: &output{w: &out}, err: &out}
		if code := a.main(ctx); code != 130 || graph.Kernel() != other {
			t.Fatalf("exit %d, kernel %s\n%s", code, graph.Kernel(), &out)
		}
	}
	if err := graph.UseKernel(own); err != nil {
		t.Fatal(err)
	}
	r := climb(tinyModels(), f)
	if graph.Kernel() != own || !strings.Contains(r.err, "now 2 trainings that began with kernel "+other+", and must continue with it") {
		t.Errorf("kernel %s\n%s", graph.Kernel(), r.err)
	}
	for name, got := range loaded(t, f) {
		kernel := map[uint64]string{1: other, 2: own}[got.Seed]
		if got.Kernel != kernel || (got.Seed == 2) && (got.Last != want[name].Last || got.Best != want[name].Best) {
			t.Errorf("%s: %+v, want kernel %s", name, got, kernel)
		}
	}
	for _, path := range runsOf(t, f.runs) {
		if info := readInfo(t, path); len(info.Resumes) > 0 != (info.Kernel == other) || info.Last().Kernel != info.Kernel {
			t.Errorf("%s: %+v", path, info)
		}
	}
}

// runsOf are the folders below runs.
func runsOf(t *testing.T, runs string) []string {
	t.Helper()
	entries, err := rundir.List(runs)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, e := range entries {
		paths = append(paths, e.Path)
	}
	return paths
}

// checkResults compares results with what eval says of the runs.
func checkResults(t *testing.T, f ladderFlags, results map[string]ladder.Result) {
	t.Helper()
	host, _ := os.Hostname()
	entries, err := rundir.List(f.runs)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		r := results[fmt.Sprintf("%s-seed%d.json", e.Info.Model, e.Info.Seed)]
		for _, split := range []struct {
			name string
			got  int
		}{{"test", r.Best.Test}, {"validation", r.Best.Validation}} {
			o := callWith(tinyModels(), "eval", e.Path, "--split", split.name, "--json").out
			if want := events(t, o)[0]["correct"]; float64(split.got) != want {
				t.Errorf("%s, %s: %d, want %v", r.Name(), split.name, split.got, want)
			}
		}
		shifted := 0.
		if r.Model == "ours" {
			shifted = events(t, callWith(tinyModels(), "eval", e.Path, "--split", "validation", "--shifts", "1", "--json").out)[0]["correct"].(float64)
		}
		if float64(r.Shifted) != shifted || r.Model == "ours" && r.Shifted == r.Best.Validation {
			t.Errorf("%s: %d with shifts, want %v", r.Name(), r.Shifted, shifted)
		}
		if (r.First != nil) != (r.Model == "book") || r.Last.Epoch != 2 || r.Epochs != 3 || r.TestTotal != 100 || r.ValidationTotal != 100 ||
			r.Threads < 1 || r.Kernel != graph.Kernel() || r.VM != "stheno" || r.Command != fmt.Sprintf("stheno train %s --seed %d", r.Model, r.Seed) {
			t.Errorf("%+v", r)
		}
		text, err := os.ReadFile(filepath.Join(f.results, r.Name()))
		if err != nil || host != "vm" && bytes.Contains(text, []byte(`"`+host+`"`)) || bytes.Contains(text, []byte(f.runs)) {
			t.Errorf("%v; a name of this machine in %s", err, text)
		}
		checkEpochs(t, e.Path, r)
	}
}

// checkVote compares the vote with what eval says.
func checkVote(t *testing.T, f ladderFlags) {
	t.Helper()
	runs, err := filepath.Glob(filepath.Join(f.runs, "voter-*"))
	if err != nil || len(runs) != ladder.Voters {
		t.Fatalf("%v, %v", runs, err)
	}
	want := events(t, callWith(tinyModels(), append([]string{"eval", "--vote", "--json"}, runs...)...).out)[0]
	kept, err := ladder.Load(f.results)
	if err != nil || len(kept.Votes) != 1 || float64(kept.Votes[0].Majority) != want["correct"] || len(kept.Votes[0].Members) != 5 {
		t.Errorf("%v, %+v, want %v", err, kept.Votes, want)
	}
}

// checkEpochs compares the first and the last score with the epochs that the training itself evaluated.
func checkEpochs(t *testing.T, run string, r ladder.Result) {
	t.Helper()
	var epochs []event
	err := readEpochs(run, func(e event) { epochs = append(epochs, e) })
	if err != nil || len(epochs) != 3 {
		t.Fatalf("%d epochs, %v", len(epochs), err)
	}
	if want := epochs[2].number("val_acc"); !near(fraction(r.Last.Validation, 100), want) {
		t.Errorf("%s: last %+v, want %v", r.Name(), r.Last, want)
	}
	if want := epochs[0].number("val_acc"); r.First != nil && !near(fraction(r.First.Validation, 100), want) {
		t.Errorf("%s: first %+v, want %v", r.Name(), r.First, want)
	}
}

// TestBriefView: the line of an epoch has what is right of the training examples where there are none for validation, and the loss where
// nothing is right or wrong.
func TestBriefView(t *testing.T) {
	for want, c := range map[string]struct {
		validation int
		loss       *graph.Loss
		input      []int
	}{
		"x: epoch 3 of 9, 98.00% of the training images, ":      {0, graph.LogLikelihood, []int{1, 28, 28}},
		"x: epoch 3 of 9, 99.00% of the validation images, ":    {5, graph.LogLikelihood, []int{1, 28, 28}},
		"x: epoch 3 of 9, loss 0.2500 of the validation rows, ": {5, graph.MSE, []int{4}},
		"x: epoch 3 of 9, loss 0.5000 of the training rows, ":   {0, graph.MSE, []int{4}},
	} {
		s := &session{
			net: &graph.Net{Loss: c.loss}, data: &dataset.Data{Schema: dataset.Schema{Input: c.input}},
			trainer: &train.Trainer{Validation: train.Images{Labels: make([]byte, c.validation)}},
		}
		s.model.Recipe.Epochs = 9
		var b strings.Builder
		v := briefView{name: "x", w: &b}
		if err := v.epoch(t.Context(), s, train.Epoch{Epoch: 3, ValAcc: .99, TrainAcc: .98, ValLoss: .25, TrainLoss: .5}); err != nil || !strings.HasPrefix(b.String(), want) {
			t.Errorf("%v, %q, want %q", err, b.String(), want)
		}
	}
}

// TestLadderTakes: a run of plain train is taken as it is; one with another recipe, type or patience is not.
func TestLadderTakes(t *testing.T) {
	f, climb := climbed(t)
	f.only, f.seeds = []string{"book"}, 1
	train := func(more ...string) {
		t.Helper()
		if r := callWith(tinyModels(), append([]string{"train", "book", "--seed", "1", "--runs", f.runs, "--data", f.data}, more...)...); r.code != 0 {
			t.Fatal(r)
		}
	}
	for _, flags := range []string{"--epochs 2", "--dtype float64", "--patience 1", "--lambda 1"} {
		train(strings.Fields(flags)...)
	}
	before := countRuns(t, f)
	climb(tinyModels(), f)
	if countRuns(t, f) != before+1 {
		t.Fatal("the ladder took a run of another recipe")
	}
	want := loaded(t, f)["book-seed1.json"]
	for _, dir := range []string{f.runs, f.results} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	train("--threads", "1", "--json")
	r := climb(tinyModels(), f)
	got := loaded(t, f)["book-seed1.json"]
	if countRuns(t, f) != 1 || got.Best != want.Best || got.Last != want.Last || got.Threads != 1 || r.err != "" {
		t.Errorf("%d runs, %+v, want %+v", countRuns(t, f), got, want)
	}
}

// stopper cancels at the first line that has the word.
type stopper struct {
	word   string
	cancel func()
}

func (s stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.word)) {
		s.cancel()
	}
	return len(p), nil
}

// TestLadderCommittee: the networks of several recipes are trained, those that are there are not trained again, and all answer together.
func TestLadderCommittee(t *testing.T) {
	f, climb := climbed(t)
	tiny := tinyModels()
	f.committee = []models.Member{{Model: tiny[0], Seeds: 3}, {Model: tiny[2], Seeds: 2}}
	f.only = []string{"ours"}
	climb(tiny, f)
	for trained, only := range [][]string{{"ours"}, {"book"}, {"committee"}, {"committee", "voter"}} {
		f.only = only
		if r := climb(tiny, f); strings.Count(r.out, "of training\n") != []int{0, 3, 2, 3}[trained] {
			t.Fatalf("--only %v: %s%s", only, r.out, r.err)
		}
	}
	kept, err := ladder.Load(f.results)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range kept.Votes {
		if v.Model == "committee" && len(v.Members) == 5 && v.Recipe == "3 ours, 2 voter" && v.Majority > 20 {
			page, err := os.ReadFile(f.results + ".md")
			if want := fmt.Sprintf("| committee: 3 ours, 2 voter | 5 | %d.00 | %d.00 |", v.Majority, v.Mean); err != nil || !strings.Contains(string(page), want) {
				t.Errorf("%v, the page lacks %s\n%s", err, want, page)
			}
			return
		}
	}
	t.Errorf("votes %+v", kept.Votes)
}

// TestLadderInterrupted: what is interrupted is saved and goes on; what another process works on is left to it.
func TestLadderInterrupted(t *testing.T) {
	f, climb := climbed(t)
	f.only, f.seeds = []string{"ours"}, 2
	ctx, cancel := context.WithCancel(context.Background())
	a := &app{models: tinyModels(), out: &output{w: new(bytes.Buffer)}, err: stopper{"epochs from 0", cancel}}
	if err := a.ladder(ctx, &f); err == nil || exitCode(err) != exitSignal+2 || !strings.Contains(err.Error(), "the same command continues") {
		t.Fatalf("error %v", err)
	}
	run := onlyRun(t, f.runs)
	if s := readInfo(t, run).Status; s != rundir.Interrupted || len(loaded(t, f)) != 0 {
		t.Fatalf("status %s, results %v", s, loaded(t, f))
	}

	held, _, err := rundir.Resume(run, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	r := climb(tinyModels(), f)
	if results := loaded(t, f); len(results) != 1 || results["ours-seed2.json"].Seed != 2 || !strings.Contains(r.err, "ours, seed 1: left out: ") ||
		!strings.Contains(r.err, fmt.Sprint("locked by process ", os.Getpid())) || countRuns(t, f) != 2 {
		t.Errorf("%d runs, results %v\n%s", countRuns(t, f), results, r.err)
	}
	held.Close()

	climb(tinyModels(), f)
	got := loaded(t, f)["ours-seed1.json"]
	if countRuns(t, f) != 2 || readInfo(t, run).Status != rundir.Done {
		t.Errorf("%d runs, %s", countRuns(t, f), readInfo(t, run).Status)
	}
	f.runs, f.results = t.TempDir(), filepath.Join(t.TempDir(), "results")
	climb(tinyModels(), f)
	if want := loaded(t, f)["ours-seed1.json"]; got.Best != want.Best || got.Last != want.Last || got.Epochs != want.Epochs {
		t.Errorf("resumed %+v, never stopped %+v", got, want)
	}
}

// TestLadderStale: a result of another recipe is named, and trained anew.
func TestLadderStale(t *testing.T) {
	f, climb := climbed(t)
	f.only, f.seeds = []string{"book"}, 1
	climb(tinyModels(), f)
	changed := tinyModels()
	changed[1].Recipe.Eta, changed[1].Doc = .25, "of another rate"
	list := f
	list.list = true
	if r := climb(changed, list); !strings.Contains(r.out, "missing") {
		t.Errorf("an old result counts:\n%s", r.out)
	}
	write := f
	write.write = true
	climb(changed, write)
	if page, err := os.ReadFile(f.results + ".md"); err != nil || !strings.Contains(string(page), "\n- book-seed1.json: the recipe of book has changed") {
		t.Errorf("%v, %s", err, page)
	}
	old := loaded(t, f)["book-seed1.json"]
	climb(changed, f)
	if got := loaded(t, f)["book-seed1.json"]; countRuns(t, f) != 2 || got.Recipe == old.Recipe || !strings.Contains(got.Recipe, "eta = 0.25") {
		t.Errorf("%d runs, %s", countRuns(t, f), got.Recipe)
	}
	renamed := tinyModels()
	renamed[1].Recipe.Eta, renamed[1].Doc = .25, "in other words"
	if r := climb(renamed, f); strings.Contains(r.out, "of training") {
		t.Errorf("trained again for other words:\n%s", r.out)
	}
}

func TestLadderJSON(t *testing.T) {
	f, _ := climbed(t)
	f.only, f.seeds, f.json = []string{"book"}, 1, true
	high := tinyModels()
	high[1].Published.Accuracy = 1
	list := f
	list.list = true
	if r := climbing(context.Background(), high, list); r.code != 0 || len(events(t, r.out)) != 2 || strings.Contains(r.err, "short") {
		t.Errorf("exit %d, %s%s", r.code, r.out, r.err)
	}
	r := climbing(context.Background(), high, f)
	got := events(t, r.out)
	if r.code != 0 || len(got) != 3 || got[0]["event"] != "training" || got[2]["verdict"] != "incomplete" || got[2]["runs"] != 1. || got[2]["sd"] != nil {
		t.Errorf("exit %d, %v", r.code, got)
	}
	text, err := json.Marshal(got[0]["result"])
	if err != nil || !bytes.Contains(text, []byte(`"test_total":100`)) {
		t.Errorf("%v, %s", err, text)
	}
	f.seeds = 3
	if r = climbing(context.Background(), high, f); r.code != exitCheck || !strings.Contains(r.err, "short of the book: book, last epoch\n") {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
}

func TestLadderMisuse(t *testing.T) {
	runs := t.TempDir()
	for args, want := range map[string]string{
		"ladder --seeds -1":      "--seeds -1",
		"ladder --only mpl":      `unknown model "mpl"; did you mean mlp?`,
		"ladder --list --write":  "--list and --write",
		"ladder mlp":             "ladder: got 1 argument;",
		"ladder --only mlp,deap": `did you mean deep?`,
	} {
		if r := call(append(strings.Fields(args), "--runs", runs, "--results", runs)...); r.code != exitUsage || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: exit %d, %s%s", args, r.code, r.out, r.err)
		}
	}
	if r := callWith(tinyModels(), "ladder", "--only", "committee", "--runs", runs, "--results", runs); r.code != exitUsage || !strings.Contains(r.err, "its cnn-steady is not in") {
		t.Errorf("a committee without its models: %+v", r)
	}
	write(t, filepath.Join(runs, "mlp-seed1.json"), []byte("{"))
	if r := call("ladder", "--list", "--runs", runs, "--results", runs); r.code != exitData || !strings.Contains(r.err, "mlp-seed1.json: byte offset 0: damaged") {
		t.Errorf("damaged: exit %d, %s", r.code, r.err)
	}
	if r := callWith([]models.Model{{Name: "empty"}}, "ladder", "--runs", runs, "--results", t.TempDir()); r.code != exitUsage || !strings.Contains(r.err, "no Net or no Loss") {
		t.Errorf("a model without layers: %+v", r)
	}
	if r := call("ladder", "--ablations", "--only", "mlp"); r.code != exitUsage || !strings.Contains(r.err, "use one of them") {
		t.Errorf("%+v", r)
	}
	if r := ok(t, "__complete", "ladder", "--only", ""); !strings.Contains(r.out, "ch6-fc100") {
		t.Errorf("completion: %s", r.out)
	}
}

// TestLadderLoss: an autoencoder's result is a loss, and that of its source stands beside it.
func TestLadderLoss(t *testing.T) {
	f, climb := climbed(t)
	coder := models.Model{
		Name: "coder", Doc: "tiny", Net: graph.Seq{graph.Dense{Out: 4}, graph.ReLU, graph.Dense{Out: 784}}, Loss: graph.Reconstruction,
		Recipe: models.Recipe{Epochs: 1, Batch: 10, Eta: .5, Init: graph.Default}, Published: models.Figure{Set: "test", Loss: .5, Source: "X 2016"},
	}
	f.only, f.seeds = []string{"coder"}, 1
	r := climb([]models.Model{coder}, f)
	got := loaded(t, f)["coder-seed1.json"]
	if got.Loss <= 0 || got.Loss > 1 || got.Best.Test != 0 || got.TestTotal != 100 || !strings.Contains(r.out, fmt.Sprintf("coder, seed 1: test loss %.4f, in ", got.Loss)) {
		t.Errorf("%+v\n%s%s", got, r.out, r.err)
	}
	want := fmt.Sprintf("\n| coder | X 2016 | loss 0.5 | 1 | %[1]s | %[1]s | %[1]s | 1 | ", fmt.Sprintf("%.4f", got.Loss))
	if page, err := os.ReadFile(f.results + ".md"); err != nil || !strings.Contains(string(page), want) {
		t.Errorf("%v: no %s in\n%s", err, want, page)
	}
}

// TestResultsPage: docs/results.md is what the results make, and none of them is of an old recipe.
func TestResultsPage(t *testing.T) {
	d, err := dataset.Open("", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const dir = "../../docs/results"
	c := &climb{app: &app{models: models.All}, flags: &ladderFlags{results: dir, committee: models.Committee}, data: d}
	l, err := c.ladder()
	if err != nil {
		t.Fatal(err)
	}
	want := l.Page()
	if page, err := os.ReadFile(dir + ".md"); err != nil || string(page) != want {
		t.Errorf("%v; bring docs/results.md up to date with: stheno ladder --write", err)
	}
	if strings.Contains(want, "## Left out") {
		t.Errorf("results of old recipes:%s", want[strings.Index(want, "## Left out"):])
	}
}
