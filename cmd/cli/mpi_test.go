//go:build !mpi

package cli

import (
	"strings"
	"testing"
)

// TestWithoutMPI: a program that was built without MPI says how to build one that has it.
func TestWithoutMPI(t *testing.T) {
	for flag, want := range map[string]string{
		"--mpi":       "--mpi: this program was built without MPI; build it on Linux with: go build -tags mpi ./cmd/stheno",
		"--sync-norm": "--sync-norm without --mpi; leave it out",
	} {
		if got := call("train", "mlp", flag, "--runs", t.TempDir()); got.code != exitUsage || !strings.Contains(got.err, want) {
			t.Errorf("%s: exit %d\n%s", flag, got.code, got.err)
		}
	}
	if got := call("train", "mlp", "--mpi", "--find-eta"); got.code != exitUsage || !strings.Contains(got.err, "leave --mpi out") {
		t.Errorf("exit %d\n%s", got.code, got.err)
	}
}
