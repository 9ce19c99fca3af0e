package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
)

// asProgram makes the test's binary the program itself, for tests that signal or kill it.
const asProgram = "STHENO_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	mode := os.Getenv(asProgram)
	if mode == "" {
		named()
		code := m.Run()
		os.RemoveAll(scratch)
		os.Exit(code)
	}
	os.Args[0] = "stheno"
	switch mode {
	case "busy":
		beBusy()
	case "computer": // of its own, of which others see nothing but its files
		lease, here = 3*time.Second, ""
	case "measured":
		os.Exit(measured(os.Args[1:]))
	}
	limitFiles()
	os.Exit(Main(models.All, os.Args[1:]))
}

// scratch is a folder for as long as the tests run.
var scratch string

// named makes scratch, and the program's name stheno, which is not that of the test's file. Fuzzing starts os.Args[0], and so it must be there.
func named() {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	if scratch, err = os.MkdirTemp("", ""); err != nil {
		panic(err)
	}
	name := filepath.Join(scratch, "stheno")
	if err := os.Symlink(self, name); err != nil {
		panic(err)
	}
	os.Args[0] = name
	os.Setenv("PATH", scratch+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

// result is what a call of the program gave.
type result struct {
	code     int
	out, err string
}

// call runs the program in this process.
func call(args ...string) result { return callWith(models.All, args...) }

func callWith(catalogue []models.Model, args ...string) result {
	var out, err bytes.Buffer
	a := &app{models: catalogue, args: args, out: &output{w: &out}, err: &err}
	code := a.main(context.Background())
	return result{code, out.String(), err.String()}
}

// ok runs the program and fails the test unless it exits with 0.
func ok(t *testing.T, args ...string) result {
	t.Helper()
	r := call(args...)
	if r.code != 0 {
		t.Fatalf("%q: exit %d\n%s%s", args, r.code, r.out, r.err)
	}
	return r
}

var digits = dataset.MNIST

// dataSet writes the first images of MNIST, as the four files of a data set.
func dataSet(t *testing.T, train, test int) string {
	t.Helper()
	dir := t.TempDir()
	if err := writeDataSet(dir, train, test); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeDataSet(dir string, train, test int) error {
	d, err := digits()
	if err != nil {
		return err
	}
	for name, s := range map[string]mnist.Set{"train": d.Train.Slice(0, train), "t10k": d.Test.Slice(0, test)} {
		images, labels := idx(0x803, []int{s.Len(), s.Rows, s.Cols}, s.Images), idx(0x801, []int{s.Len()}, s.Labels)
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name+"-images-idx3-ubyte"), images, 0o666),
			os.WriteFile(filepath.Join(dir, name+"-labels-idx1-ubyte"), labels, 0o666))
	}
	return err
}

// idx is an IDX file.
func idx(magic int, sizes []int, elements []byte) []byte {
	file := binary.BigEndian.AppendUint32(nil, uint32(magic))
	for _, n := range sizes {
		file = binary.BigEndian.AppendUint32(file, uint32(n))
	}
	return append(file, elements...)
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// events decodes JSON lines.
func events(t *testing.T, text string) []map[string]any {
	t.Helper()
	var list []map[string]any
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		var e map[string]any
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		list = append(list, e)
	}
	return list
}

// onlyRun is the folder of the one run below runs.
func onlyRun(t *testing.T, runs string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(runs, "*", "run.json"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("runs: %v, %v; want one", paths, err)
	}
	return filepath.Dir(paths[0])
}

