package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/models/byhand"
)

// What made a run stays written, and what went on with it is added. A run that has trained more epochs than it is to have is left alone.
func TestResumes(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 240, 50)
	ok(t, "train", "mlp", "--epochs", "3", "--seed", "1", "--data", dir, "--runs", runs, "--dtype", "float64")
	run := onlyRun(t, runs)
	made := readInfo(t, run)
	before := readAll(t, filepath.Join(run, "run.json")) + readAll(t, filepath.Join(run, "metrics.jsonl"))
	r := call("train", "--resume", "latest", "--runs", runs, "--epochs", "2")
	if r.code != exitUsage || !strings.Contains(r.err, "--epochs 2, but "+run+" has trained 3; use more, or start a new run from "+run) || r.out != "" {
		t.Errorf("fewer epochs: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if readAll(t, filepath.Join(run, "run.json"))+readAll(t, filepath.Join(run, "metrics.jsonl")) != before {
		t.Error("the run was changed")
	}
	commands := [][]string{
		{"train", "--resume", run, "--epochs", "4"}, {"train", "--resume", run}, {"train", "--resume", run}, {"train", "--resume", run, "--epochs", "5", "--vm", "tape"},
	}
	for _, args := range commands {
		ok(t, args...)
	}
	info := readInfo(t, run)
	if !slices.Equal(info.Argv, made.Argv) || info.Build != made.Build || info.Kernel != made.Kernel || info.VM != made.VM || !info.Started.Equal(made.Started) {
		t.Errorf("%+v, made as %+v", info, made)
	}
	var argv [][]string
	for _, r := range info.Resumes {
		argv = append(argv, r.Argv[1:])
	}
	commands = slices.Delete(commands, 2, 3)
	if !reflect.DeepEqual(argv, commands) || info.Resumes[1].Times != 1 || info.Last().VM != "tape" || info.Last().Kernel != made.Kernel {
		t.Errorf("resumed by %+v", info.Resumes)
	}
	checkLog(t, run, 5)
	if r := ok(t, "train", "--resume", run); strings.Contains(r.out, "VM stheno") { // as the last one
		t.Error(r.out)
	}
}

// The command in an imported run imports it.
func TestResumedImport(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 240, 50)
	file := filepath.Join(t.TempDir(), "net.json")
	if err := byhand.New2(3, byhand.CrossEntropyCost{}, 784, 5, 10).Save(file); err != nil {
		t.Fatal(err)
	}
	ok(t, "import", file, "--runs", runs)
	run := onlyRun(t, runs)
	first := latestTensors(t, run)
	r, err := rundir.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(runs); err != nil {
		t.Fatal(err)
	}
	ok(t, r.Info().Argv[1:]...)
	run = onlyRun(t, runs)
	if latestTensors(t, run) != first {
		t.Error("the command of an imported run makes another")
	}
	if r := call("train", "--resume", run, "--epochs", "1", "--data", dir); r.code != exitData || !strings.Contains(r.err, "is not the data that the run began with") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	ok(t, "eval", run, "--data", dir)
}

// A run without validation images has no accuracy on them, rather than one of 0.
func TestWithoutValidation(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 240, 50)
	r := ok(t, "train", "mlp", "--full", "--epochs", "2", "--seed", "1", "--data", dir, "--runs", runs, "--json")
	list := events(t, r.out)
	if end := list[len(list)-1]; end["best_val_acc"] != nil || end["best_epoch"] != 1. || list[1]["val_acc"] != nil || list[1]["val_loss"] != nil {
		t.Errorf("%s", r.out)
	}
	run := onlyRun(t, runs)
	if info := readInfo(t, run); info.Best == nil || info.Best.ValAcc != nil || info.Best.Epoch != 1 {
		t.Errorf("%+v", info.Best)
	}
	if r := ok(t, "ls", "--runs", runs); strings.Contains(r.out, " 0.00%") || !strings.Contains(r.out, "  -  ") {
		t.Error(r.out)
	}
	if r := ok(t, "ls", "--runs", runs, "--json"); !strings.Contains(r.out, `"best":{"epoch":1,"val_acc":null}`) {
		t.Error(r.out)
	}
	picture := filepath.Join(t.TempDir(), "p.svg")
	ok(t, "plot", run, "-o", picture)
	if text := readAll(t, picture); strings.Contains(text, ", validation") {
		t.Error("a line of validation without images")
	}
	if r := call("eval", run, "--split", "validation"); r.code != exitUsage || strings.Contains(r.out+r.err, "NaN") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}
