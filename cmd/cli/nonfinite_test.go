package cli

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

// A training that ends with weights or statistics that are not finite has diverged, whatever its cost was, and its best is from before that.
func TestDivergedWeights(t *testing.T) {
	dir := dataSet(t, 240, 100)
	for _, c := range []struct{ net, args, want string }{
		{"784-30-10", "--full --batch 240 --epochs 1 --eta 1e39", "epoch 0, mini-batch 1: tensor dense1.w has"},
		{"784-30-10", "--train-size 200 --batch 200 --epochs 2 --eta 1e39 --momentum 0.1", "epoch 0, mini-batch 1: tensor dense1.w has"},
		{"conv(4,5) batchnorm relu pool(2) dense(10)", "--epochs 4 --eta 1e25", "; try a smaller eta"},
	} {
		runs := t.TempDir()
		r := call(append([]string{"train", c.net, "--seed", "1", "--data", dir, "--runs", runs}, strings.Fields(c.args)...)...)
		if r.code != exitDiverged || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: exit %d\n%s%s", c.args, r.code, r.out, r.err)
		}
		run := onlyRun(t, runs)
		if info := readInfo(t, run); info.Status != rundir.Diverged {
			t.Errorf("%s: %+v", c.args, info)
		}
		if r := call("eval", run); r.code != 0 { // of the first weights
			t.Errorf("%s: eval: exit %d\n%s%s", c.args, r.code, r.out, r.err)
		}
	}
}

// spoiled is a run whose best weights have a number that is not finite, as a program that does not look may have kept it.
func spoiled(t *testing.T, dir string) string {
	t.Helper()
	runs := t.TempDir()
	ok(t, "train", "softmax", "--epochs", "1", "--seed", "1", "--data", dir, "--runs", runs)
	r, s, err := rundir.Resume(onlyRun(t, runs), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	s.File.Tensors[len(s.File.Tensors)-1].Data.([]float32)[3] = float32(math.NaN())
	if err := r.Checkpoint(s.File, s.Step+1, true); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return r.Path()
}

// Outputs that are not finite are no wrong answers: eval and predict say so, in JSON as null, and exit with 5.
func TestDivergedOutputs(t *testing.T) {
	dir := dataSet(t, 240, 100)
	run, file := spoiled(t, dir), filepath.Join(t.TempDir(), "digit.png")
	write(t, file, picture(t, 1, 1, false))
	for _, c := range []struct{ args, out, err string }{
		{"eval RUN --data DIR", "test: none: of 100 images, 100 have outputs that are NaN or infinite\n", "RUN: outputs for 100 of 100 images are NaN or infinite; use weights"},
		{"eval RUN --data DIR --json", `"accuracy":null,"low":null,"high":null,"nonfinite":["accuracy","low","high"]}`, "RUN: outputs for 100"},
		{"eval RUN --data DIR --errors 1 --json", `"errors":[{"index":0,"label":7,"answer":null,"p":null,"nonfinite":["p"]}]`, "RUN: outputs for 100"},
		{"eval RUN RUN --data DIR", "      NaN       NaN\n", "RUN: outputs for 100 of 100"},
		{"predict RUN FILE", "–    nan", "outputs for 1 picture are NaN or infinite; use weights"},
		{"predict RUN FILE --json", `"digit":null,"p":[null,null,null,null,null,null,null,null,null,null],"nonfinite":["digit","p"]}`, "outputs for 1 picture"},
	} {
		place := strings.NewReplacer("RUN", run, "FILE", file, "DIR", dir)
		r := call(strings.Fields(place.Replace(c.args))...)
		if r.code != exitDiverged || !strings.Contains(strings.ToLower(r.out), strings.ToLower(place.Replace(c.out))) || !strings.Contains(r.err, place.Replace(c.err)) {
			t.Errorf("%s: exit %d\n%s%s", c.args, r.code, r.out, r.err)
		}
	}
	if r := call("train", "--resume", run, "--epochs", "3"); r.code != exitData || !strings.Contains(r.err, "NaN or infinite; restore") {
		t.Errorf("resume: exit %d\n%s%s", r.code, r.out, r.err)
	}
}
