package cli

import (
	"strings"
	"testing"
)

const head = "format = 1\nmodel = 'mlp'\n"

// badSweeps are files with a mistake, and what is said about it.
var badSweeps = []struct{ text, want string }{
	{"model = 'mlp'", "s.toml:1:1: no format; begin with format = 1"},
	{"format = 2\nmodel = 'mlp'", "s.toml:1:1: format = 2; this program reads format = 1"},
	{"format = 1\n", "s.toml:1:1: no model; write one, such as model = \"mlp\""},
	{"format = 1\nmodel = 'mpl'", `s.toml:2:1: unknown model "mpl"; did you mean mlp?`},
	{"format = 1\n\n  model = ['mlp', '784-x']", `s.toml:3:3: `},
	{"format = 1\nmodel = 'bad.toml'", `s.toml:2:1: bad.toml:3:1: `},
	{"format = 1\nmodel = 'none.toml'", `s.toml:2:1: none.toml: no such file`},
	{"format = 1\nmodel = []", "s.toml:2:1: model: an empty list"},
	{"format = 1\nmodel = [['mlp']]", "s.toml:2:1: model: [mlp] in a list"},
	{head + "modl = 3", `s.toml:3:1: unknown key "modl"; did you mean model?`},
	{head + "eta = 3", `s.toml:3:1: unknown key "eta" here; it belongs below [train]`},
	{head + "random = 0", "s.toml:3:1: random: 0; use a whole number from 1"},
	{head + "random = 'many'", "s.toml:3:1: random: many; use a whole number from 1"},
	{head + "halving = 1", "s.toml:3:1: halving: 1; use a whole number from 2"},
	{head + "halving = 2\n[train]\nfull = true", "s.toml:3:1: halving: it goes by validation, and full trains on those"},
	{head + "random_seed = -1", "s.toml:3:1: random_seed: -1; use a whole number from 0"},
	{head + "train = 3", "s.toml:3:1: train is not a table; write [train]"},
	{head + "[train]\neta = 3\nlamda = 1", `s.toml:5:1: unknown key "lamda"; did you mean lambda?`},
	{head + "[train]\ntrainsize = 1", `s.toml:4:1: unknown key "trainsize"; did you mean train_size?`},
	{head + "[train]\nthreads = 1", `s.toml:4:1: unknown key "threads"`},
	{head + "[train]\nruns = 'x'", `s.toml:4:1: unknown key "runs"`},
	{head + "[train]\nfind_eta = true", `s.toml:4:1: unknown key "find_eta"`},
	{head + "[train]\nlr = 1\neta = 1", "s.toml:4:1: eta is given twice; give it once"},
	{head + "[train]\ntrain-size = 1\ntrain_size = 1", "is given twice"},
	{head + "[train]\neta = 'fast'", `s.toml:4:1: eta: "fast" is not a number`},
	{head + "[train]\neta = [1, 'fast']", `s.toml:4:1: eta: "fast" is not a number`},
	{head + "[train]\neta = 'lag(1, 2)'", `s.toml:4:1: eta: column 1: unknown choice "lag"; did you mean log?`},
	{head + "[train]\neta = 'log(0, 1)'", "s.toml:4:1: eta: column 1: log: from 0 to 1; use 0 < from < to"},
	{head + "[train]\neta = 'log(0.1, 1)'", "s.toml:4:1: eta: any number between two; say how many"},
	{head + "[train]\nlr = 'log(0.1, 1)'", "s.toml:4:1: lr: any number between two"},
	{head + "[train]\neta = { a = 1 }", "s.toml:4:1: eta: map[a:1]; use a number, a text in quotes"},
	{head + "[train]\neta = 1979-05-27", "s.toml:4:1: eta: "},
	{head + "[train]\nbatch = 2.5", `s.toml:4:1: batch: "2.5" is not a whole number`},
	{head + "[train]\nseed = -1", `s.toml:4:1: seed: "-1" is not a whole number from 0`},
	{head + "[train]\nseed = 'range(-1, 3)'", `s.toml:4:1: seed: "-1" is not a whole number from 0`},
	{head + "[train]\nseed = 'log(1, 3)'", "s.toml:4:1: seed: no list of seeds; write range(1, 5)"},
	{head + "[train]\nseed = 'range(1, 1001)'", "s.toml:4:1: seed: 1001 values; use at most 1000"},
	{head + "[train]\neta = 'range(0.1, 1, 0.1)'\nlambda = 'range(1, 10, 0.05)'", "s.toml:5:1: lambda: more than 1000 settings"},
	{head + "[train]\noptimizer = ['sgd', 'adma']", `s.toml:4:1: optimizer: column 1: unknown optimizer "adma"; did you mean adam?`},
	{head + "random = 3\n[train]\neta = [1, 2]", "s.toml:3:1: random: 3, but there are hardly more than 2 settings"},
	{head + "x = ", "s.toml:3:"},
}

