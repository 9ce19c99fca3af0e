package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// program is the program in a process of its own.
type program struct {
	*exec.Cmd
	lines chan string // of standard output
	err   bytes.Buffer
}

// start runs this test's binary as the program, or as what mode says.
func start(t *testing.T, mode, env string, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Cmd: exec.Command(self, args...), lines: make(chan string, 100)}
	p.Env = append(os.Environ(), asProgram+"="+mode, env, "GORACE=atexit_sleep_ms=0") // or a program that ends is killed a second later, under the race detector
	p.Stderr = &p.err
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
	}()
	return p
}

// exit waits, and returns the exit code; −1 where a signal ended the program.
func (p *program) exit(t *testing.T) int {
	t.Helper()
	for range p.lines {
	}
	err := p.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// dropoutNet has all that a resumed training must bring back: momentum, averages, running statistics, dropout's masks, the order of the images.
const dropoutNet = `format = 1
name = "dropout net"
[[layer]]
op = "dense"
out = 100
[[layer]]
op = "batchnorm"
[[layer]]
op = "relu"
[[layer]]
op = "dropout"
p = 0.5
[[layer]]
op = "dense"
out = 10
[loss]
op = "log-likelihood"
[train]
epochs = 8
batch = 10
eta = 0.05
lambda = 0.5
momentum = 0.5
optimizer = "nesterov"
ema = 0.9
init = "default"
`

// trainArgs is a training of the dropout net, and its runs' folder.
func trainArgs(t *testing.T, dir string, more ...string) (args []string, runs string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "net.toml")
	write(t, file, []byte(dropoutNet))
	runs = t.TempDir()
	return append([]string{"train", file, "--seed", "9", "--data", dir, "--runs", runs}, more...), runs
}

// uninterrupted are the last tensors of a training that nobody stops.
func uninterrupted(t *testing.T, dir string) string {
	t.Helper()
	args, runs := trainArgs(t, dir)
	ok(t, args...)
	return latestTensors(t, onlyRun(t, runs))
}

// checkLog fails unless metrics.jsonl has a start, each epoch once, and an end.
func checkLog(t *testing.T, run string, epochs int) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(run, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	list := events(t, string(log))
	if len(list) != epochs+2 || list[0]["event"] != "start" || list[epochs+1]["event"] != "end" {
		t.Fatalf("metrics.jsonl:\n%s", log)
	}
	for i, e := range list[1 : epochs+1] {
		if e["event"] != "epoch" || e["epoch"] != float64(i) {
			t.Errorf("metrics.jsonl, line %d: %v", i+1, e)
		}
	}
}

// A training that is interrupted in the middle of epochs ends with the bits of one that is not.
func TestInterrupt(t *testing.T) {
	dir := dataSet(t, 3000, 50)
	want := uninterrupted(t, dir)
	args, runs := trainArgs(t, dir, "--json")
	code := map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143}
	random, inside := rand.New(rand.NewPCG(1, 2)), 0
	for i := range 100 {
		signal := []os.Signal{os.Interrupt, syscall.SIGTERM}[i%2]
		p := start(t, "program", "", args...)
		for range 1 + random.IntN(3) { // the start, perhaps epochs
			<-p.lines
		}
		time.Sleep(time.Duration(random.IntN(10)) * time.Millisecond)
		p.Process.Signal(signal)
		got := p.exit(t)
		run := onlyRun(t, runs)
		info := readInfo(t, run)
		if got == 0 && info.Status == rundir.Done {
			break
		}
		if got != code[signal] || info.Status != rundir.Interrupted || !strings.Contains(p.err.String(), "to continue: stheno train --resume "+run) {
			t.Fatalf("%v: exit %d, status %s\n%s", signal, got, info.Status, &p.err)
		}
		if latestState(t, run).Batch > 0 {
			inside++
		}
		args = []string{"train", "--resume", run, "--json"}
	}
	if inside == 0 {
		t.Errorf("never interrupted inside of an epoch")
	}
	run := onlyRun(t, runs)
	if latestTensors(t, run) != want {
		t.Error("the resumed run has other weights")
	}
	checkLog(t, run, 8)
}

