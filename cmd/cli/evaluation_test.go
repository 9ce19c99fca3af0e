package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
)

// saidBy is a file of a network that says the same of every image: the class of the largest bias.
func saidBy(t *testing.T, biases ...float64) string {
	t.Helper()
	weights, column := make([][]float64, len(biases)), make([][]float64, len(biases))
	for i, b := range biases {
		weights[i], column[i] = make([]float64, 784), []float64{b}
	}
	text, err := json.Marshal(map[string]any{
		"sizes": []int{784, len(biases)}, "weights": [][][]float64{weights}, "biases": [][][]float64{column}, "cost": "CrossEntropyCost",
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "net.json")
	write(t, path, text)
	return path
}

// always is a network that says class, with the output σ(bias) where the others have ½.
func always(t *testing.T, class int, bias float64) string {
	t.Helper()
	biases := make([]float64, 10)
	biases[class] = bias
	return saidBy(t, biases...)
}

// The first ten labels of the test images are 7 2 1 0 4 1 4 9 5 9. The networks here say one digit of them all.
func TestVote(t *testing.T) {
	data := dataSet(t, 60, 10)
	seven, one, otherOne, four, none := always(t, 7, 8), always(t, 1, .1), always(t, 1, .2), always(t, 4, .3), always(t, 2, math.MaxFloat64)
	for _, c := range []struct {
		files          []string
		majority, mean int
		p              float64 // of the majority's answer
	}{
		{[]string{seven, one, otherOne}, 2, 1, (.5 + 1/(1+math.Exp(-.1)) + 1/(1+math.Exp(-.2))) / 3},
		{[]string{one, seven, otherOne}, 2, 1, (.5 + 1/(1+math.Exp(-.1)) + 1/(1+math.Exp(-.2))) / 3},
		{[]string{seven, one}, 1, 1, (.5 + 1/(1+math.Exp(-8))) / 2}, // a tie, for the larger mean
		{[]string{one, four}, 2, 2, (.5 + 1/(1+math.Exp(-.3))) / 2},
		{[]string{four, none, one, seven}, 1, 1, (1.5 + 1) / 4},
	} {
		for i, way := range []string{"--vote", "--vote=mean"} {
			e := events(t, ok(t, append([]string{"eval", way, "--errors", "20", "--confusion", "--json", "--data", data}, c.files...)...).out)[0]
			correct := []int{c.majority, c.mean}[i]
			if e["correct"] != float64(correct) || e["total"] != 10. || e["accuracy"] != float64(correct)/10 || e["split"] != "test" {
				t.Errorf("%s: %v; want %d", way, e, correct)
			}
			for key, want := range map[string]int{"majority": c.majority, "mean": c.mean} {
				if o := e[key].(map[string]any); o["correct"] != float64(want) || o["accuracy"] != float64(want)/10 || !(o["low"].(float64) < o["high"].(float64)) {
					t.Errorf("%s: %s %v; want %d", way, key, o, want)
				}
			}
			members, mistakes := e["members"].([]any), e["errors"].([]any)
			if len(members) != len(c.files) || members[1].(map[string]any)["run"] != c.files[1] || len(mistakes) != 10-correct {
				t.Errorf("%s: %d members, %d errors of %d", way, len(members), len(mistakes), 10-correct)
			}
			first := mistakes[0].(map[string]any)
			if p := first["p"].(float64); way == "--vote" && math.Abs(p-c.p) > 1e-6 {
				t.Errorf("%v: p %v, want %v", c.files, p, c.p)
			}
			row := e["confusion"].([]any)[9].([]any)
			if answer := int(first["answer"].(float64)); row[answer] != 2. {
				t.Errorf("%s: nines were taken for %v; answer %d", way, row, answer)
			}
		}
	}
	r := ok(t, "eval", seven, one, otherOne, "--vote", "--data", data, "--errors", "2")
	for _, want := range []string{"test: 10 images\n\nrun ", one + "               2    20.00%  5.67% to 50.98%\n", "majority of 3 ", "mean of 3 ", "\nmisread: 8, of which 2\n\n" +
		"index  label  answer       p\n    0      7       1  0.5249\n    1      2       1  0.5249\n"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if r := call("eval", seven, one, otherOne, "--vote", "--data", data, "--min", ".2"); r.code != 0 {
		t.Errorf("%+v", r)
	}
	if r := call("eval", seven, one, otherOne, "--vote=mean", "--data", data, "--min", ".2"); r.code != exitCheck || r.err != "stheno: mean of 3: accuracy 0.1 is below 0.2\n" {
		t.Errorf("%+v", r)
	}
}

// Several runs without a vote: a line each, and each must reach --min.
func TestEvalSeveral(t *testing.T) {
	data, files := dataSet(t, 60, 10), []string{always(t, 7, 1), always(t, 1, 1), always(t, 3, 1)}
	list := events(t, ok(t, append([]string{"eval", "--data", data, "--json"}, files...)...).out)
	if len(list) != 3 || list[0]["correct"] != 1. || list[1]["correct"] != 2. || list[2]["correct"] != 0. || list[2]["run"] != files[2] {
		t.Errorf("%v", list)
	}
	r := call(append([]string{"eval", "--data", data, "--min", ".15"}, files...)...)
	if want := fmt.Sprintf("stheno: %s: accuracy 0.1 is below 0.15\nstheno: %s: accuracy 0 is below 0.15\n", files[0], files[2]); r.code != exitCheck || r.err != want {
		t.Errorf("%+v; want %s", r, want)
	}
	if lines := strings.Split(r.out, "\n"); len(lines) != 7 || lines[0] != "test: 10 images" || !strings.HasPrefix(lines[3], files[0]+" ") {
		t.Errorf("%s", r.out)
	}
}

// TestConfusion: of ten images, taken for 1 all, with the sums of rows and columns.
func TestConfusion(t *testing.T) {
	r := ok(t, "eval", always(t, 1, 1), "--data", dataSet(t, 60, 10), "--confusion")
	lines := strings.Split(r.out, "\n")
	for line, want := range map[int]string{
		3:  "digit  as 0  as 1  as 2  as 3  as 4  as 5  as 6  as 7  as 8  as 9  all",
		4:  "    0     0     1     0     0     0     0     0     0     0     0    1",
		5:  "    1     0     2     0     0     0     0     0     0     0     0    2",
		7:  "    3     0     0     0     0     0     0     0     0     0     0    0",
		14: "  all     0    10     0     0     0     0     0     0     0     0   10",
	} {
		if line >= len(lines) || lines[line] != want {
			t.Errorf("line %d is not %q:\n%s", line, want, r.out)
		}
	}
}

// TestMistakes: the most confident first, of equals the first; an answer that is none is last.
func TestMistakes(t *testing.T) {
	nan := float32(math.NaN())
	r := evaluation{classes: 2, part: dataset.Part{N: 6, Labels: []int{0, 0, 1, 1, 0, 1}}}
	r.decide([]float32{.4, .6, .9, .1, nan, nan, .7, .3, .2, .6, .8, nan})
	if r.correct != 1 || !slices.Equal(r.answers, []int{1, 0, -1, 0, 1, 0}) {
		t.Errorf("%d right, %v", r.correct, r.answers)
	}
	var got []string
	for _, m := range r.mistakes() {
		got = append(got, fmt.Sprintf("%d:%d→%s %.1f", m.image, m.label, className([]string{"0", "1"}, m.answer), m.p))
	}
	if want := "5:1→0 0.8 3:1→0 0.7 0:0→1 0.6 4:0→1 0.6 2:1→– NaN"; strings.Join(got, " ") != want {
		t.Errorf("%s, want %s", strings.Join(got, " "), want)
	}
	text, err := json.Marshal(mistakeObjects(r.mistakes()[4:]))
	if want := `[{"index":2,"label":1,"answer":null,"p":null,"nonfinite":["p"]}]`; err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
}

// TestWinner: who wins with which votes, and with which outputs.
func TestWinner(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		votes []int
		y     []float32
		want  int
	}{
		{[]int{1, 2, 0}, []float32{.9, .1, 0}, 1},
		{[]int{2, 1, 2}, []float32{.3, .9, .4}, 2},
		{[]int{2, 1, 2}, []float32{.4, .9, .4}, 0},
		{[]int{0, 1, 1}, []float32{.9, nan, nan}, 1},
		{[]int{0, 0, 0}, []float32{.9, 0, 0}, -1},
	} {
		if got := winner(c.votes, c.y); got != c.want {
			t.Errorf("%v, %v: %d wins, want %d", c.votes, c.y, got, c.want)
		}
	}
}

// TestShifts: a network whose outputs are three pixels themselves. A point in the middle of 3×3 comes to each pixel in one of the nine
// shifts by up to 1, and is in 16 of the 25 by up to 2 moved out; a point in a corner never comes to the opposite one.
func TestShifts(t *testing.T) {
	n, err := graph.New(graph.Dense{Out: 3}, graph.Quadratic, graph.Shape{1, 3, 3}, graph.Config{Init: graph.Zero})
	if err != nil {
		t.Fatal(err)
	}
	w := make([]float32, 27)
	for class, pixel := range []int{0, 4, 8} {
		w[3*pixel+class] = 1
	}
	if err := n.Params[0].Set(w); err != nil {
		t.Fatal(err)
	}
	s := mnist.Set{Images: []byte{0, 0, 0, 0, 128, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0}, Labels: []byte{1, 0}, Rows: 3, Cols: 3, Classes: 3}
	for shifts, want := range map[int][]float32{
		0: {0, .5, 0, .25, 0, 0},
		1: {.5 / 9, .5 / 9, .5 / 9, .25 / 9, .25 / 9, 0},
		2: {.5 / 25, .5 / 25, .5 / 25, .25 / 25, .25 / 25, .25 / 25},
	} {
		if got, err := outputs(n, &dataset.Data{}, dataset.PartOf(s), shifts); err != nil || !slices.Equal(got, want) {
			t.Errorf("shifts by %d: %v, %v; want %v", shifts, got, err, want)
		}
	}
	file, data := always(t, 1, 1), dataSet(t, 60, 10)
	if r := ok(t, "eval", file, "--data", data, "--shifts", "2"); r.out != file+", weights as they were saved, outputs averaged over 25 shifts\n"+
		"test: 2 of 10 = 20.00%, 95% interval 5.67% to 50.98%\n" {
		t.Errorf("%s", r.out)
	}
	if e := events(t, ok(t, "eval", file, file, "--data", data, "--shifts", "1", "--json").out)[1]; e["shifts"] != 1. || e["correct"] != 2. {
		t.Errorf("%v", e)
	}
}

// TestDrawErrors: the sheet of a vote, with what is written on it.
func TestDrawErrors(t *testing.T) {
	data, dir := dataSet(t, 60, 10), t.TempDir()
	svg := filepath.Join(dir, "x.svg")
	args := []string{"eval", always(t, 1, .1), always(t, 1, .2), "--vote", "--data", data, "-o", svg, "--errors"}
	for n, title := range map[string]string{"3": "majority of 2: 3 of 8 misread test images", "400": "majority of 2: 8 misread test images"} {
		r := ok(t, append(args, n)...)
		text, err := os.ReadFile(svg)
		if err != nil || !strings.Contains(string(text), ">"+title+"; label above, answer below<") || !strings.Contains(r.out, " in "+svg+"\n") {
			t.Errorf("%s: %v, %s", n, err, r.out)
		}
		if got := strings.Count(string(text), "<image "); fmt.Sprint(got) != strings.Fields(title)[3] {
			t.Errorf("%s: %d images", n, got)
		}
	}
	e := events(t, ok(t, append(args, "1", "--json")...).out)[0]
	if m := e["errors"].([]any)[0].(map[string]any); m["index"] != 0. || m["label"] != 7. || m["answer"] != 1. {
		t.Errorf("%v", e)
	}
	if r := call(append(args, "1", "-o", filepath.Join(dir, "none", "x.png"))...); r.code != exitUsage || !strings.Contains(r.err, "none; make it first") {
		t.Errorf("%+v", r)
	}
	// A network that reads all images right: those of one digit.
	one := dataOf(t, 1)
	never := filepath.Join(dir, "never.png")
	r := ok(t, "eval", always(t, 1, 1), "--data", one, "--errors", "5", "-o", never)
	if _, err := os.Stat(never); err == nil || !strings.Contains(r.err, "no image is misread, so "+never+" is not drawn") {
		t.Errorf("%+v", r)
	}
	if e := events(t, ok(t, "eval", always(t, 1, 1), "--data", one, "--errors", "5", "--json").out)[0]; len(e["errors"].([]any)) != 0 {
		t.Errorf("%v", e)
	}
}

// dataOf is a data set whose test images all have one label.
func dataOf(t *testing.T, label byte) string {
	t.Helper()
	dir := dataSet(t, 60, 10)
	write(t, filepath.Join(dir, "t10k-labels-idx1-ubyte"), idx(0x801, []int{10}, slices.Repeat([]byte{label}, 10)))
	return dir
}

func TestEvalMisuse(t *testing.T) {
	data, other, one, two, few := dataSet(t, 60, 10), dataSet(t, 120, 20), always(t, 1, 1), always(t, 2, 1), saidBy(t, slices.Repeat([]float64{0}, 12)...)
	runs := t.TempDir()
	ok(t, "train", "mlp", "--epochs", "1", "--data", data, "--runs", runs)
	here := onlyRun(t, runs)
	ok(t, "train", "mlp", "--epochs", "1", "--data", other, "--runs", runs)
	for _, c := range []struct{ args, want string }{
		{one + " --vote", "--vote of 1 run; give at least 2"},
		{one + " " + two + " --vote mean", "--vote mean; write --vote=mean"},
		{one + " " + two + " --vote=meen", `--vote: unknown value "meen"; did you mean mean?`},
		{one + " " + one + " --vote", "--vote: run " + one + " is given twice"},
		{one + " " + few + " --vote", one + " has 10 classes, " + few + " has 12"},
		{here + " latest --vote", "--vote: the test images of " + here + " and "},
		{one + " " + two + " --confusion", "--confusion or --errors of 2 runs; give one run, or --vote"},
		{one + " " + two + " --errors 3", "--confusion or --errors of 2 runs; give one run, or --vote"},
		{one + " --errors 0", "--errors 0; use at least 1 image"},
		{one + " --errors -2", "--errors -2; use at least 1 image"},
		{one + " --errors 401 -o x.png", "--errors 401; draw at most 400 images, or leave out --output for a table"},
		{one + " -o x.png", "--output x.png without --errors"},
		{one + " --errors 3 -o x.jpg", `x.jpg: no format ".jpg" for pictures; use .svg or .png`},
		{one + " --shifts -1", "--shifts -1; use 0 to 4 pixels"},
		{one + " --shifts 5", "--shifts 5; use 0 to 4 pixels"},
		{one + " --min NaN", "--min NaN; use a fraction"},
	} {
		r := call(append([]string{"eval", "--runs", runs}, strings.Fields(c.args)...)...)
		if r.code != exitUsage || r.out != "" || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: exit %d, %s%s; want %s", c.args, r.code, r.out, r.err, c.want)
		}
	}
	if r := ok(t, "eval", here, "latest", "--vote", "--data", other, "--runs", runs); !strings.Contains(r.out, "test: 20 images\n") {
		t.Errorf("%+v", r)
	}
	help := ok(t, "eval", "--help").out
	for _, want := range []string{"--vote[=majority|mean]", "-o, --output FILE", "--shifts N", "(2N+1)²"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help lacks %q:\n%s", want, help)
		}
	}
	if r := ok(t, "__complete", "eval", "--vote="); !strings.Contains(r.out, "majority\nmean\n") {
		t.Errorf("%+v", r)
	}
}
