//go:build linux || darwin

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asTask runs a job's command in a folder, with the variable that its engine sets.
func asTask(t *testing.T, folder, variable string, command ...string) string {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), asProgram+"=1", variable)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", command, err, out)
	}
	return string(out)
}

// What --print prints trains the trial of the variable's number, and each finds what the other has trained.
func TestSweepPrint(t *testing.T) {
	sweepIn(t, smallSweep)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	r := ok(t, "sweep", "s.toml", "--print", "slurm")
	if !strings.Contains(r.err, "the trials read ") {
		t.Errorf("nothing about the data in %q", r.err)
	}
	write(t, "s.slurm", []byte(r.out))
	asTask(t, here, "SLURM_ARRAY_TASK_ID=3", "bash", "s.slurm")
	first := onlyRun(t, "runs")
	if got := asTask(t, here, "SLURM_ARRAY_TASK_ID=3", "bash", "s.slurm"); !strings.Contains(got, first) || strings.Contains(got, "train_loss") {
		t.Errorf("trained again:\n%s", got)
	}
	pods := ok(t, "sweep", "s.toml", "--print", "kubernetes").out
	_, line, _ := strings.Cut(pods, "\n        command: [\"")
	line, _, _ = strings.Cut(line, "\"]\n")
	command := strings.Split(strings.Replace(line, "/runs", filepath.Join(here, "runs"), 1), `", "`)
	sweepFolder := t.TempDir() // as the volume of the ConfigMap
	write(t, filepath.Join(sweepFolder, "s.toml"), []byte(readAll(t, "s.toml")))
	asTask(t, sweepFolder, "JOB_COMPLETION_INDEX=1", command...)
	done := 0
	for i, e := range swept(t, "--list") {
		if e["status"] == "done" {
			done++
			if i != 1 && i != 3 {
				t.Errorf("done is %v", e)
			}
		}
	}
	if done != 2 {
		t.Errorf("%d done", done)
	}
}