func TestMisuse(t *testing.T) {
	dir, empty := dataSet(t, 60, 10), t.TempDir()
	bad := filepath.Join(empty, "bad.toml")
	write(t, bad, []byte("format = 1\n[loss]\nop = 'cubic'\n"))
	warped := filepath.Join(empty, "warped.toml")
	write(t, warped, []byte("format = 1\n[[layer]]\nop = 'dense'\nout = 10\n[loss]\nop = 'quadratic'\n[train]\naugment = 'warp(shear=90)'\n"))
	unfit := filepath.Join(empty, "unfit.toml")
	write(t, unfit, []byte("format = 1\n[[layer]]\nop = 'pool'\nsize = 30\n[loss]\nop = 'quadratic'\n"))
	wrong := filepath.Join(empty, "wrong.toml")
	write(t, wrong, []byte("format = 1\n[[layer]]\nop = 'dense'\nout = 10\n[loss]\nop = 'quadratic'\n[train]\noptimizer = 'adma(0.9)'\n"))
	twice, tables, number, fast := filepath.Join(empty, "twice.toml"), filepath.Join(empty, "tables.toml"), filepath.Join(empty, "number.toml"), filepath.Join(empty, "fast.toml")
	write(t, twice, []byte("format = 1\n[layer]\nop = 'dense'\nout = 10\n[layer]\nop = 'relu'\n"))
	write(t, tables, []byte("format = 1\n[[layer]]\nop = 'dense'\nout = 10\n[[train]]\neta = 3\n"))
	write(t, number, []byte("format = 1\ntrain = 3\n[[layer]]\nop = 'dense'\nout = 10\n"))
	write(t, fast, []byte("format = 1\n[[layer]]\nop = 'dense'\nout = 10\n[train]\nmomentum = 1.5\n"))
	for _, c := range []struct{ args, want string }{
		{"train --data DIR " + wrong, `wrong.toml:8:1: train: optimizer: unknown optimizer "adma"; did you mean adam?`},
		{"train --data DIR --schedule halve --momentum 0.5 --optimizer rmsprop mlp", "model mlp: momentum 0.5 and optimizer rmsprop"},
		{"trian mlp", `unknown command "trian"; did you mean train?`},
		{"help evl", `unknown command "evl"; did you mean eval?`},
		{"completion bahs", `unknown command "bahs"; did you mean bash?`},
		{"train mpl", `unknown model "mpl"; did you mean mlp?`},
		{"train ch3-bset", `did you mean ch3-best?`},
		{"train zebra", `unknown model "zebra"; stheno summary lists the models`},
		{"train", "train: no model; use mlp, softmax, deep, ch1-100"},
		{"train mlp deep", "train: got 2 arguments; use: stheno train [flags] MODEL|FILE.toml"},
		{"train mlp --epoch 3", `unknown flag "--epoch"; did you mean --epochs?`},
		{"train mlp --lamda 3", `did you mean --lambda?`},
		{"train mlp -e 3", `unknown flag "-e"; did you mean --epochs, --eta, --etas or --ema?`},
		{"train mlp -x 3", `unknown flag "-x"; stheno help train lists the flags`},
		{"train mlp --lr .5 --eta 3", "--lr and --eta are the same flag; give one of them"},
		{"train mlp --lambda=1 --l2=1", "--l2 and --lambda are the same flag"},
		{"compare mlp --against byhand --eta=3 --lr 3", "--lr and --eta are the same flag"},
		{"train mlp --learning-rate 3", `unknown flag "--learning-rate"; did you mean --eta?`},
		{"train mlp --batch-size 3", `unknown flag "--batch-size"; did you mean --batch?`},
		{"bench mlp --weight-decay 3", `unknown flag "--weight-decay"; use --batch, `},
		{"plot run --filters 4 -o EMPTY/x.svg", "--filters 4; write --filters=4"},
		{"plot run -o EMPTY/none/x.svg", "--output EMPTY/none/x.svg: no folder EMPTY/none; make it first"},
		{"graph mlp -o EMPTY/none/x.svg", "no folder EMPTY/none; make it first"},
		{"data --show -o EMPTY/none/x.svg", "no folder EMPTY/none; make it first"},
		{"compare mlp --against byhand -o EMPTY/none/x.svg", "no folder EMPTY/none; make it first"},
		{"summary " + twice, "twice.toml:5:2: table layer already exists; write [[layer]] for each of several"},
		{"summary " + tables, "tables.toml:5:3: train is no table; write [train]"},
		{"summary " + number, "number.toml:2:1: train is no table; write [train]"},
		{"train mlp --data DIR --batch 9223372036854775807", "50 training examples do not make a mini-batch of 9223372036854775807"},
		{"train mlp --data DIR --batch 51", "50 training examples do not make a mini-batch of 51; use more examples or a smaller batch"},
		{"train mlp --data DIR --epochs 9223372036854775807", "9223372036854775807 epochs of 5 mini-batches"},
		{"compare mlp --against byhand --data DIR --batch 51", "do not make a mini-batch of 51"},
		{"train mlp --data DIR --momentum 1.5", "momentum 1.5; use at least 0 and less than 1"},
		{"train mlp --data DIR --etas dens1=1", `etas: unknown layer "dens1"; did you mean dense1?`},
		{"train mlp --data DIR --etas dense1", "--etas: dense1; use name=value"},
		{"train mlp --data DIR --etas dense1=-1", "--etas: eta -1 of dense1; it must be above 0"},
		{"train mlp --data DIR --momentum -1", "momentum -1; use"},
		{"train mlp --data DIR --momentum 2 --optimizer nesterov", "momentum 2; use"},
		{"train mlp --data DIR --optimizer nesterov(1)", "momentum 1; use"},
		{"train mlp --data DIR --momentum inf", "momentum +Inf; use"},
		{"train mlp --data DIR --clip inf", "clip +Inf; use a norm above 0"},
		{"train mlp --data DIR --init normal(1e39)", "tensor dense1.w has numbers that are NaN or infinite; use another init"},
		{"train --data DIR " + fast, "fast.toml:6:1: train: momentum 1.5; use at least 0 and less than 1"},
		{"train mlp --epochs many", `--epochs: "many" is not a whole number`},
		{"train mlp --lr x", `--eta: "x" is not a number`},
		{"train mlp --seed -1", `--seed: "-1" is not a whole number from 0`},
		{"train mlp --schedule halv", `--schedule: column 1: unknown schedule "halv"; did you mean halve?`},
		{"train mlp --augment shift", `did you mean shifts?`},
		{"train mlp --augment warp(rotat=15)", "--augment: column 6: warp: unknown key \"rotat\"; did you mean rotate?"},
		{"train mlp --augment warp(zoom=2)", `--augment: column 1: warp: zoom 2; use 0 to 0.9`},
		{"train mlp --augment warp(crop=0.5)", `warp: crop "0.5"; use a whole number`},
		{"train mlp --vm tap", `did you mean tape?`},
		{"train mlp --dtype float46", `did you mean float64?`},
		{"train mlp --style b", `unknown value "b"; use table or book`},
		{"train mlp --kernel fpga", `--kernel: unknown value "fpga"; use`},
		{"train mlp --init larg", `unknown init "larg"; did you mean large?`},
		{"train mlp --init normal(-1)", `--init: column 1: normal: std -1; use at least 0`},
		{"train mlp --schedule onecycle(wormup=0.1)", `--schedule: column 10: onecycle: unknown key "wormup"; did you mean warmup?`},
		{"train mlp --optimizer adma", `--optimizer: column 1: unknown optimizer "adma"; did you mean adam?`},
		{"train mlp --optimizer adam --momentum 0.9", "momentum 0.9 and optimizer adam; use momentum 0"},
		{"train mlp --data DIR --patience -1", "patience -1"},
		{"train mlp --data DIR --clip -1", "clip -1"},
		{"train mlp --data DIR --schedule halve --patience 0", "use a patience of at least 1"},
		{"train mlp --threads -1", "--threads -1"},
		{"train mlp --augment warp(15) --threads 99999999999", "--threads 99999999999; use 1 to 256"},
		{"ladder --seeds 9223372036854775807", "--seeds 9223372036854775807; use 1 to 1000"},
		{"book neuron --seeds 9223372036854775807", "--seeds 9223372036854775807; use 1 to 1000"},
		{"train mlp --json --style book", "--json and --style book"},
		{"train mlp --data DIR --eta 0", "eta must be above 0"},
		{"train mlp --data DIR --epochs -1", "epochs -1"},
		{"train mlp --data DIR --batch 0", "batch 0"},
		{"train mlp --data DIR --lambda -1", "lambda must be at least 0"},
		{"train mlp --data DIR --train-size 51", "train-size 51; use 1 to 50 images"},
		{"train mlp --data DIR --train-size -1", "train-size -1"},
		{"train EMPTY/none.toml", "none.toml: no such file"},
		{"train " + bad, bad + `:3:1: model: loss: unknown loss "cubic"; use`},
		{"train --data DIR " + warped, `8:1: warp: shear 90; use 0 to 80`},
		{"train --data DIR " + unfit, "unfit.toml:3:1: layer 0 pool(30)"},
		{"train mlp --resume latest --runs EMPTY", "model mlp and --resume"},
		{"train --resume latest --runs EMPTY", `unknown run "latest"; stheno ls lists the runs in EMPTY`},
		{"eval", "eval: got 0 arguments; use: stheno eval [flags] RUN"},
		{"eval nothing --runs EMPTY", `unknown run "nothing"`},
		{"eval nothing --split tset", `did you mean test?`},
		{"eval nothing --min 98", "--min 98; use a fraction"},
		{"predict run", "predict: got 1 argument; use"},
		{"summary dep", "did you mean deep?"},
		{"bench mlp --batch 0", "--batch 0"},
		{"bench mlp --batch few", "is not a list of whole numbers"},
		{"bench mlp --seconds 0", "--seconds 0"},
		{"bench mlp --epochs 3", "--epochs without --whole; use both"},
		{"bench mlp --whole --seconds 3", "--whole and --seconds"},
		{"bench mlp --whole --epochs 0", "--epochs 0; use at least 1"},
		{"bench --whole", "bench --whole: no model"},
		{"data --show", "data: --show, --augment and --output belong together; use stheno data --show"},
		{"data --augment shifts", "belong together"},
		{"data --show -o digits.gif", `digits.gif: no format ".gif" for pictures; use .svg or .png`},
		{"data --show --augment shift -o digits.png", "did you mean shifts?"},
		{"ls more", "ls: got 1 argument; use"},
	} {
		place := strings.NewReplacer("DIR", dir, "EMPTY", empty)
		args := append(strings.Fields(place.Replace(c.args)), "--runs", empty)
		if !slices.Contains(flagsOf(args[0]), "runs") {
			args = args[:len(args)-2]
		}
		r := call(args...)
		want := "stheno: "
		if r.code != exitUsage || r.out != "" || !strings.HasPrefix(r.err, want) || !strings.Contains(r.err, place.Replace(c.want)) {
			t.Errorf("%s: exit %d, out %q, err %q; want 2 and %q", c.args, r.code, r.out, r.err, c.want)
		}
		if strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: more than a line: %q", c.args, r.err)
		}
	}
	if files, err := os.ReadDir(empty); err != nil || len(files) != 8 {
		t.Errorf("misuse left %v behind, %v", files, err)
	}
}

