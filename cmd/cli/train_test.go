package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// latestTensors are the tensors of a run's newest checkpoint, with their names.
func latestTensors(t *testing.T, run string) string {
	t.Helper()
	r, err := rundir.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Latest(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(s.Step, s.File.Tensors)
}

func TestTrain(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	r := ok(t, "train", "mlp", "--epochs", "3", "--lr", "2", "--l2", "0.1", "--seed", "5", "--runs", runs, "--data", dir, "--patience", "2")
	run := onlyRun(t, runs)
	row := regexp.MustCompile(`^ +(\d+) +\d+\.\d{4} +\d+\.\d\d% +\d+\.\d{4} +\d+\.\d\d% +2 +(\d+ms|\d+\.\ds) +[\d,]+( \*)?$`)
	columns := regexp.MustCompile(`^epoch +train_loss +train_acc +val_loss +val_acc +eta +time +img/s$`)
	epochs, heads := 0, 0
	for _, line := range strings.Split(r.out, "\n") {
		if row.MatchString(line) {
			epochs++
		}
		if columns.MatchString(line) {
			heads++
		}
	}
	if epochs != 3 || heads != 1 || r.err != "" || strings.ContainsAny(r.out, "\r\x1b") {
		t.Errorf("%d epochs, %d heads in\n%s%s", epochs, heads, r.out, r.err)
	}
	for _, want := range []string{
		"23,860 parameters, float32", "seed       5\n", "recipe     epochs 3, batch 10, eta 2, lambda 0.1, init large, patience 2",
		": 500 training, 100 validation, 100 test images", " of 100 = ", "% interval", "run        " + run,
		"stheno predict " + run, "kernel " + graph.Kernel(), "VM stheno",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out, "\nbook ") {
		t.Errorf("the book's figure under another recipe:\n%s", r.out)
	}
	info := readInfo(t, run)
	if info.Status != rundir.Done || info.Seed != 5 || info.Test == nil || info.Test.Total != 100 || info.Best == nil ||
		info.Kernel != graph.Kernel() || info.VM != "stheno" || len(info.DataSHA256) != 64 || info.Argv[2] != "mlp" {
		t.Errorf("run.json: %+v", info)
	}
	text, err := os.ReadFile(filepath.Join(run, "model.toml"))
	if err != nil || !bytes.HasPrefix(text, []byte("# stheno train model.toml --seed 5 --data "+dir+"\n")) {
		t.Errorf("%v, model.toml: %s", err, text)
	}
	again := t.TempDir()
	ok(t, "train", filepath.Join(run, "model.toml"), "--seed", "5", "--data", dir, "--runs", again)
	if latestTensors(t, run) != latestTensors(t, onlyRun(t, again)) {
		t.Error("model.toml does not repeat the run")
	}
}

func readInfo(t *testing.T, run string) rundir.Info {
	t.Helper()
	r, err := rundir.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	return r.Info()
}

// The flags change what they say, and the machine does not change the bits.
func TestFlags(t *testing.T) {
	dir := dataSet(t, 600, 100)
	train := func(args ...string) string {
		runs := t.TempDir()
		ok(t, append([]string{"train", "mlp", "--epochs", "1", "--seed", "1", "--data", dir, "--runs", runs}, args...)...)
		return latestTensors(t, onlyRun(t, runs))
	}
	plain := train()
	for _, c := range []struct {
		flags string
		same  bool
	}{
		{"--threads 1", true}, {"--eta 3", true}, {"--augment none", true}, {"--init large", true}, {"--lambda 0", true},
		{"--seed 2", false}, {"--eta 1", false}, {"--lambda 1", false}, {"--momentum 0.5", false}, {"--batch 7", false},
		{"--init default", false}, {"--init normal(0.5)", false}, {"--train-size 100", false}, {"--augment shifts", false},
		{"--augment warp()", true}, {"--augment warp(15)", false},
		{"--dtype float64", false}, {"--epochs 2", false}, {"--optimizer sgd", true}, {"--schedule constant", true},
		{"--optimizer nesterov", false}, {"--optimizer adam", false}, {"--optimizer adamw(0.7)", false}, {"--optimizer rmsprop", false},
		{"--optimizer adagrad", false}, {"--optimizer adadelta", false}, {"--etas none", true}, {"--etas dense2=1", false}, {"--etas dense1.b=1", false},
		{"--schedule warmup(0.5)", false}, {"--schedule exponential(0.5)", true}, {"--schedule onecycle", false}, {"--schedule cosine", false}, {"--clip 0.01", false}, {"--patience 3", true},
	} {
		if got := train(strings.Fields(c.flags)...); (got == plain) != c.same {
			t.Errorf("%s: same bits: %v, want %v", c.flags, got == plain, c.same)
		}
	}
}

// A JSON value of each field of the events, for its type.
var (
	startFields = map[string]any{
		"event": "", "model": "", "parameters": 0., "seed": 0., "vm": "", "kernel": "", "dtype": "", "threads": 0., "data": "",
		"data_sha256": "", "train": 0., "validation": 0., "test": 0., "epochs": 0., "batch": 0., "eta": 0., "etas": "", "lambda": 0.,
		"momentum": 0., "init": "", "augment": "", "optimizer": "", "schedule": "", "clip": 0., "ema": 0., "patience": 0., "full": false, "train_size": 0., "drop_tail": false,
		"first_epoch": 0., "run": "",
	}
	epochFields = map[string]any{
		"event": "", "epoch": 0., "train_loss": 0., "train_acc": 0., "val_loss": 0., "val_acc": 0., "eta": 0., "time": 0.,
		"img/s": 0., "best": false,
	}
	endFields = map[string]any{
		"event": "", "status": "", "test_correct": 0., "test_total": 0., "test_acc": 0., "best_epoch": 0., "best_val_acc": 0.,
		"recipe": map[string]any{}, "seconds": 0., "run": "",
	}
)

func checkFields(t *testing.T, e, want map[string]any) {
	t.Helper()
	for k, v := range e {
		if reflect.TypeOf(v) != reflect.TypeOf(want[k]) {
			t.Errorf("%v: %q is %T %v, want %T", e["event"], k, v, v, want[k])
		}
	}
	for k := range want {
		if _, ok := e[k]; !ok {
			t.Errorf("%v: no %q", e["event"], k)
		}
	}
}

func TestTrainJSON(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	r := ok(t, "train", "mlp", "--epochs", "2", "--seed", "3", "--runs", runs, "--data", dir, "--json")
	list := events(t, r.out)
	if len(list) != 4 || r.err != "" {
		t.Fatalf("%d events\n%s%s", len(list), r.out, r.err)
	}
	checkFields(t, list[0], startFields)
	checkFields(t, list[1], epochFields)
	checkFields(t, list[2], epochFields)
	checkFields(t, list[3], endFields)
	if e := list[3]; list[0]["event"] != "start" || list[2]["epoch"] != 1. || e["event"] != "end" || e["status"] != "done" ||
		e["test_total"] != 100. || e["test_acc"] != e["test_correct"].(float64)/100 || e["run"] != onlyRun(t, runs) {
		t.Errorf("events %v", list)
	}
	for key, value := range list[3]["recipe"].(map[string]any) { // as it was trained, and as the run began
		if want := map[string]any{"epochs": 2., "eta": 3., "init": "large"}[key]; value != list[0][key] || want != nil && value != want {
			t.Errorf("the end's recipe has %s %v, the start %v", key, value, list[0][key])
		}
	}
	log, err := os.ReadFile(filepath.Join(onlyRun(t, runs), "metrics.jsonl"))
	if err != nil || !reflect.DeepEqual(events(t, string(log)), list) {
		t.Errorf("%v: metrics.jsonl has other events:\n%s", err, log)
	}
}

// watcher is standard output that somebody reads along.
type watcher func(line string)

func (w watcher) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

// When an epoch is shown, its checkpoint and run.json are there.
func TestEpochIsSaved(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	epochs := 0
	watch := watcher(func(line string) {
		e := events(t, line)[0]
		if e["event"] != "epoch" {
			return
		}
		epochs++
		run := onlyRun(t, runs)
		if step := strings.Fields(latestTensors(t, run))[0]; step != fmt.Sprint(50*epochs) {
			t.Errorf("epoch %v: the latest checkpoint is of step %s", e["epoch"], step)
		}
		info := readInfo(t, run)
		if info.Status != rundir.Running || info.Best == nil || e["best"] == true && *info.Best.ValAcc != e["val_acc"] {
			t.Errorf("%v: run.json: %+v", e, info)
		}
	})
	a := &app{models: models.All, out: &output{w: watch}, err: io.Discard}
	a.args = []string{"train", "mlp", "--epochs", "3", "--data", dir, "--runs", runs, "--json"}
	if code := a.main(context.Background()); code != 0 || epochs != 3 {
		t.Errorf("exit %d after %d epochs", code, epochs)
	}
}

func TestBook(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	r := ok(t, "train", "mlp", "--epochs", "3", "--seed", "3", "--runs", runs, "--data", dir, "--style", "book")
	info := readInfo(t, onlyRun(t, runs))
	lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
	for i, line := range lines {
		var epoch, correct, total int
		if n, err := fmt.Sscanf(line, "Epoch %d: %d / %d", &epoch, &correct, &total); n != 3 || epoch != i || total != 100 ||
			line != fmt.Sprintf("Epoch %d: %d / %d", epoch, correct, total) || i == info.Best.Epoch && correct != *info.Test.Correct {
			t.Errorf("%v: %q", err, line)
		}
	}
	if len(lines) != 3 || !strings.Contains(r.err, "of 100 = ") {
		t.Errorf("out %q, err %q", r.out, r.err)
	}
}

// With an eta that changes nothing, no epoch is better than the first, and patience is all there is.
func TestPatience(t *testing.T) {
	dir := dataSet(t, 60, 10)
	train := func(args ...string) []float64 {
		r := ok(t, append([]string{"train", "mlp", "--eta", "1e-30", "--seed", "1", "--data", dir, "--runs", t.TempDir(), "--json"}, args...)...)
		var etas []float64
		for _, e := range events(t, r.out) {
			if e["event"] == "epoch" {
				etas = append(etas, e["eta"].(float64)*1e30)
			}
		}
		return etas
	}
	if got := train("--patience", "3"); !slices.Equal(got, []float64{1, 1, 1, 1}) {
		t.Errorf("patience 3: eta %v", got)
	}
	want := []float64{1, 1, .5, .25, .125, .0625, .03125, .015625}
	if got := train("--schedule", "halve", "--patience", "1"); !slices.Equal(got, want) {
		t.Errorf("halve: eta %v, want %v", got, want)
	}
	if got := train("--schedule", "halve", "--epochs", "13"); len(got) != 13 || got[10] != 1 || got[11] != .5 {
		t.Errorf("halve without patience: eta %v", got)
	}
}

func TestDiverged(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	r := call("train", "softmax", "--eta", "1e38", "--seed", "1", "--data", dir, "--runs", runs, "--json")
	if r.code != exitDiverged || !strings.Contains(r.err, "epoch 0, mini-batch 1: the cost is not finite, first in affine") {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	run := onlyRun(t, runs)
	if info := readInfo(t, run); info.Status != rundir.Diverged || !strings.Contains(info.Error, "not finite") {
		t.Errorf("run.json: %+v", info)
	}
	log, err := os.ReadFile(filepath.Join(run, "metrics.jsonl"))
	if list := events(t, string(log)); err != nil || len(list) != 2 || list[1]["event"] != "end" || list[1]["status"] != "diverged" {
		t.Errorf("%v: %s", err, log)
	}
	if r := ok(t, "eval", run, "--json"); !strings.Contains(r.out, `"epoch":-1`) {
		t.Errorf("the first weights are gone: %s", r.out)
	}
}

// secret is a layer without a text form.
type secret struct{ graph.Layer }

// A model of the user's own, with a layer that no file can hold, has every command.
func TestOwnModel(t *testing.T) {
	own := models.Model{
		Name: "own", Doc: "mine", Loss: graph.LogLikelihood,
		Net:    graph.Seq{graph.Flatten{}, secret{graph.Residual{graph.Dense{Out: 784}, graph.Tanh}}, graph.Dense{Out: 10}},
		Recipe: models.Recipe{Epochs: 1, Batch: 50, Eta: .1},
	}
	catalogue := append(slices.Clone(models.All), own)
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	if r := callWith(catalogue, "train", "own", "--data", dir, "--runs", runs, "--seed", "1", "--epochs", "2"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	run := onlyRun(t, runs)
	if r := callWith(catalogue, "eval", run, "--min", "0.3"); r.code != 0 {
		t.Errorf("%+v", r)
	}
	if r := callWith(catalogue, "train", "--resume", run, "--epochs", "3"); r.code != 0 || !strings.Contains(r.out, "resumed    at epoch 2") {
		t.Errorf("%+v", r)
	}
	if r := call("eval", run); r.code != exitData || !strings.Contains(r.err, `model "own" has no layers; use the program that has this model`) {
		t.Errorf("%+v", r)
	}
	if r := callWith([]models.Model{{Name: "half"}}, "train", "half"); r.code != exitUsage {
		t.Errorf("a model without layers: %+v", r)
	}
}

// What does not fit the model leaves no run behind.
func TestUnfitData(t *testing.T) {
	runs, dir := filepath.Join(t.TempDir(), "runs"), t.TempDir()
	labels := bytes.Repeat([]byte{0, 1, 2, 3, 4, 5}, 2)
	for part, n := range map[string]int{"train": 12, "t10k": 6} {
		write(t, filepath.Join(dir, part+"-images-idx3-ubyte"), idx(0x803, []int{n, 4, 5}, make([]byte, n*20)))
		write(t, filepath.Join(dir, part+"-labels-idx1-ubyte"), idx(0x801, []int{n}, labels[:n]))
	}
	r := call("train", "mlp", "--data", dir, "--runs", runs)
	if r.code != exitUsage || !strings.Contains(r.err, "images of 1×4×5, model mlp takes 1×28×28; use other data, or a network in one line, which adapts to the data, such as 'dense(30) relu dense(6)'") {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(runs); err == nil {
		t.Error("a run was begun")
	}
	file := filepath.Join(dir, "six.toml")
	write(t, file, []byte("format = 1\ninput = [1, 4, 5]\n[[layer]]\nop = 'dense'\nout = 6\n[loss]\nop = 'log-likelihood'\n[train]\nepochs = 1\nbatch = 5\neta = 0.1\n"))
	ok(t, "train", file, "--data", dir, "--runs", runs)
	if r := call("predict", "latest", "x.png", "--runs", runs); r.code != exitUsage || !strings.Contains(r.err, "takes images of 1×4×5") {
		t.Errorf("%+v", r)
	}
}

// Runs below a file, and below a folder that nobody may write.
func TestRunsFolder(t *testing.T) {
	dir := dataSet(t, 60, 10)
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	folders := []string{filepath.Join(file, "runs")}
	if os.Geteuid() != 0 { // Root may write everywhere.
		closed := t.TempDir()
		if err := os.Chmod(closed, 0o500); err != nil {
			t.Fatal(err)
		}
		folders = append(folders, closed)
	}
	for _, runs := range folders {
		r := call("train", "mlp", "--epochs", "1", "--data", dir, "--runs", runs)
		if r.code != exitFailure || !strings.Contains(r.err, filepath.Dir(runs)) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%+v", r)
		}
	}
}

// TestAverages: with --ema, the averages are what is measured, kept and tested.
func TestAverages(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	ok(t, "train", "mlp", "--epochs", "3", "--seed", "5", "--runs", runs, "--data", dir, "--ema", "0.95", "--optimizer", "adamw", "--eta", "0.01",
		"--schedule", "onecycle", "--clip", "0.5", "--patience", "9")
	run := onlyRun(t, runs)
	info := readInfo(t, run)
	for split, want := range map[string]float64{"validation": *info.Best.ValAcc, "test": float64(*info.Test.Correct) / 100} {
		if got := events(t, ok(t, "eval", run, "--json", "--split", split).out)[0]["accuracy"]; got != want {
			t.Errorf("%s: the best checkpoint gives %v, the training %v", split, got, want)
		}
	}
	tensors := latestTensors(t, run)
	for _, name := range []string{"dense1.w.trained", "dense2.b.mean", "dense2.b.square"} {
		if !strings.Contains(tensors, name) {
			t.Errorf("no %s in the checkpoint", name)
		}
	}
	again := t.TempDir()
	ok(t, "train", filepath.Join(run, "model.toml"), "--seed", "5", "--data", dir, "--runs", again)
	if tensors != latestTensors(t, onlyRun(t, again)) {
		t.Error("model.toml does not repeat the run")
	}
	r := call("train", "--resume", run, "--epochs", "4")
	if r.code != exitUsage || !strings.Contains(r.err, "--epochs 4 would change the schedule onecycle, which ends after 3; leave it out") {
		t.Errorf("%+v", r)
	}
	if r := ok(t, "train", "--resume", run, "--epochs", "3"); !strings.Contains(r.out, "optimizer adamw, schedule onecycle, clip 0.5, ema 0.95, patience 9") {
		t.Errorf("out:\n%s", r.out)
	}
}

// TestFull: with --full all images that are not the test's are trained on, nothing is validated, and the last weights are tested.
func TestFull(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	r := ok(t, "train", "mlp", "--full", "--epochs", "2", "--seed", "3", "--runs", runs, "--data", dir, "--json")
	list := events(t, r.out)
	if s, e := list[0], list[1]; s["train"] != 600. || s["validation"] != 0. || s["full"] != true || e["val_acc"] != nil || e["nonfinite"] != nil {
		t.Errorf("events %v", list)
	}
	if e := list[3]; e["best_epoch"] != 1. {
		t.Errorf("end %v", e)
	}
	run := onlyRun(t, runs)
	if got := ok(t, "eval", run, "--split", "train", "--json").out; !strings.Contains(got, `"total":600`) {
		t.Errorf("eval of the training images: %s", got)
	}
	if r := call("eval", run, "--split", "validation"); r.code != 2 || !strings.Contains(r.err, "was trained on the validation images too; use --split test") {
		t.Errorf("eval of the validation images: exit %d, %s", r.code, r.err)
	}
	ok(t, "plot", run, "-o", filepath.Join(runs, "x.svg"))
	if r := ok(t, "train", filepath.Join(run, "model.toml"), "--runs", runs, "--data", dir); !strings.Contains(r.err+r.out, "600 training, 0 validation") {
		t.Errorf("the file repeats:\n%s%s", r.out, r.err)
	}
}

// TestInline: a network in one line trains as any model, its run repeats it, and a mistake has its column and the nearest name.
func TestInline(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	for _, c := range []struct{ text, layers string }{
		{"784-30-10", "dense(30)"}, {"conv(4,5) relu pool(2) dropout(.5) dense(10)", "conv(4,5)"},
	} {
		if r := ok(t, "summary", c.text); !strings.Contains(r.out, c.layers) || !strings.Contains(r.out, "log-likelihood") {
			t.Errorf("%s:\n%s", c.text, r.out)
		}
		at := filepath.Join(runs, c.layers)
		ok(t, "train", c.text, "--epochs", "1", "--seed", "1", "--runs", at, "--data", dir)
		ok(t, "train", filepath.Join(onlyRun(t, at), "model.toml"), "--epochs", "1", "--runs", runs, "--data", dir)
	}
	for text, want := range map[string]string{
		"100-30-10": "column 1: the first number is the number of inputs", "dens(30) relu dense(10)": "did you mean dense?", "dense(10": "column",
	} {
		if r := call("train", text); r.code != 2 || !strings.Contains(r.err, want) {
			t.Errorf("%s: exit %d, %s", text, r.code, r.err)
		}
	}
}
