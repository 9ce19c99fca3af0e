package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

// changedOf is what ls has in its last column for the run in the folder at path.
func changedOf(t *testing.T, runs, path string) string {
	t.Helper()
	lines := strings.Split(ok(t, "ls", "--runs", runs).out, "\n")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, path+" ") })
	if i < 0 || !strings.HasSuffix(strings.TrimSpace(lines[0]), "  changed") {
		t.Fatalf("no %s in %q", path, lines)
	}
	return strings.TrimSpace(lines[i][strings.Index(lines[0], "changed"):])
}

// ls shows in what a run's settings are not those of its model's recipe: in the catalogue, of all lines of layers, or in a file.
func TestListChanged(t *testing.T) {
	dir := dataSet(t, 60, 10)
	file := filepath.Join(t.TempDir(), "net.toml")
	write(t, file, []byte("format = 1\nlayer = 'dense(10)'\n[train]\nepochs = 1\neta = 0.2\n"))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"mlp"}, ""},
		{[]string{"mlp", "--eta", "3", "--lambda", "0"}, ""}, // as in the catalogue
		{[]string{"mlp", "--lr", "0.50", "--l2", "5", "--seed", "3", "--epochs", "1"}, "epochs=1 eta=0.5 lambda=5 seed=3"},
		{[]string{"softmax", "--optimizer", "adam(0.7)", "--schedule", "cosine", "--train-size", "20", "--full", "--init", "normal(0.1)"},
			"optimizer=adam(beta1=0.7) schedule=cosine init=normal(0.1) train-size=20 full"},
		{[]string{"mlp", "--dtype", "float64"}, "dtype=float64"},
		{[]string{"784-10", "--eta", "0.1", "--batch", "5"}, "batch=5"}, // 0.1 is that of every line
		{[]string{file}, ""},
		{[]string{file, "--eta", "0.2", "--clip", "2"}, "eta=0.2 clip=2"},
	} {
		runs := t.TempDir()
		args := append([]string{"train"}, c.args...)
		if !slices.Contains(args, "--epochs") {
			args = append(args, "--epochs", "0")
			c.want = strings.TrimSpace("epochs=0 " + c.want)
		}
		ok(t, append(args, "--data", dir, "--runs", runs)...)
		want := strings.TrimSpace(c.want) + " data=" + dir
		run := onlyRun(t, runs)
		got := changedOf(t, runs, run)
		sorted := func(s string) []string { f := strings.Fields(s); slices.Sort(f); return f }
		if !slices.Equal(sorted(got), sorted(want)) {
			t.Errorf("%q: %q, want %q", c.args, got, want)
		}
		recipe, _ := events(t, ok(t, "ls", "--json", "--runs", runs).out)[0]["recipe"].(map[string]any)
		all, _ := events(t, ok(t, "summary", filepath.Join(run, "model.toml"), "--json").out)[0]["recipe"].(map[string]any)
		if len(recipe) < 10 || !sameJSON(t, recipe, all) {
			t.Errorf("%q: recipe %v, and that of model.toml is %v", c.args, recipe, all)
		}
	}
}

func sameJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	return string(x) == string(y)
}

// What a run was resumed with counts, and runs of older programs, or without some of their files, are still listed.
func TestListOld(t *testing.T) {
	dir, runs := dataSet(t, 60, 10), t.TempDir()
	ok(t, "train", "mlp", "--epochs", "1", "--seed", "1", "--train-size", "20", "--data", dir, "--runs", runs)
	run := onlyRun(t, runs)
	ok(t, "train", "--resume", run, "--epochs", "2")
	all := "epochs=2 train-size=20 seed=1 data=" + dir
	if got := changedOf(t, runs, run); got != all {
		t.Errorf("%q, want %q", got, all)
	}
	if recipe := events(t, ok(t, "ls", "--json", "--runs", runs).out)[0]["recipe"].(map[string]any); recipe["epochs"] != 2. {
		t.Errorf("%v", recipe)
	}
	metrics := filepath.Join(run, "metrics.jsonl")
	text := readAll(t, metrics)
	write(t, metrics, []byte(strings.Replace(text, `"train_size":20,`, "", 1)))
	if got := changedOf(t, runs, run); got != all {
		t.Errorf("without train_size: %q, want %q", got, all)
	}
	for _, broken := range []string{"", "{", "null\n", `["a"]` + "\n", strings.Repeat("x", 1<<20)} {
		write(t, metrics, []byte(broken))
		if got := changedOf(t, runs, run); got != all {
			t.Errorf("%.9q in place of the events: %q, want %q", broken, got, all)
		}
		if r := events(t, ok(t, "ls", "--json", "--runs", runs).out)[0]; r["recipe"] != nil || r["status"] != "done" {
			t.Errorf("%v", r)
		}
	}
	// An older run that validated nothing says so by a 0.
	write(t, metrics, []byte(strings.Replace(text, `"validation":10,`, `"validation":0,`, 1)))
	info := readInfo(t, run)
	info.Best.ValAcc = new(0.)
	old, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(run, "run.json"), old)
	if r := ok(t, "ls", "--runs", runs); strings.Contains(r.out, " 0.00%") || !strings.Contains(r.out, "  -  ") {
		t.Error(r.out)
	}
	if r := ok(t, "ls", "--json", "--runs", runs); !strings.Contains(r.out, `"val_acc":null`) {
		t.Error(r.out)
	}
	argv := strings.Replace(string(old), `"--epochs"`, `"--none-such"`, 1)
	write(t, filepath.Join(run, "run.json"), []byte(argv))
	if r := ok(t, "ls", "--runs", runs); !strings.Contains(r.out, run) {
		t.Error(r.out)
	}
}

