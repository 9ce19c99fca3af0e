package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var day = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// A run that was given a name is found by it wherever a run is taken, and its folder is called as all are.
func TestRunName(t *testing.T) {
	dir, runs := dataSet(t, 60, 10), filepath.Join(t.TempDir(), "runs")
	r := ok(t, "train", "mlp", "--epochs", "1", "--name", "größe-2.5+x=1_b", "--data", dir, "--runs", runs)
	run := onlyRun(t, runs)
	if !strings.HasPrefix(filepath.Base(run), "mlp-2") || !strings.Contains(r.out, "\nname       größe-2.5+x=1_b\n") || readInfo(t, run).Name != "größe-2.5+x=1_b" {
		t.Errorf("%s: %+v", run, r)
	}
	ok(t, "train", "mlp", "--epochs", "1", "--data", dir, "--runs", runs)
	if r := ok(t, "ls", "--runs", runs); !strings.Contains(r.out, run+"  größe-2.5+x=1_b  done") || !strings.Contains(r.out, "  name  ") {
		t.Error(r.out)
	}
	list := events(t, ok(t, "ls", "--json", "--runs", runs).out)
	if list[0]["name"] != nil || list[1]["name"] != "größe-2.5+x=1_b" {
		t.Errorf("%v", list)
	}
	image := filepath.Join(t.TempDir(), "x.png")
	file, _ := testDigit(t, 0)
	write(t, image, file)
	for _, args := range [][]string{
		{"eval"}, {"predict", image}, {"plot", "-o", filepath.Join(t.TempDir(), "x.svg")}, {"plot", "--filters", "-o", filepath.Join(t.TempDir(), "y.svg")},
		{"export", "-o", filepath.Join(t.TempDir(), "x.npz")}, {"train", "--resume"},
	} {
		command := append([]string{args[0], "--runs", runs}, args[1:]...)
		if args[0] == "predict" {
			command = []string{"predict", "--runs", runs, "größe-2.5+x=1_b", image}
		} else {
			command = append(command, "größe-2.5+x=1_b")
		}
		ok(t, command...)
	}
	if r := ok(t, "eval", "größe-2.5+x=1_b", "--runs", runs, "--json"); events(t, r.out)[0]["run"] != run {
		t.Error(r.out)
	}
	if r := call("eval", "große-2.5+x=1_b", "--runs", runs); r.code != exitUsage || !strings.Contains(r.err, "did you mean größe-2.5+x=1_b?") {
		t.Errorf("%+v", r)
	}
	if r := call("train", "--resume", run, "--name", "other"); r.code != exitUsage || !strings.Contains(r.err, "--name would change the run") {
		t.Errorf("%+v", r)
	}
}

// A name is refused where another run would be found by it, or where it is no name; nothing is written then.
func TestRunNames(t *testing.T) {
	dir, runs := dataSet(t, 60, 10), t.TempDir()
	ok(t, "train", "mlp", "--epochs", "0", "--name", "base", "--data", dir, "--runs", runs)
	run := onlyRun(t, runs)
	for name, want := range map[string]string{
		"base":             "--name base: " + run + " has this name already; use another name, or continue that run with --resume",
		filepath.Base(run): run + " has this name already",
		"":                 `--name: ""; use letters and digits, and after the first also - _ . + =`,
		"a b":              "use letters and digits",
		"a/b":              "use letters and digits",
		`a\b`:              "use letters and digits",
		"-x":               "use letters and digits",
		"..":               "use letters and digits",
		"a\nb":             `--name: "a\nb"; use`,
		"a\x1b[31m":        `--name: "a\x1b[31m"; use`,
		"a\xff":            `--name: "a\xff"; use`,
		"\u202eb":          "use letters and digits",
		"latest":           `"latest" always means the newest run`,
		"net.json":         "looks like a file to eval and export; leave out .json",
		"net.SafeTensors":  "leave out .safetensors",
		strings.Repeat("nine", 9) + strings.Repeat("x", 25): "61 characters; use at most 60",
	} {
		r := call("train", "mlp", "--epochs", "0", "--name="+name, "--data", dir, "--runs", runs)
		if r.code != exitUsage || !strings.Contains(r.err, want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%q: exit %d, %s; want %s", name, r.code, r.err, want)
		}
	}
	if onlyRun(t, runs) != run {
		t.Error("another run was begun")
	}
	ok(t, "train", "mlp", "--epochs", "0", "--name", strings.Repeat("ü", 60), "--data", dir, "--runs", runs)
	ok(t, "train", "mlp", "--epochs", "0", "--name", "base", "--data", dir, "--runs", filepath.Join(runs, "elsewhere")) // whose names are its own

	// A copied folder has the name a second time.
	copied := filepath.Join(runs, "copy")
	if err := os.CopyFS(copied, os.DirFS(run)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"eval", "base"}, {"train", "mlp", "--name", "base", "--data", dir}} {
		r := call(append(args, "--runs", runs)...)
		if r.code != exitUsage || !strings.Contains(r.err, `run "base": several runs have this name: `) || !strings.Contains(r.err, copied) || !strings.Contains(r.err, run) {
			t.Errorf("%q: %+v", args, r)
		}
	}
	ok(t, "eval", copied, "--data", dir)
}
