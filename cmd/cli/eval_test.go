package cli

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

func TestEval(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 600, 100)
	end := events(t, ok(t, "train", "mlp", "--epochs", "4", "--seed", "3", "--train-size", "300", "--data", dir, "--runs", runs, "--json").out)[5]
	run := onlyRun(t, runs)
	r := events(t, ok(t, "eval", run, "--json", "--confusion").out)[0]
	if r["correct"] != end["test_correct"] || r["total"] != 100. || r["accuracy"] != end["test_acc"] || r["split"] != "test" ||
		r["epoch"] != end["best_epoch"] || r["run"] != run || !(r["low"].(float64) < r["accuracy"].(float64) && r["accuracy"].(float64) < r["high"].(float64)) {
		t.Errorf("eval %v after %v", r, end)
	}
	all, right := 0., 0.
	for i, row := range r["confusion"].([]any) {
		for j, n := range row.([]any) {
			all += n.(float64)
			if i == j {
				right += n.(float64)
			}
		}
	}
	if all != 100 || right != r["correct"] {
		t.Errorf("the confusion matrix has %v images, %v right", all, right)
	}
	acc := r["accuracy"].(float64)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{run, 0, fmt.Sprintf("test: %v of 100 = %.2f%%, 95%% interval", r["correct"], 100*acc)},
		{run + "/ --split validation", 0, "validation: "},
		{run + " --split train", 0, " of 300 = "},
		{run + " --split train --data " + dir, 0, " of 500 = "},
		{filepath.Base(run) + " --runs " + runs, 0, "weights of epoch"},
		{"latest --runs " + runs, 0, run},
		{run + " --confusion", 0, "\ndigit  as 0  as 1"},
		{fmt.Sprintf("%s --min %v", run, acc), 0, ""},
		{fmt.Sprintf("%s --min %v", run, acc+.001), exitCheck, ""},
		{run + " --min 1", exitCheck, ""},
	} {
		if r := call(append([]string{"eval"}, strings.Fields(c.args)...)...); r.code != c.code || !strings.Contains(r.out, c.want) {
			t.Errorf("%s: %+v; want %d, %q", c.args, r, c.code, c.want)
		}
	}
	if r := call("eval", run, "--min", "1"); !strings.Contains(r.err, fmt.Sprintf("stheno: %s: accuracy %v is below 1\n", run, acc)) {
		t.Errorf("--min: %q", r.err)
	}
}

// The weights that are measured are those of the best epoch, not of the last: at this eta, no two epochs are alike.
func TestBestWeights(t *testing.T) {
	dir := dataSet(t, 1200, 100)
	for seed := range 9 {
		runs := t.TempDir()
		end := events(t, ok(t, "train", "mlp", "--epochs", "8", "--eta", "30", "--seed", strconv.Itoa(seed), "--data", dir, "--runs", runs, "--json").out)[9]
		r := events(t, ok(t, "eval", "latest", "--runs", runs, "--split", "validation", "--json").out)[0]
		if r["accuracy"] != end["best_val_acc"] {
			t.Errorf("eval %v after %v", r, end)
		}
		if end["best_epoch"] != 7. {
			return // This seed could tell the best from the last.
		}
	}
	t.Error("the last epoch is always the best")
}

// Digits that a network reads right in the test set, it reads right in pictures of another size, place and polarity.
func TestPredict(t *testing.T) {
	runs, dir, pictures := t.TempDir(), dataSet(t, 12000, 100), t.TempDir()
	ok(t, "train", "ch3-best", "--epochs", "4", "--seed", "1", "--data", dir, "--runs", runs)
	run := onlyRun(t, runs)
	var files []string
	for i := range 20 {
		path := filepath.Join(pictures, fmt.Sprintf("%02d.png", i))
		write(t, path, picture(t, i, 1+i%7, i%2 == 0))
		files = append(files, path)
	}
	list := events(t, ok(t, append([]string{"predict", run, "--json"}, files...)...).out)
	if len(list) != len(files) {
		t.Fatalf("%d lines for %d pictures", len(list), len(files))
	}
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for i, e := range list {
		p := e["p"].([]any)
		if box, _ := e["box"].([]any); e["file"] != files[i] || len(p) != 10 || len(box) != 4 || box[2].(float64) <= box[0].(float64) {
			t.Errorf("%v", e)
		}
		best := slices.MaxFunc([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, func(a, b int) int {
			if p[a].(float64) < p[b].(float64) {
				return -1
			}
			return 1
		})
		if e["digit"] != float64(best) {
			t.Errorf("digit %v, but p %v", e["digit"], p)
		}
		if e["digit"] != float64(d.Test.Labels[i]) {
			wrong++
		}
	}
	if wrong > 2 { // Two of the first twenty are hard for a network of so little training: a 5 and a 4.
		t.Errorf("%d of %d wrong", wrong, len(list))
	}
	r := ok(t, "predict", run, files[0], files[2], "--show")
	if strings.Count(r.out, "█") < 100 || strings.Count(r.out, "\n") != 2*(28+2) || !strings.Contains(r.out, files[0]+"      7  0.") {
		t.Errorf("--show:\n%s", r.out)
	}
	if r := ok(t, "predict", run, files[0], files[2]); strings.Count(r.out, "\n") != 3 {
		t.Errorf("table:\n%s", r.out)
	}
}

// twoDigits draws the first two test images beside each other.
func twoDigits(t *testing.T) image.Image {
	t.Helper()
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	const scale, side = 4, 28 * 4
	img := image.NewGray(image.Rect(0, 0, 2*side, side))
	for i := range img.Pix {
		x, y := i%(2*side), i/(2*side)
		img.Pix[i] = 255 - d.Test.Image(x / side)[y/scale*28+x%side/scale]
	}
	return img
}

// Of several digits in a picture, each has a line, in the order of reading, and --show draws where they are.
func TestPredictSeveral(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 1000, 100)
	ok(t, "train", "sprint99", "--epochs", "1", "--seed", "1", "--data", dir, "--runs", runs)
	img := twoDigits(t)
	side := img.Bounds().Dy()
	file := filepath.Join(t.TempDir(), "two.png")
	write(t, file, encodePNG(t, img))
	run := onlyRun(t, runs)
	list := events(t, ok(t, "predict", run, "--json", file).out)
	if len(list) != 2 {
		t.Fatalf("%d lines, want 2", len(list))
	}
	for i, e := range list {
		box, _ := e["box"].([]any)
		if e["file"] != file || len(box) != 4 || int(box[0].(float64))/side != i || int(box[2].(float64)-1)/side != i {
			t.Errorf("digit %d: %v", i, e)
		}
	}
	r := ok(t, "predict", run, "--show", file)
	if strings.Count(r.out, "┌") != 2 || strings.Count(r.out, "digit") != 2 || !strings.Contains(r.out, "│ 1 ") || !strings.Contains(r.out, "│ 2 ") {
		t.Errorf("--show:\n%s", r.out)
	}
}