// flagsOf names a command's flags; none for a command that does not exist.
func flagsOf(command string) []string {
	root := (&app{models: models.All, out: &output{}}).root()
	var names []string
	if c, _, err := root.Find([]string{command}); err == nil {
		for _, f := range flags(c) {
			names = append(names, strings.TrimPrefix(f, "--"))
		}
	}
	return names
}

// A flag at the end without its value is named, with what it takes.
func TestWithoutValue(t *testing.T) {
	for args, want := range map[string]string{
		"train mlp --lr": "--eta without a value; it takes a number", "eval run -o": "--output without a value; it takes FILE",
	} {
		if r := call(strings.Fields(args)...); r.code != exitUsage || !strings.Contains(r.err, want) {
			t.Errorf("%s: exit %d, %s; want %s", args, r.code, r.err, want)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"help"}, {"--help"}} {
		r := ok(t, args...)
		for _, name := range []string{"train", "eval", "predict", "summary", "ls", "data", "version", "completion", "bench"} {
			if !strings.Contains(r.out, "\n  "+name+" ") {
				t.Errorf("%q does not list %s", args, name)
			}
		}
	}
	long := ok(t, "train", "--help").out
	if long != ok(t, "help", "train").out {
		t.Error("help train is not train --help")
	}
	for _, want := range []string{"--eta, --lr float", "--lambda, --l2 float", "--vm stheno|tape", "softmax", "ch6-2fc1000"} {
		if !strings.Contains(long, want) {
			t.Errorf("train --help lacks %q", want)
		}
	}
	for _, line := range strings.Split(long, "\n") {
		if len(line) > 120 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestBrokenOutput(t *testing.T) {
	var err bytes.Buffer
	a := &app{models: models.All, args: []string{"summary"}, out: &output{w: brokenWriter{}}, err: &err}
	if code := a.main(context.Background()); code != exitFailure || !strings.Contains(err.String(), "standard output: no space") {
		t.Errorf("exit %d, %q", code, &err)
	}
}

func TestObject(t *testing.T) {
	zero := 0.0
	got, err := json.Marshal(object{{"b", 1}, {"nan", zero / zero}, {"a", .5}, {"inf", 1 / zero}, {"none", nil}, {"in", object{{"x", "<"}}}})
	want := `{"b":1,"nan":null,"a":0.5,"inf":null,"none":null,"in":{"x":"\u003c"},"nonfinite":["nan","inf"]}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestFormats(t *testing.T) {
	for got, want := range map[string]string{
		size(0): "0 B", size(999): "999 B", size(1000): "1 kB", size(999_600): "1 MB", size(6690280): "6.69 MB",
		count(0): "0", count(999): "999", count(1000): "1,000", count(1672570): "1,672,570",
		duration(1.94): "1.9s", duration(9.96): "10s", duration(59.4): "59s", duration(61): "1m01s", duration(3661): "1h01m",
		shellWord("runs/a-1"): "runs/a-1", shellWord("my runs/a"): "'my runs/a'", shellWord("it's"): `'it'\''s'`, shellWord(""): "''",
		percent(.9542):                       "95.42%",
		fmt.Sprint(wrap("one two three", 7)): "one two\nthree",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
