package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/sweep"
)

// sweepFlags are the flags of sweep.
type sweepFlags struct {
	set         *pflag.FlagSet
	list, best  bool
	index, jobs int
	print       choice
	runs        string
	json        bool
}

// The variables in which Slurm and Kubernetes tell a task its number.
var indexVariables = []string{"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"}

func (a *app) sweepCommand() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep [flags] FILE.toml",
		Short: "Train a grid or a random choice of settings, here or on a cluster",
		Long: wrap("Train what a file asks for and is not there yet: each combination of its settings, or some by chance, with each of its seeds. "+
			"The key model is a name, a line of layers, a file, or a list of them. The table [train] has flags of train without the dashes: "+
			"a value, a list, and for numbers log(0.01, 1), any between the two by their logarithm, log(0.01, 1, 5), five of them, "+
			"range(0, 0.9) and range(10, 50, 10). With random = 20, so many settings are chosen by chance, the same ones on each machine; with halving = 3 the "+
			"best third goes on after each stage.", 100) +
			"\n\n" + wrap("Trials are runs as others, with names that begin as the file's. A sweep that was interrupted, or in which trials failed, goes "+
			"on when it is called again. Several processes, also on several computers, may share one folder of runs: each trial is trained by one. "+
			"As a task of Slurm or Kubernetes, with "+strings.Join(indexVariables, " or ")+" set, it trains the trial of that number.", 100),
		Args: arguments(1, 1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"toml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.sweep(ctx, &f, args[0])
		},
	}
	f.set = cmd.Flags()
	f.set.BoolVar(&f.list, "list", false, "train nothing, and list the trials with what came of each, the best first")
	f.set.BoolVar(&f.best, "best", false, "train nothing, and list the settings by their mean over seeds on the validation examples")
	f.set.IntVar(&f.index, "index", 0, "train only the trial of number `N`, from 0")
	f.set.IntVar(&f.jobs, "jobs", 0, "`N` trainings at once; if not given, one for each processor")
	f.print.words = []string{"slurm", "kubernetes"}
	f.set.Var(&f.print, "print", "train nothing, and print a job file that trains each trial as a task")
	f.set.StringVar(&f.runs, "runs", "runs", "`DIR` for the runs' folders")
	f.set.BoolVar(&f.json, "json", false, "a JSON object for each trial, or setting with --best")
	return cmd
}

// check settles which of its works the command is to do.
func (f *sweepFlags) check() error {
	var given []string
	for _, name := range []string{"list", "best", "index", "print"} {
		if f.set.Changed(name) {
			given = append(given, "--"+name)
		}
	}
	switch {
	case len(given) > 1:
		return usagef("%s; use one of them", strings.Join(given, " and "))
	case f.set.Changed("jobs") && given != nil:
		return usagef("--jobs and %s; use one of them", given[0])
	case f.print.value != "" && f.json:
		return usagef("--json and --print; use one of them")
	}
	const most = 256 // as of --threads
	if f.set.Changed("jobs") && (f.jobs < 1 || f.jobs > most) {
		return usagef("--jobs %d; use 1 to %d", f.jobs, most)
	}
	if given == nil && !f.set.Changed("jobs") {
		return f.fromEnvironment()
	}
	return nil
}

// fromEnvironment takes --index from where Slurm or Kubernetes has put it.
func (f *sweepFlags) fromEnvironment() error {
	for _, name := range indexVariables {
		if v := os.Getenv(name); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil {
				return usagef("%s is %q, and no number of a trial; unset it, or use --index", name, v)
			}
			return f.set.Set("index", strconv.Itoa(n))
		}
	}
	return nil
}

// lease is how long a process may give no sign of life before others take its trial over: longer than the 90 seconds after which NFS servers
// forget the locks of a dead computer, of which the run has one. And here is the name of what runs this process.
var lease, here = 2 * time.Minute, sweep.Here()

// sweeping is the work of one call.
type sweeping struct {
	*app
	flags  *sweepFlags
	plan   *sweep.Sweep
	leases *sweep.Leases
}

func (a *app) sweep(ctx context.Context, f *sweepFlags, file string) error {
	plan, text, err := a.readSweep(file)
	if err != nil {
		return err
	}
	w := &sweeping{app: a, flags: f, plan: plan}
	dir := filepath.Join(f.runs, ".sweep", plan.Name)
	w.leases = &sweep.Leases{Dir: dir, Term: lease, Here: here}
	switch {
	case f.print.value != "":
		return w.print(file, text)
	case f.best:
		return w.best()
	case f.list:
		return w.list()
	}
	if f.set.Changed("index") && (f.index < 0 || f.index >= len(plan.Trials)) {
		return usagef("index %d; %s has the trials 0 to %d", f.index, file, len(plan.Trials)-1)
	}
	if w.leases, err = sweep.Open(dir, lease, here); err != nil {
		return err
	}
	if f.set.Changed("index") {
		return w.one(ctx, f.index)
	}
	if f.jobs == 0 {
		f.jobs = runtime.GOMAXPROCS(0)
	}
	return w.all(ctx)
}

// print prints a job file.
func (w *sweeping) print(file string, text []byte) error {
	out := ""
	var err error
	if w.flags.print.value == "slurm" {
		program := commandName()
		if strings.HasPrefix(program, "go run ") {
			program = programName()
		}
		out = w.plan.Slurm([]string{program, "sweep", shellWord(file), "--runs", shellWord(w.flags.runs)})
	} else if out, err = w.plan.Kubernetes(filepath.Base(file), text); err != nil {
		return usagef("%w", err)
	}
	for i, a := range w.plan.Axes {
		if a.Key == "data" {
			w.note(fmt.Errorf("the trials read %s; see that the cluster has it by this path", strings.Join(valuesOf(w.plan, i), ", ")))
		}
	}
	_, err = fmt.Fprint(w.out, out)
	return err
}

// valuesOf are the values of an axis in the trials.
func valuesOf(s *sweep.Sweep, axis int) []string {
	var list []string
	for _, t := range s.Trials {
		list = append(list, t.Values[axis])
	}
	return unique(list)
}

// errPaused means that a trial has come as far as it is to go for now.
var errPaused = errors.New("as far as it is to go for now")
