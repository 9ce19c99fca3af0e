//go:build mpi

package cli

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

// mpirun is the command that starts n processes of the program. It skips the test where there is no mpirun of MPICH.
func mpirun(t *testing.T, n int, args ...string) *exec.Cmd {
	t.Helper()
	if version, err := exec.Command("mpirun", "--version").CombinedOutput(); err != nil || !strings.Contains(string(version), "HYDRA") {
		t.Skip("no mpirun of MPICH; apt-get install mpich")
	}
	cmd := exec.Command("mpirun", append([]string{"-n", fmt.Sprint(n), self(t)}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=program")
	return cmd
}

// self is this test's binary.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// asJob runs a job to its end.
func asJob(t *testing.T, n int, args ...string) result {
	t.Helper()
	var out, text bytes.Buffer
	cmd := mpirun(t, n, args...)
	cmd.Stdout, cmd.Stderr = &out, &text
	_ = cmd.Run() // whose exit code is looked at
	return result{cmd.ProcessState.ExitCode(), out.String(), text.String()}
}

// jobArgs is a training that uses most of what a job must do as one process does, and its runs' folder.
func jobArgs(t *testing.T, dir string, more ...string) (args []string, runs string) {
	runs = t.TempDir()
	return append([]string{"train", "dense(20) relu dropout(.5) dense(10)", "--epochs", "4", "--batch", "11", "--eta", ".01", "--optimizer", "adam",
		"--clip", "1", "--ema", ".9", "--lambda", ".1", "--schedule", "cosine", "--dtype", "float64", "--seed", "3", "--json", "--data", dir, "--runs", runs}, more...), runs
}

// sameEpochs fails unless the epochs of two logs are the same, to within off.
func sameEpochs(t *testing.T, got, want string, off float64) {
	t.Helper()
	g, w := events(t, got), events(t, want)
	if len(g) != len(w) {
		t.Fatalf("%d events, want %d:\n%s", len(g), len(w), got)
	}
	for i := range w {
		for _, name := range []string{"epoch", "train_loss", "train_acc", "val_loss", "val_acc", "eta", "best", "test_correct"} {
			x, number := g[i][name].(float64)
			if y, _ := w[i][name].(float64); number && !(math.Abs(x-y) <= off) || !number && g[i][name] != w[i][name] {
				t.Errorf("event %d: %s %v, want %v", i, name, g[i][name], w[i][name])
			}
		}
	}
}

// TestMPI: one process of a job trains with the bits of a training without it, and 2 and 4 as one to 1e-9.
func TestMPI(t *testing.T) {
	dir := dataSet(t, 300, 50)
	args, runs := jobArgs(t, dir)
	want := ok(t, args...)
	tensors := latestTensors(t, onlyRun(t, runs))
	for _, n := range []int{1, 2, 4} {
		args, runs := jobArgs(t, dir, "--mpi")
		got := asJob(t, n, args...)
		if got.code != 0 || got.err != "" {
			t.Fatalf("%d processes: exit %d\n%s", n, got.code, got.err)
		}
		sameEpochs(t, got.out, want.out, 1e-9)
		if n == 1 && latestTensors(t, onlyRun(t, runs)) != tensors {
			t.Error("one process has other bits")
		}
		checkLog(t, onlyRun(t, runs), 4)
	}
}

// TestMPISyncNorm: with --sync-norm a network with batch norm trains as one process does, also when one process goes on without MPI.
func TestMPISyncNorm(t *testing.T) {
	dir := dataSet(t, 300, 50)
	args, _ := trainArgs(t, dir, "--json", "--dtype", "float64", "--epochs", "3")
	want := ok(t, args...).out
	args, runs := trainArgs(t, dir, "--json", "--dtype", "float64", "--epochs", "2", "--mpi", "--sync-norm")
	if got := asJob(t, 2, args...); got.code != 0 || got.err != "" {
		t.Fatalf("exit %d\n%s", got.code, got.err)
	}
	run := onlyRun(t, runs)
	ok(t, "train", "--resume", run, "--epochs", "3")
	log, err := os.ReadFile(filepath.Join(run, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	sameEpochs(t, string(log), want, 1e-9)
}

// ranked is the number of the process of that rank whose arguments name the folder; 0 before it is there.
func ranked(rank int, folder string) int {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		env, _ := os.ReadFile(filepath.Join(dir, "environ")) // of another user, or a process that has ended: empty
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if bytes.Contains(env, []byte(fmt.Sprintf("\x00PMI_RANK=%d\x00", rank))) && bytes.Contains(line, []byte(folder)) {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			return pid
		}
	}
	return 0
}

// TestMPIKill: where one process is killed, all end within ten seconds with an error, and another number of processes goes on from the newest
// checkpoint to what one process comes to.
func TestMPIKill(t *testing.T) {
	dir := dataSet(t, 500, 50)
	args, runs := jobArgs(t, dir, "--schedule", "constant", "--epochs", "100000", "--mpi")
	cmd := mpirun(t, 3, args...)
	var out, text bytes.Buffer
	cmd.Stderr = &text
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	for bytes.Count(out.Bytes(), []byte("\n")) < 3 { // the start and two epochs
		b := make([]byte, 4096)
		n, err := pipe.Read(b)
		if err != nil {
			t.Fatalf("%v\n%s%s", err, &out, &text)
		}
		out.Write(b[:n])
	}
	kill(t, ranked(1, runs), syscall.SIGKILL)
	begin := time.Now()
	_, _ = out.ReadFrom(pipe) // until all have ended
	_ = cmd.Wait()            // whose exit code is looked at
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("all ended after %v", took)
	}
	if cmd.ProcessState.ExitCode() == 0 || !strings.Contains(out.String()+text.String(), "BAD TERMINATION") {
		t.Errorf("exit %d\n%s%s", cmd.ProcessState.ExitCode(), &out, &text)
	}
	run := onlyRun(t, runs)
	epochs := latestState(t, run).Epoch + 2
	if epochs < 4 { // Two were printed, after they were saved.
		t.Errorf("the newest checkpoint is of epoch %d", epochs-2)
	}
	if got := asJob(t, 2, "train", "--mpi", "--resume", run, "--json", "--epochs", fmt.Sprint(epochs)); got.code != 0 {
		t.Fatalf("exit %d\n%s", got.code, got.err)
	}
	checkLog(t, run, epochs)
	args, _ = jobArgs(t, dir, "--schedule", "constant", "--epochs", fmt.Sprint(epochs))
	log, err := os.ReadFile(filepath.Join(run, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	sameEpochs(t, string(log), ok(t, args...).out, 1e-9)
}

// kill signals a process.
func kill(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if pid == 0 { // which would be this process and its relatives
		t.Fatal("no process of that rank")
	}
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

// TestMPIInterrupt: a signal to one process stops all of them, after process 0 has saved.
func TestMPIInterrupt(t *testing.T) {
	args, runs := jobArgs(t, dataSet(t, 1000, 50), "--epochs", "1000", "--mpi")
	cmd := mpirun(t, 2, args...)
	var text bytes.Buffer
	cmd.Stderr = &text
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	for !begun(runs) {
		time.Sleep(10 * time.Millisecond)
	}
	kill(t, ranked(1, runs), syscall.SIGTERM)
	_ = cmd.Wait()
	run := onlyRun(t, runs)
	if code := cmd.ProcessState.ExitCode(); code != 130 || readInfo(t, run).Status != rundir.Interrupted || strings.Count(text.String(), "\n") != 1 ||
		!strings.Contains(text.String(), "interrupted in epoch") {
		t.Errorf("exit %d, %+v\n%s", code, readInfo(t, run).Status, &text)
	}
	latestState(t, run)
}

// TestMPIUnwritable: where process 0 can no longer write the run, it says so, and all end.
func TestMPIUnwritable(t *testing.T) {
	args, runs := jobArgs(t, dataSet(t, 500, 50), "--epochs", "100000", "--mpi")
	var text bytes.Buffer
	cmd := mpirun(t, 2, args...)
	cmd.Stderr = &text
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	for !begun(runs) {
		time.Sleep(10 * time.Millisecond)
	}
	run := onlyRun(t, runs)
	if err := os.Rename(filepath.Join(run, "checkpoints"), filepath.Join(t.TempDir(), "checkpoints")); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()                      // whose exit code is looked at
	code := cmd.ProcessState.ExitCode() // exitData where the folder is gone between a checkpoint and the removal of an older one
	if code != exitFailure && code != exitData || !strings.Contains(text.String(), "process 0 of 2: rundir: ") {
		t.Errorf("exit %d\n%s", code, &text)
	}
}

// begun says that there is a run with a checkpoint.
func begun(runs string) bool {
	found, _ := filepath.Glob(filepath.Join(runs, "*", "checkpoints", "latest.json"))
	return len(found) > 0
}

// TestMPIErrors: an error that all processes have is printed once, with the exit code that it has without a job, and leaves nothing behind.
func TestMPIErrors(t *testing.T) {
	dir := dataSet(t, 300, 50)
	for _, r := range []struct {
		code int
		want string
		args []string
	}{
		{2, `unknown model "mpl"; did you mean mlp?`, []string{"train", "mpl", "--mpi"}},
		{2, "3 processes for mini-batches of 2; use fewer processes or larger mini-batches", []string{"train", "mlp", "--mpi", "--data", dir, "--batch", "2"}},
		{1, "choose another folder for the runs", []string{"train", "mlp", "--mpi", "--data", dir, "--runs", "/proc/none"}},
		{4, "no such file or directory", []string{"train", "mlp", "--mpi", "--data", "none"}},
		{2, `unknown run "none"`, []string{"train", "--mpi", "--resume", "none"}},
		{2, "--sync-norm: model mlp has no batch norm to train; leave it out", []string{"train", "mlp", "--mpi", "--sync-norm", "--data", dir}},
		{4, "process 3 of 4: ", []string{"train", "mlp", "--mpi", "--data", dir, ":", "-n", "1", self(t), "train", "mlp", "--mpi",
			"--data", "none", "--runs", t.TempDir()}},
		{1, "process 3 has other model or data than process 0", []string{"train", "mlp", "--mpi", "--data", dir, ":", "-n", "1", self(t), "train", "mlp", "--mpi",
			"--data", dir, "--batch", "20", "--runs", t.TempDir()}},
		{5, "the cost is not finite", []string{"train", "mlp", "--mpi", "--data", dir, "--eta", "1e300"}},
	} {
		got := asJob(t, 3, append([]string{r.args[0], "--runs", t.TempDir()}, r.args[1:]...)...)
		if got.code != r.code || !strings.Contains(got.err, r.want) || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%q: exit %d\n%s", r.args, got.code, got.err)
		}
	}
}