func TestSweepMisuse(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "net.toml", []byte("format = 1\n[[layer]]\nop = 'dense'\nout = 10\n"))
	write(t, "bad.toml", []byte("format = 1\n[[layer]]\nop = 'dens'\nout = 10\n"))
	for _, c := range badSweeps {
		write(t, "s.toml", []byte(c.text))
		r := call("sweep", "s.toml")
		if r.code != exitUsage || r.out != "" || !strings.HasPrefix(r.err, "stheno: "+c.want) && !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s\nexit %d, %swant %s", c.text, r.code, r.err, c.want)
		}
	}
}

// What is wrong with the arguments, or the variables of a task.
func TestSweepArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "file", nil)
	write(t, "s.toml", []byte(head+"[train]\nepochs = 1\neta = [1, 2]\n"))
	for _, c := range []struct {
		args, env, want string
		code            int
	}{
		{"s.toml --index 2", "", "index 2; use 0 to 1, the trials of s.toml", exitUsage},
		{"s.toml --index -1", "", "index -1; use 0 to 1, the trials of s.toml", exitUsage},
		{"s.toml --index x", "", `--index: "x" is not a whole number`, exitUsage},
		{"s.toml", "SLURM_ARRAY_TASK_ID=2", "index 2; use 0 to 1, the trials of s.toml", exitUsage},
		{"s.toml", "JOB_COMPLETION_INDEX=7", "index 7; use 0 to 1", exitUsage},
		{"s.toml", "JOB_COMPLETION_INDEX=x", `JOB_COMPLETION_INDEX is "x", which is not a trial's number`, exitUsage},
		{"none.toml", "", "none.toml: no such file or directory; give the TOML file of a sweep", exitUsage},
		{"", "", "sweep: got 0 arguments; use: stheno sweep [flags] FILE.toml", exitUsage},
		{"s.toml --list --best", "", "--list and --best; use one of them", exitUsage},
		{"s.toml --list --jobs 2", "", "--jobs and --list; use one of them", exitUsage},
		{"s.toml --jobs 0", "", "--jobs 0; use 1 to 256", exitUsage},
		{"s.toml --print slrum", "", `--print: unknown value "slrum"; did you mean slurm?`, exitUsage},
		{"s.toml --print slurm --json", "", "--json and --print; use one of them", exitUsage},
		{"s.toml --indx 3", "", "did you mean --index?", exitUsage},
		{"s.toml --runs", "", "--runs without a value; it takes DIR", exitUsage},
		{"s.toml --runs file/runs", "", "not a directory; choose another folder for the runs", exitFailure},
	} {
		if name, value, _ := strings.Cut(c.env, "="); name != "" {
			t.Setenv(name, value)
		}
		r := call(append([]string{"sweep"}, strings.Fields(c.args)...)...)
		if r.code != c.code || r.out != "" || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s %s: exit %d, %swant %d, %s", c.env, c.args, r.code, r.err, c.code, c.want)
		}
		for _, name := range indexVariables {
			t.Setenv(name, "")
		}
	}
}

// A task's number goes by its variables only where nothing else is asked for.
func TestSweepVariables(t *testing.T) {
	sweepIn(t, smallSweep)
	t.Setenv("JOB_COMPLETION_INDEX", "2")
	if r := ok(t, "sweep", "s.toml", "--list"); strings.Count(r.out, " missing ") != 4 {
		t.Errorf("%s", r.out)
	}
	r := ok(t, "sweep", "s.toml")
	if !strings.Contains(r.out, "train_loss") || !strings.HasSuffix(strings.TrimSpace(strings.Split(r.out, "\ntrial ")[1]), onlyRun(t, "runs")) {
		t.Errorf("%s%s", r.out, r.err)
	}
	t.Setenv("SLURM_ARRAY_TASK_ID", "3")
	ok(t, "sweep", "s.toml", "--json")
	var got []any
	for i, e := range swept(t, "--list") {
		if e["status"] == "done" {
			got = append(got, i)
		}
	}
	if len(got) != 2 || got[0] != 2 && got[1] != 2 || got[0] != 3 && got[1] != 3 {
		t.Errorf("done are %v", got)
	}
	if trials := swept(t, "--jobs", "2"); len(trials) != 4 {
		t.Errorf("%v", trials)
	}
}
