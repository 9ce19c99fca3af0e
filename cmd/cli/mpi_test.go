//go:build !mpi

package cli

import (
	"strings"
	"testing"
)

// TestWithoutMPI: a program that was built without MPI says how to build one that has it.
func TestWithoutMPI(t *testing.T) {
	got := call("train", "mlp", "--mpi", "--runs", t.TempDir())
	if got.code != exitUsage || !strings.Contains(got.err, "--mpi: this program was built without MPI; build it on Linux by: go build -tags mpi ./cmd/stheno") {
		t.Errorf("exit %d\n%s", got.code, got.err)
	}
}
