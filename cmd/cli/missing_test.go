package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is missing of a run, or of its data, is named, and what stands beside runs is left out of several.
func TestMissing(t *testing.T) {
	home, dir := t.TempDir(), dataSet(t, 60, 10)
	t.Chdir(home)
	ok(t, "train", "mlp", "--epochs", "1", "--seed", "1", "--data", dir)
	good := onlyRun(t, "runs")
	copies := func(name string, without ...string) string {
		path := filepath.Join("runs", name)
		if err := os.CopyFS(path, os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
		for _, file := range without {
			if err := os.RemoveAll(filepath.Join(path, file)); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	noInfo, noFolder, noEpoch := copies("noinfo", "run.json"), copies("nofolder", "checkpoints"), copies("noepoch", "metrics.jsonl", "checkpoints")
	if err := errors.Join(os.Mkdir(filepath.Join(noEpoch, "checkpoints"), 0o777), os.WriteFile(filepath.Join(noEpoch, "metrics.jsonl"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	book := filepath.Join("runs", "book-deep.json")
	write(t, book, []byte(`{"experiment":"deep"}`))
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"eval " + noInfo, exitData, noInfo + ": no run.json in this folder; give the folder of a run, or restore that file"},
		{"eval noinfo", exitData, noInfo + ": no run.json"},
		{"eval noinof", exitUsage, "did you mean " + noInfo},
		{"eval " + noFolder, exitData, noFolder + "/checkpoints: damaged: the folder is missing"},
		{"train --resume " + noFolder, exitData, noFolder + "/checkpoints: damaged: the folder is missing"},
		{"eval " + noEpoch, exitData, "no checkpoint"},
		{"eval " + book, exitData, book + ": the result of an experiment of the book, not a run"},
		{"plot -o p.svg " + book, exitData, book + ": the result of an experiment of the book, not a run"},
		{"plot -o p.svg " + noEpoch, exitFailure, "no epoch has ended yet"},
		{"train mlp --data " + book, exitData, book + ": neither a folder nor a file that ends in .npz, .csv or .tsv"},
		{"data --data none", exitData, "none/: no such file or directory; give a folder"},
		{"eval --data DIR " + noInfo + " " + noEpoch, exitData, "left out: "},
		{"eval --data DIR --vote " + good + " " + noInfo, exitUsage, "--vote of 1 run"},
	} {
		r := call(strings.Fields(strings.ReplaceAll(c.args, "DIR", dir))...)
		if r.code != c.code || !strings.Contains(r.err, c.want) || r.out != "" {
			t.Errorf("%s: exit %d\n%s%s\nwant %d, %s", c.args, r.code, r.out, r.err, c.code, c.want)
		}
	}
	all := []string{good, noInfo, noEpoch, book}
	r := ok(t, append([]string{"eval"}, all...)...)
	if strings.Count(r.err, "stheno: left out: ") != 3 || !strings.Contains(r.out, good+", weights of epoch 0") {
		t.Errorf("eval of all:\n%s%s", r.out, r.err)
	}
	r = ok(t, append([]string{"plot", "-o", "p.svg"}, all...)...)
	if strings.Count(r.err, "stheno: left out: ") != 3 || !strings.Contains(readAll(t, "p.svg"), filepath.Base(good)) {
		t.Errorf("plot of all:\n%s", r.err)
	}
}

// Data by a relative path is not found from another folder, and a run that one may not read is no unknown one.
func TestElsewhere(t *testing.T) {
	home, dir := t.TempDir(), dataSet(t, 60, 10)
	t.Chdir(filepath.Dir(dir))
	runs := filepath.Join(home, "runs")
	ok(t, "train", "mlp", "--epochs", "1", "--data", filepath.Base(dir), "--runs", runs)
	t.Chdir(home)
	run := onlyRun(t, runs)
	for _, args := range [][]string{{"eval", run}, {"train", "--resume", run}} {
		if r := call(args...); r.code != exitData || !strings.Contains(r.err, "the run recorded this path in another folder: give the data with --data") {
			t.Errorf("%q: exit %d\n%s%s", args, r.code, r.out, r.err)
		}
		ok(t, append(args, "--data", dir)...)
	}
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	if err := os.Chmod(run, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(run, 0o777)
	if r := call("eval", run); r.code != exitData || !strings.Contains(r.err, "permission denied; ask its owner") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}
