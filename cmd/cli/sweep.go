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

// The environment variables in which Slurm and Kubernetes give a task its number.
var indexVariables = []string{"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"}

func (a *app) sweepCommand() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep [flags] FILE.toml",
		Short: "Train a grid, or a random choice, of settings, here or on a cluster",
		Long: wrap("Train each combination of settings in a file with each of its seeds, unless that has been done, or train a random choice of them. "+
			"The key model is a name, a line of layers, a file, or a list of them. The table [train] has flags of train without the dashes. "+
			"Each is a value, a list, or for numbers log(0.01, 1), any number between the two on a logarithmic scale, log(0.01, 1, 5), five of them, "+
			"range(0, 0.9) or range(10, 50, 10). With random = 20, twenty settings are chosen at random, the same ones on every machine. With halving = 3, the "+
			"best third continues after each stage.", 100) +
			"\n\n" + wrap("Trials are ordinary runs, whose names begin with the file's name. Call a sweep again to continue it if it was interrupted or trials "+
			"failed. Several processes, also on several computers, may share one folder of runs; each trial is trained by one of them. "+
			"As a task of Slurm or Kubernetes, with "+strings.Join(indexVariables, " or ")+" set, sweep trains the trial with that number.", 100),
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
	f.set.BoolVar(&f.list, "list", false, "train nothing, only list the trials with their results, best first")
	f.set.BoolVar(&f.best, "best", false, "train nothing, only list the settings by their mean validation result over seeds")
	f.set.IntVar(&f.index, "index", 0, "train only trial `N`, counted from 0")
	f.set.IntVar(&f.jobs, "jobs", 0, "run `N` trainings at once; if not given, one for each processor")
	f.print.words = []string{"slurm", "kubernetes"}
	f.set.Var(&f.print, "print", "train nothing, only print a job file that trains each trial as a task")
	f.set.StringVar(&f.runs, "runs", "runs", "`DIR` for the runs' folders")
	f.set.BoolVar(&f.json, "json", false, "print a JSON object for each trial, or with --best for each setting")
	return cmd
}

// check reports flags that do not go together.
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
	const most = 256 // as for --threads
	if f.set.Changed("jobs") && (f.jobs < 1 || f.jobs > most) {
		return usagef("--jobs %d; use 1 to %d", f.jobs, most)
	}
	if given == nil && !f.set.Changed("jobs") {
		return f.fromEnvironment()
	}
	return nil
}

// fromEnvironment sets --index from the variable of Slurm or Kubernetes.
func (f *sweepFlags) fromEnvironment() error {
	for _, name := range indexVariables {
		if v := os.Getenv(name); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil {
				return usagef("%s is %q, which is not a trial's number; unset it, or use --index", name, v)
			}
			return f.set.Set("index", strconv.Itoa(n))
		}
	}
	return nil
}

// lease is how long a process may be silent before others take over its trial. It is longer than the 90 seconds after which NFS servers drop
// a dead computer's locks, because the run's folder is locked too. here names this process's machine or job.
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
		return usagef("index %d; use 0 to %[3]d, the trials of %[2]s", f.index, file, len(plan.Trials)-1)
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
			w.note(fmt.Errorf("the trials read %s; make sure that the cluster has it at this path", strings.Join(valuesOf(w.plan, i), ", ")))
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

// errPaused means that a trial has reached the end of its stage.
var errPaused = errors.New("the stage has ended")
