package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// flowers is a table like Fisher's irises: three species that differ in the sizes of their petals.
func flowers(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("sepal_length,sepal_width,petal_length,petal_width,species\n")
	for i := range 150 {
		k, wave := i%3, func(n int) float64 { return math.Sin(float64(n * i)) }
		fmt.Fprintf(&b, "%.1f,%.1f,%.1f,%.1f,%s\n", 5+.8*float64(k)+.4*wave(1), 3.2-.2*float64(k)+.3*wave(2), 1.4+2*float64(k)+.4*wave(3),
			.2+.9*float64(k)+.2*wave(4), []string{"setosa", "versicolor", "virginica"}[k])
	}
	return tableFile(t, "iris.csv", b.String())
}

// houses is a table of prices, which go with area and place.
func houses(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("area,town,built,price\n")
	for i := range 200 {
		area, town := 60+float64(i*37%120), i%2
		fmt.Fprintf(&b, "%g,%s,%d,%.0f\n", area, []string{"inside", "outside"}[town], 1900+i*7%110, 3000*area-80000*float64(town)+9000*math.Sin(float64(i)))
	}
	return tableFile(t, "houses.csv", b.String())
}

func tableFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	write(t, path, []byte(text))
	return path
}

// TestTable: a table of classes is trained on as a newcomer would type it, and the run keeps and repeats what became of it.
func TestTable(t *testing.T) {
	iris, runs := flowers(t), t.TempDir()
	r := ok(t, "train", "dense(16) relu dense(3)", "--data", iris, "--target", "species", "--runs", runs, "--seed", "1")
	for _, want := range []string{
		"iris.csv: 120 training, 15 validation, 15 test rows", "3 classes: setosa, versicolor, virginica, from 4 columns, standardized",
		"epoch  train_loss  train_acc  val_loss  val_acc        eta     time     rows/s", "15 of 15 = 100.00%", "more.csv",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	run := onlyRun(t, runs)
	if r := ok(t, "eval", run, "--confusion"); !strings.Contains(r.out, "class       as setosa  as versicolor  as virginica  all\nsetosa              5") {
		t.Errorf("%s", r.out)
	}
	few := tableFile(t, "few.csv", "petal_width,petal_length,sepal_width,note,sepal_length\n0.2,1.4,3.5,x,5.1\n2.0,5.5,2.8,,6.6\n")
	want := "  row  species     setosa  versicolor  virginica\n    1  setosa     "
	if r := ok(t, "predict", run, few); !strings.HasPrefix(r.out, want) || !strings.Contains(r.out, "\n    2  virginica  ") {
		t.Errorf("%s", r.out)
	}
	e := events(t, ok(t, "predict", run, few, "--json").out)
	if len(e) != 2 || e[1]["class"] != "virginica" || e[1]["row"] != 2. || len(e[1]["p"].([]any)) != 3 {
		t.Errorf("%v", e)
	}
	for args, want := range map[string]string{
		"predict RUN digit.png":        "the network takes rows of a table; give a FILE.csv with the columns sepal_length, sepal_width, petal_length, petal_width",
		"predict RUN --show " + few:    "--show draws digits",
		"eval RUN --data " + few:       "no column species; add it, the network predicts it",
		"eval RUN --shifts 1":          "augment and shifts are for gray images",
		"eval RUN --errors 2 -o x.svg": "",
	} {
		if r := call(strings.Fields(strings.ReplaceAll(args, "RUN", run))...); want != "" && (r.code == 0 || !strings.Contains(r.err, want)) {
			t.Errorf("%s: exit %d, %s%s", args, r.code, r.out, r.err)
		}
	}
}

// TestTableRepeats: the command in model.toml gives the same weights, a resumed training goes on, and other rows are refused.
func TestTableRepeats(t *testing.T) {
	iris, runs := flowers(t), t.TempDir()
	ok(t, "train", "dense(3)", "--data", iris, "--target", "species", "--epochs", "2", "--scale", "none", "--loss", "cross-entropy", "--runs", runs)
	run := onlyRun(t, runs)
	first, _, _ := strings.Cut(readAll(t, filepath.Join(run, "model.toml")), "\n")
	args := strings.Fields(strings.TrimPrefix(first, "# stheno "))
	if want := []string{"--data", iris, "--target", "species", "--scale", "none", "--loss", "cross-entropy"}; !slices.Equal(args[len(args)-8:], want) {
		t.Fatalf("%q, want %q at the end", args, want)
	}
	args[1] = filepath.Join(run, args[1])
	again := t.TempDir()
	ok(t, append(args, "--runs", again)...)
	if a, b := lastCheckpoint(t, run), lastCheckpoint(t, onlyRun(t, again)); a != b {
		t.Error("the command in model.toml trained other weights")
	}
	ok(t, "train", "--resume", run, "--epochs", "3")
	whole := t.TempDir()
	ok(t, append(args, "--runs", whole, "--epochs", "3")...)
	if a, b := lastCheckpoint(t, run), lastCheckpoint(t, onlyRun(t, whole)); a != b {
		t.Error("a resumed training has other weights")
	}
	if r := call("train", "--resume", run, "--epochs", "4", "--target", "petal_width"); r.code != exitUsage || !strings.Contains(r.err, "--target would change the run") {
		t.Errorf("%+v", r)
	}
	write(t, iris, []byte(strings.Replace(readAll(t, iris), "setosa", "virginica", 1)))
	if r := call("train", "--resume", run, "--epochs", "4"); r.code != exitData || !strings.Contains(r.err, "is not the data that the run began with") {
		t.Errorf("%+v", r)
	}
	write(t, filepath.Join(run, "data.json"), []byte(strings.Replace(readAll(t, filepath.Join(run, "data.json")), "setosa", "rosa", 1)))
	if r := call("eval", run); r.code != exitData || !strings.Contains(r.err, "data.json: damaged: not as it was written") {
		t.Errorf("%+v", r)
	}
}

// lastCheckpoint is the text of a run's newest checkpoint.
func lastCheckpoint(t *testing.T, run string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(run, "checkpoints", "*.safetensors"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	_, weights, _ := strings.Cut(readAll(t, slices.Max(paths)), "}}") // The state has times in it,
	return strings.TrimLeft(weights, " ")                             // and spaces behind it make up for their digits.
}

// TestNumberTable: numbers are predicted in their own unit, and the best epoch is that of the lowest loss.
func TestNumberTable(t *testing.T) {
	data, runs := houses(t), t.TempDir()
	r := ok(t, "train", "dense(16) relu dense(1)", "--data", data, "--target", "price", "--runs", runs, "--seed", "1", "--epochs", "20")
	if !strings.Contains(r.out, "epoch  train_loss  val_loss   val_mae   val_r2        eta     time     rows/s") || strings.Contains(r.out, "acc") ||
		!strings.Contains(r.out, "price, from 3 columns as 4 inputs, standardized") || !strings.Contains(r.out, "mean absolute error") {
		t.Errorf("%s", r.out)
	}
	run := onlyRun(t, runs)
	best, lowest := -1., math.Inf(1)
	var end map[string]any
	for _, e := range events(t, readAll(t, filepath.Join(run, "metrics.jsonl"))) {
		if e["event"] == "epoch" {
			if e["val_acc"] != nil || e["val_r2"] == nil {
				t.Errorf("%v", e)
			}
			if loss := e["val_loss"].(float64); loss < lowest {
				best, lowest = e["epoch"].(float64), loss
			}
		}
		end = e
	}
	if end["best_epoch"] != best || end["best_val_loss"] != lowest || end["test_r2"].(float64) < .9 || end["test_mae"].(float64) > 3e4 {
		t.Errorf("best %v, %v; %v", best, lowest, end)
	}
	e := events(t, ok(t, "eval", run, "--json").out)[0]
	if e["mae"] != end["test_mae"] || e["r2"] != end["test_r2"] || math.Abs(e["loss"].(float64)-end["test_loss"].(float64)) > 1e-9 {
		t.Errorf("eval %v, training %v", e, end)
	}
	few := tableFile(t, "few.csv", "area,built,town\n100,1950,inside\n100,1950,outside\n")
	e2 := events(t, ok(t, "predict", run, few, "--json").out)
	inside, outside := e2[0]["values"].(map[string]any)["price"].(float64), e2[1]["values"].(map[string]any)["price"].(float64)
	if math.Abs(inside-300000) > 6e4 || math.Abs(inside-outside-80000) > 4e4 {
		t.Errorf("100 m² cost %v inside and %v outside", inside, outside)
	}
	if r := ok(t, "ls", "--runs", runs); !strings.Contains(r.out, "  val_loss  epoch  test_loss  test_r2  started ") || !strings.Contains(r.out, fmt.Sprintf("  %.4f  ", lowest)) {
		t.Errorf("ls: %s", r.out)
	}
	if r := ok(t, "predict", run, few); !strings.HasPrefix(r.out, "  row       price\n    1     ") {
		t.Errorf("%s", r.out)
	}
	all := ok(t, "eval", run, "--data", tableFile(t, "other.csv", readAll(t, data)+"100,inside,1950,300000\n")).out
	if !strings.Contains(all, "\nall: loss ") || !strings.Contains(all, "201 rows") {
		t.Errorf("%s", all)
	}
	for args, want := range map[string]string{"--confusion": "predicts numbers", "--errors 3": "predicts numbers", "--min 0.5": "predicts numbers"} {
		if r := call(append([]string{"eval", run}, strings.Fields(args)...)...); r.code != exitUsage || !strings.Contains(r.err, want) {
			t.Errorf("eval %s: %+v", args, r)
		}
	}
	info := readInfo(t, run)
	if info.DataKind != "table" || info.Test.R2 == nil || info.Best.ValLoss == nil || *info.Best.ValLoss != lowest {
		t.Errorf("%+v", info)
	}
	csv := filepath.Join(t.TempDir(), "epochs.csv")
	ok(t, "export", run, "-o", csv)
	if head, _, _ := strings.Cut(readAll(t, csv), "\n"); head != "epoch,train_loss,train_acc,val_loss,val_acc,eta,time,img/s,best,val_mae,val_r2" {
		t.Errorf("%s", head)
	}
}

// TestDataMisuse: what does not fit names what would.
func TestDataMisuse(t *testing.T) {
	iris, price, sixteen := flowers(t), houses(t), sixteens(t)
	code := tableFile(t, "code.csv", "x,label\n"+strings.Repeat("0.5,0\n1.5,1\n2.5,2\n", 20))
	one := tableFile(t, "one.csv", "x,label\n"+strings.Repeat("1,a\n", 30))
	for _, c := range []struct{ args, want string }{
		{"train dense(3) --data IRIS --target speces", `unknown column "speces"; did you mean species?`},
		{"train dense(3) --data IRIS", "no column to predict; use --target species"},
		{"train dense(3) --target species", "--target and --size need --data"},
		{"train dense(16).relu.dense(30) --data IRIS --target species", "30 outputs, but data iris.csv has 3 classes; end with dense(3)"},
		{"train 4-30 --data IRIS --target species", "end with dense(3), as in 4-30-3"},
		{"train 784-30", "30 outputs, but data mnist has 10 classes; end with dense(10), as in 784-30-10"},
		{"train 784-20-30", "as in 784-20-10"},
		{"train 784-30-10 --data SIXTEEN", "an example (1, 16, 16) has 256; write 256-30-10"},
		{"train 256-30 --data SIXTEEN", "end with dense(10), as in 256-30-10"},
		{"train softmax --data SIXTEEN", "use other data, or the same layers in one line, which adapt to the data: 'dense(100) sigmoid dense(10)'"},
		{"train mlp --data IRIS --target species", "has examples of 4 numbers, model mlp takes images of 1×28×28; use other data, or a network in one line"},
		{"train dense(3) --data PRICE --target price", "3 outputs, but data houses.csv has 1 number to predict; end with dense(1)"},
		{"train dense(3) --data CODE --target label", "if the numbers are classes, add --loss log-likelihood"},
		{"train dense(1) --data ONE --target label", "one.csv"},
		{"train dense(1) --data PRICE --target price --style book", "--style book counts right answers"},
		{"train mlp --fill mean", "--fill mean is for tables; leave it out"},
		{"train mlp --scale none", "--scale none: data mnist has bytes"},
		{"train dense(3) --data IRIS --target species --size 3", `"3"; use rows and columns up to 1024, such as 32x32`},
		{"train dense(3) --data IRIS --target species --augment shifts", "are for gray images, and data iris.csv has examples of 4 numbers"},
		{"train dense(3) --data IRIS --target species --batch 500", "120 training examples do not make a mini-batch of 500"},
		{"train dense(1) --data none.csv --target species", "none.csv: no such file"},
		{"train mlpp --data IRIS --target speces", `unknown model "mlpp"`},
		{"compare 4-3 --against byhand --data IRIS --target speces", `unknown column "speces"`},
	} {
		c.args = strings.NewReplacer("IRIS", iris, "PRICE", price, "SIXTEEN", sixteen, "CODE", code, "ONE", one).Replace(c.args)
		args := strings.Fields(c.args)
		args[1] = strings.ReplaceAll(args[1], ").", ") ")
		args[1] = strings.ReplaceAll(args[1], "relu.", "relu ")
		if r := call(args...); r.code == 0 || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: exit %d, %s%s; want %s", c.args, r.code, r.out, r.err, c.want)
		}
	}
	ok(t, "train", "dense(3)", "--data", code, "--target", "label", "--loss", "log-likelihood", "--epochs", "1", "--runs", t.TempDir())
	ok(t, "train", "256-30-10", "--data", sixteen, "--epochs", "1", "--runs", t.TempDir())
	odd := tableFile(t, "odd.csv", "x,\"a,\"\"b\"\"\",z\n"+strings.Repeat("1,2,3\n2,1,5\n3,3,4\n", 50))
	r := ok(t, "train", "dense(2)", "--data", odd, "--target", `"a,""b""",z`, "--find-eta", "--batch", "2", "--seed", "1")
	if want := ` --target '"a,""b""",z' --batch 2 --seed 1 --eta `; !strings.Contains(r.out, want) {
		t.Errorf("no %s in %s", want, r.out)
	}
	if r := ok(t, "__complete", "train", "dense(3)", "--data", iris, "--target", "sp"); !strings.Contains(r.out, "species\n") {
		t.Errorf("%s", r.out)
	}
	ok(t, "compare", "4-5-3", "--against", "byhand", "--data", iris, "--target", "species", "--steps", "3")
}

// sixteens is a folder of IDX files with images of 16×16.
func sixteens(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for part, n := range map[string]int{"train": 60, "t10k": 20} {
		labels := make([]byte, n)
		for i := range labels {
			labels[i] = byte(i % 10)
		}
		write(t, filepath.Join(dir, part+"-images-idx3-ubyte"), idx(0x803, []int{n, 16, 16}, make([]byte, n*256)))
		write(t, filepath.Join(dir, part+"-labels-idx1-ubyte"), idx(0x801, []int{n}, labels))
	}
	return dir
}

// TestDescribeData: data describes what train would read.
func TestDescribeData(t *testing.T) {
	r := ok(t, "data", "--data", flowers(t), "--target", "species")
	for _, want := range []string{"iris.csv: 3 classes: setosa", "set         rows  setosa  versicolor  virginica\ntrain        120      40          40         40",
		"petal_width   a number", "an error", "as in run.json"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	r = ok(t, "data", "--data", houses(t), "--target", "price", "--json")
	var d struct {
		Train  map[string]int
		Schema struct {
			Columns []struct{ Texts []string }
			Outputs []any
		}
	}
	if err := json.Unmarshal([]byte(r.out), &d); err != nil || d.Train["rows"] != 160 || len(d.Schema.Columns) != 3 || len(d.Schema.Columns[1].Texts) != 2 || len(d.Schema.Outputs) != 1 {
		t.Errorf("%v, %s", err, r.out)
	}
}