// A run that is interrupted while the test images are measured keeps its last weights, not the best that are measured.
func TestInterruptTest(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 1200, 100)
	end := events(t, ok(t, "train", "mlp", "--epochs", "8", "--eta", "30", "--seed", "2", "--data", dir, "--runs", runs, "--json").out)[9]
	if end["best_epoch"] == 7. {
		t.Fatal("the last epoch is the best; choose another seed")
	}
	run := onlyRun(t, runs)
	want := latestTensors(t, run)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, text bytes.Buffer
	a := &app{models: models.All, args: []string{"train", "--resume", run}, out: &output{w: &out}, err: &text}
	if code := a.main(ctx); code != 130 || !strings.Contains(text.String(), "interrupted in the test and saved; to continue: stheno train --resume "+run) {
		t.Errorf("exit %d\n%s", code, &text)
	}
	if latestTensors(t, run) != want || readInfo(t, run).Status != rundir.Interrupted {
		t.Error("the latest checkpoint is another")
	}
	again := events(t, ok(t, "train", "--resume", run, "--json").out)[1]
	if again["test_correct"] != end["test_correct"] || again["best_epoch"] != end["best_epoch"] {
		t.Errorf("%v, want %v", again, end)
	}
}

// latestState is the trainer's state in the newest checkpoint.
func latestState(t *testing.T, run string) train.State {
	t.Helper()
	r, err := rundir.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Latest(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	state, err := stateOf(s)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// A training that is killed at any instants, its beginning and its end included, ends with the bits of one that is not.
func TestKill(t *testing.T) {
	dir := dataSet(t, 3000, 50)
	want := uninterrupted(t, dir)
	fresh, runs := trainArgs(t, dir, "--json")
	random, hits := rand.New(rand.NewPCG(3, 4)), 0
	for done := false; !done; {
		args := fresh
		if found, _ := filepath.Glob(filepath.Join(runs, "*", "run.json")); found != nil {
			args = []string{"train", "--resume", filepath.Dir(found[0]), "--json"}
		}
		p := start(t, "program", "", args...)
		for range random.IntN(3) { // nothing, or the start, and an epoch
			<-p.lines
		}
		time.Sleep(time.Duration(random.IntN(40)) * time.Millisecond)
		p.Process.Kill()
		switch code := p.exit(t); code {
		case 0:
			done = true
		case -1:
			hits++
		default:
			t.Fatalf("%q: exit %d\n%s", args, code, &p.err)
		}
	}
	run := onlyRun(t, runs)
	if hits < 3 {
		t.Errorf("%d kills hit", hits)
	}
	if latestTensors(t, run) != want {
		t.Error("the resumed run has other weights")
	}
	checkLog(t, run, 8)
	if info := readInfo(t, run); info.Status != rundir.Done || info.Test == nil {
		t.Errorf("run.json: %+v", info)
	}
}

// beBusy is what a training does that a signal cannot stop at once.
func beBusy() {
	ctx, _ := interruptible(context.Background())
	fmt.Println("listening")
	<-ctx.Done()
	time.Sleep(2 * echo)
	fmt.Println("saved")
	time.Sleep(time.Minute)
}

// A signal and its echo let the work be saved; another one ends the program at once, though it be busy.
func TestSecondSignal(t *testing.T) {
	p := start(t, "busy", "")
	for _, want := range []string{"listening", "saved"} {
		if got := <-p.lines; got != want {
			t.Fatalf("%q, want %q", got, want)
		}
		p.Process.Signal(syscall.SIGTERM)
		p.Process.Signal(os.Interrupt)
	}
	if code := p.exit(t); code != 130 && code != 143 {
		t.Errorf("exit %d", code)
	}
}

func TestResume(t *testing.T) {
	dir := dataSet(t, 600, 50)
	args, runs := trainArgs(t, dir, "--epochs", "2", "--patience", "7")
	ok(t, args...)
	run := onlyRun(t, runs)
	name := filepath.Base(run)
	for _, c := range []struct {
		flags string
		code  int
		want  string
	}{
		{"--eta 1", exitUsage, "--eta would change the run; leave it out, or start a new run from " + filepath.Join(run, "model.toml")},
		{"--seed 1", exitUsage, "--seed would change the run"},
		{"--kernel go", exitUsage, "--kernel would change the run"},
		{"--data " + dataSet(t, 60, 10), exitData, "is not the data that the run began with"},
		{"--data nowhere", exitData, "nowhere"},
		{"--epochs -1", exitUsage, "epochs -1; use at least 0"},
	} {
		r := call(append([]string{"train", "--resume", run}, strings.Fields(c.flags)...)...)
		if r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: %+v", c.flags, r)
		}
		if info := readInfo(t, run); info.Status != rundir.Done || info.Test == nil {
			t.Errorf("%s changed run.json: %+v", c.flags, info)
		}
	}
	r := ok(t, "train", "--resume", name, "--runs", runs, "--epochs", "3", "--threads", "1")
	if !strings.Contains(r.out, "resumed    at epoch 2, mini-batch 0") || !strings.Contains(r.out, "patience 7") {
		t.Errorf("out:\n%s", r.out)
	}
	checkLog(t, run, 3)
	ok(t, "train", "--resume", name, "--runs", runs) // There is nothing left to do, of three epochs.
	checkLog(t, run, 3)
	misspelt := name[:len(name)-2] + "zz"
	if r := call("train", "--resume", misspelt, "--runs", runs); r.code != exitUsage || !strings.Contains(r.err, "did you mean "+run) {
		t.Errorf("%+v", r)
	}
}

// A run goes on with another VM, which it keeps, and says that its bits are no longer those of the first.
func TestResumeOtherVM(t *testing.T) {
	args, runs := trainArgs(t, dataSet(t, 120, 10), "--epochs", "1")
	ok(t, args...)
	run := onlyRun(t, runs)
	note := "stheno: " + run + ": the run began with VM stheno and continues with tape, which rounds differently\n"
	if r := ok(t, "train", "--resume", run, "--epochs", "2", "--vm", "tape"); !strings.Contains(r.err, note) || !strings.Contains(r.out, "VM tape") {
		t.Errorf("%+v", r)
	}
	if r := ok(t, "train", "--resume", run, "--epochs", "3"); strings.Contains(r.err, "round differently") || !strings.Contains(r.out, "VM tape") {
		t.Errorf("%+v", r)
	}
	if info := readInfo(t, run); info.Last().VM != "tape" || info.Status != rundir.Done {
		t.Errorf("%+v", info)
	}
	checkLog(t, run, 3)
}

func TestLock(t *testing.T) {
	dir := dataSet(t, 60, 10)
	args, runs := trainArgs(t, dir)
	ok(t, args...)
	holder, _, err := rundir.Resume(onlyRun(t, runs), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if r := call("train", "--resume", onlyRun(t, runs)); r.code != exitFailure || !strings.Contains(r.err, fmt.Sprint("locked by process ", os.Getpid())) {
		t.Errorf("%+v", r)
	}
	ok(t, "eval", onlyRun(t, runs)) // Reading needs no lock.
}

// A disk that fills up: the program says which file, and what was saved before stays.
func TestFullDisk(t *testing.T) {
	if fileLimit == "" {
		t.Skip("this system has no limit on files")
	}
	dir := dataSet(t, 60, 10)
	args, runs := trainArgs(t, dir)
	p := start(t, "program", fileLimit+"=20000", args...)
	if code := p.exit(t); code != exitFailure || !strings.Contains(p.err.String(), runs) || !strings.Contains(p.err.String(), "file too large") {
		t.Errorf("exit %d\n%s", code, &p.err)
	}
	args, runs = trainArgs(t, dir, "--epochs", "1")
	ok(t, args...)
	run := onlyRun(t, runs)
	before := latestTensors(t, run)
	p = start(t, "program", fileLimit+"=20000", "train", "--resume", run, "--epochs", "2")
	if code := p.exit(t); code != exitFailure || !strings.Contains(p.err.String(), "the previous one is intact") {
		t.Errorf("exit %d\n%s", code, &p.err)
	}
	if latestTensors(t, run) != before || readInfo(t, run).Status != rundir.Failed {
		t.Errorf("after the full disk: %+v", readInfo(t, run))
	}
	ok(t, "train", "--resume", run, "--epochs", "2")
	checkLog(t, run, 2)
}

// A run that was killed before its first checkpoint begins anew, with its own seed.
func TestResumeBeforeCheckpoint(t *testing.T) {
	dir := dataSet(t, 60, 10)
	args, runs := trainArgs(t, dir)
	ok(t, args...)
	run := onlyRun(t, runs)
	want := latestTensors(t, run)
	if err := os.RemoveAll(filepath.Join(run, "checkpoints")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(run, "checkpoints"), 0o777); err != nil {
		t.Fatal(err)
	}
	if r := call("eval", run); r.code != exitData || !strings.Contains(r.err, "no checkpoint; train it") {
		t.Errorf("%+v", r)
	}
	ok(t, "train", "--resume", run)
	if latestTensors(t, run) != want {
		t.Error("other weights")
	}
	checkLog(t, run, 8)
}