func TestList(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 60, 10)
	if r := ok(t, "ls", "--runs", filepath.Join(runs, "none")); r.out != "" || !strings.Contains(r.err, "none yet; stheno train mlp makes one") {
		t.Errorf("%+v", r)
	}
	ok(t, "train", "mlp", "--epochs", "1", "--data", dir, "--runs", runs)
	run := onlyRun(t, runs)
	other, err := rundir.Create(runs, "softmax", time.Now().Add(-time.Hour), rundir.Info{}, rundir.Texts{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	killed, err := rundir.Create(runs, "deep", time.Now().Add(-2*time.Hour), rundir.Info{}, rundir.Texts{})
	if err != nil {
		t.Fatal(err)
	}
	killed.Close()
	broken := filepath.Join(runs, "broken-run")
	if err := os.Mkdir(broken, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(broken, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	r := ok(t, "ls", "--runs", runs)
	lines := strings.Split(r.out, "\n")
	for i, want := range []string{"run ", run + " ", other.Path() + " ", killed.Path() + " ", broken + " ", ""} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d: %q, want %q", i, lines[i], want)
		}
	}
	for i, want := range []string{"done", "running", "killed", "broken"} {
		if !strings.Contains(lines[i+1], "  "+want+"  ") && !strings.HasSuffix(lines[i+1], want) {
			t.Errorf("ls: no %s in line %d of\n%s", want, i+1, r.out)
		}
	}
	if want := killed.Path() + " was killed; to continue: stheno train --resume " + killed.Path() + "\n"; r.err != want {
		t.Errorf("%q, want %q", r.err, want)
	}
	list := events(t, ok(t, "ls", "--runs", runs, "--json").out)
	best, _ := list[0]["best"].(map[string]any)
	if list[0]["run"] != run || list[0]["model"] != "mlp" || best["epoch"] != 0. || list[1]["test"] != nil || list[2]["status"] != "killed" || list[3]["status"] != "broken" {
		t.Errorf("ls --json: %v", list)
	}
}

func TestSummary(t *testing.T) {
	r := ok(t, "summary", "deep")
	for _, want := range []string{" 20×24×24         520        288,000\n", "1,672,570", "99.60% of the test images", "log-likelihood"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	s := events(t, ok(t, "summary", "mlp", "--json").out)[0]
	layers, recipe := s["layers"].([]any), s["recipe"].(map[string]any)
	if s["parameters"] != 23860. || s["macs"] != 784.*30+300 || len(layers) != 4 || recipe["eta"] != 3. || recipe["init"] != "large" {
		t.Errorf("%v", s)
	}
	for _, m := range events(t, ok(t, "summary", "--json").out) {
		if m["model"] == "" || m["doc"] == "" {
			t.Errorf("%v", m)
		}
	}
	if out := ok(t, "summary").out; !strings.Contains(out, "\nch3-best ") || strings.Count(out, "\n") < 20 {
		t.Errorf("the list:\n%s", out)
	}
}

func TestData(t *testing.T) {
	const digest = "2d37efdd8799c8df4521c472fa34cf17087fb07dee5e12b370d0f46fa6117915"
	if out := ok(t, "data").out; !strings.Contains(out, "50000  4932  5678") || !strings.Contains(out, digest) {
		t.Errorf("%s", out)
	}
	d := events(t, ok(t, "data", "--json", "--data", dataSet(t, 60, 10)).out)[0]
	train, _ := d["train"].(map[string]any)
	files, _ := d["files"].([]any)
	if train["images"] != 50. || len(train["labels"].([]any)) != 10 || len(files) != 4 || d["rows"] != 28. {
		t.Errorf("%v", d)
	}
}

func TestVersion(t *testing.T) {
	v := events(t, ok(t, "version", "--json").out)[0]
	for _, key := range []string{"build", "go", "os", "arch", "kernel", "kernels", "cpu", "processors", "vms"} {
		if v[key] == nil || v[key] == "" {
			t.Errorf("no %s in %v", key, v)
		}
	}
	if out := ok(t, "version").out; !strings.Contains(out, "\nkernel ") {
		t.Errorf("%s", out)
	}
}