// listedRun makes a run by hand.
func listedRun(t *testing.T, runs, name, model string, status rundir.Status, val, test float64) string {
	t.Helper()
	var n int
	if entries, err := os.ReadDir(runs); err == nil {
		n = len(entries)
	}
	r, err := rundir.Create(runs, model, day.AddDate(0, 0, n), rundir.Info{Name: name}, rundir.Texts{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Update(func(i *rundir.Info) {
		i.Status = status
		if val > 0 {
			i.Best = &rundir.Best{Epoch: 1, ValAcc: &val}
		}
		if test > 0 {
			i.Test = &rundir.Test{Correct: new(int(1000 * test)), Total: 1000}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.Path()
}

// --sort puts the best first and what is missing last, --model leaves others out, and what is mistyped has the nearest right word.
func TestListSorted(t *testing.T) {
	runs := t.TempDir()
	if err := os.Mkdir(filepath.Join(runs, "none"), 0o777); err != nil {
		t.Fatal(err)
	}
	a := listedRun(t, runs, "", "softmax", rundir.Done, .9, .95)
	b := listedRun(t, runs, "bee", "mlp", rundir.Diverged, 0, 0)
	c := listedRun(t, runs, "ant", "mine", rundir.Done, .99, .94)
	d := listedRun(t, runs, "", "mlp", rundir.Interrupted, .9, 0)
	none := filepath.Join(runs, "none")
	for args, want := range map[string][]string{
		"":                           {none, d, c, b, a},
		"--sort started":             {none, d, c, b, a},
		"--sort val_acc":             {c, d, a, none, b},
		"--sort test_acc":            {a, c, none, d, b},
		"--sort model":               {c, d, b, a, none},
		"--sort name":                {c, b, none, d, a},
		"--sort status":              {b, c, a, d, none},
		"--model mlp":                {d, b},
		"--model mine":               {c},
		"--sort val_acc --model mlp": {d, b},
	} {
		args := append([]string{"ls", "--runs", runs}, strings.Fields(args)...)
		var got, table []string
		for _, r := range events(t, ok(t, append(args, "--json")...).out) {
			got = append(got, r["run"].(string))
		}
		for _, line := range strings.Split(strings.TrimSpace(ok(t, args...).out), "\n")[1:] {
			table = append(table, strings.Fields(line)[0])
		}
		if !slices.Equal(got, want) || !slices.Equal(table, want) {
			t.Errorf("%q: %q and %q, want %q", args, got, table, want)
		}
	}
	for args, want := range map[string]string{
		"--sort val_ac": `--sort: unknown value "val_ac"; did you mean val_acc?`, "--sort eta": "use started, val_acc, val_loss, test_acc, model, name or status",
		"--model mpl": `unknown model "mpl"; did you mean mlp?`, "--model mime": `unknown model "mime"; did you mean mine?`,
	} {
		r := call(append([]string{"ls", "--runs", runs}, strings.Fields(args)...)...)
		if r.code != exitUsage || !strings.Contains(r.err, want) {
			t.Errorf("%s: exit %d, %s; want %s", args, r.code, r.err, want)
		}
	}
	for model, want := range map[string]string{
		"deep":                     "no runs of deep in " + runs + " yet; stheno train deep makes one\n",
		"conv(4,5) relu dense(10)": "no runs of conv(4,5) relu dense(10) in " + runs + " yet; stheno train 'conv(4,5) relu dense(10)' makes one\n",
	} {
		if r := ok(t, "ls", "--runs", runs, "--model", model); r.out != "" || r.err != want {
			t.Errorf("%s: %+v", model, r)
		}
	}
}
