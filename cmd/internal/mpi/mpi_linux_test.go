//go:build mpi

package mpi

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asRank makes the test's binary one process of a job.
const asRank = "STHENO_TEST_AS_RANK"

func TestMain(m *testing.M) {
	if os.Getenv(asRank) == "" {
		os.Exit(m.Run())
	}
	if err := beRank(os.Getenv(asRank)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// beRank is what one process of a job does in the tests.
func beRank(mode string) error {
	w, err := Start()
	if err != nil {
		return err
	}
	if mode == "abort" && w.Rank() == w.Size()-1 {
		w.Abort(7)
	}
	if mode == "panic" {
		if err := nilPointer(); err == nil {
			return errors.New("no panic")
		}
	}
	for _, n := range []int{1, 1000, 3 << 20} {
		if err := sums(w, n); err != nil {
			return err
		}
	}
	if w.Sum([]int{1}) == nil {
		return errors.New("added up whole numbers")
	}
	fmt.Printf("rank %d of %d, %d share\n", w.Rank(), w.Size(), w.Sharing())
	return w.Close()
}

// nilPointer is the error that Go makes of a nil pointer, which the library's own handlers must leave to it.
func nilPointer() (err error) {
	defer func() { err, _ = recover().(error) }()
	var w *World
	w.rank++
	return nil
}

// sums adds up n numbers of both types, whose sums have no rounding.
func sums(w *World, n int) error {
	x, y := make([]float32, n), make([]float64, n)
	for i := range x {
		x[i], y[i] = float32(i%1000*(w.Rank()+1)), float64(i*(w.Rank()+1))
	}
	if err := errors.Join(w.Sum(x), w.Sum(y)); err != nil {
		return err
	}
	ranks := w.Size() * (w.Size() + 1) / 2
	for i := range x {
		if x[i] != float32(i%1000*ranks) || y[i] != float64(i*ranks) {
			return fmt.Errorf("%d numbers: the sums of element %d are %v and %v", n, i, x[i], y[i])
		}
	}
	return nil
}

// mpirun runs the test's binary as n processes. It skips the test where there is no mpirun of MPICH.
func mpirun(t *testing.T, n int, mode string) (string, error) {
	t.Helper()
	if version, err := exec.Command("mpirun", "--version").CombinedOutput(); err != nil || !strings.Contains(string(version), "HYDRA") {
		t.Skip("no mpirun of MPICH; apt-get install mpich")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("mpirun", "-n", fmt.Sprint(n), self)
	cmd.Env = append(os.Environ(), asRank+"="+mode)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// TestSum: two and four processes add up numbers of both types, a few and many.
func TestSum(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		out, err := mpirun(t, n, "sum")
		if err != nil {
			t.Fatalf("%d processes: %v\n%s", n, err, out)
		}
		for rank := range n {
			if want := fmt.Sprintf("rank %d of %d, %d share\n", rank, n, n); !strings.Contains(out, want) {
				t.Errorf("%d processes: no %q in\n%s", n, want, out)
			}
		}
	}
}

// TestPanic: with the library loaded, a nil pointer is still a panic.
func TestPanic(t *testing.T) {
	if out, err := mpirun(t, 2, "panic"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAbort: one process ends all of them.
func TestAbort(t *testing.T) {
	out, err := mpirun(t, 3, "abort")
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 7 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestStranded: a process that was started as one of several but is alone for the library gets an error that says so.
func TestStranded(t *testing.T) {
	t.Setenv("OMPI_COMM_WORLD_SIZE", "4")
	if err := stranded(); err == nil || !strings.Contains(err.Error(), "OMPI_COMM_WORLD_SIZE is 4, but MPI sees only one process") {
		t.Error(err)
	}
}

// TestLoad: without a library, and with Open MPI's, the error says what was tried and what to install.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	source, other := filepath.Join(dir, "other.c"), filepath.Join(dir, "libother.so.12")
	if err := os.WriteFile(source, []byte("int ompi_mpi_comm_world;\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	want := "no MPI library: tried libnone.so.12"
	names := []named{{"libnone.so.12", mpich}}
	if err := exec.Command("gcc", "-shared", "-o", other, source).Run(); err == nil { // where there is a compiler
		want += ", " + other + " (Open MPI's, which has another ABI)"
		names = append(names, named{other, mpich})
	}
	if _, err := load(names); err == nil || !strings.HasPrefix(err.Error(), want+"; install MPICH") {
		t.Error(err)
	}
}
