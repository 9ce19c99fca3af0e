package cli

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// machineFlags choose how to compute.
type machineFlags struct {
	threads   int
	vm, dtype choice
	kernel    choice
}

func (f *machineFlags) define(set *pflag.FlagSet) {
	set.IntVar(&f.threads, "threads", 0, "use `N` processors; 0: all, or one where that is faster; results do not depend on it")
	f.vm.define(set, "vm", "run graphs on Stheno's compiler, or on Gorgonia's TapeMachine", "stheno", "tape")
	f.dtype.define(set, "dtype", "the type of all numbers", "float32", "float64")
	f.kernel.words = graph.Kernels()
	set.Var(&f.kernel, "kernel", "the implementation of the arithmetic; the first if not given")
}

// use checks the flags and selects the kernel.
func (f *machineFlags) use() error {
	const most = 256 // more are of no use on any machine
	if f.threads < 0 || f.threads > most {
		return usagef("--threads %d; use 1 to %d, or 0 for the fastest number", f.threads, most)
	}
	if f.kernel.value == "" {
		return nil
	}
	return graph.UseKernel(f.kernel.value)
}

func (f *machineFlags) config(seed uint64, r models.Recipe) graph.Config {
	return graph.Config{
		Seed: seed, Init: r.Init, Float64: f.dtype.value == "float64", Tape: f.vm.value == "tape", Threads: f.threads,
	}
}

// processors is the number of threads that --threads stands for.
func (f *machineFlags) processors() int {
	if f.threads == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return f.threads
}

// trainFlags are the flags of train.
type trainFlags struct {
	machineFlags
	dataFlags
	set *pflag.FlagSet

	epochs, batch, trainSize, patience int
	eta, lambda, momentum, clip, ema   float64
	seed                               uint64
	runs, resume                       string
	etas                               layerEtas
	optimizer                          ruled[train.Optimizer]
	schedule                           ruled[train.Schedule]
	augment                            ruled[models.Augment]
	init                               ruled[*graph.Init]
	loss                               ruled[*graph.Loss]
	style                              choice
	name                               runName
	json, full, dropTail, findEta      bool
	mpi, syncNorm                      bool
	curve                              string
}

func (f *trainFlags) define(set *pflag.FlagSet, r models.Reader) {
	f.set = set
	set.SetNormalizeFunc(normalize)
	set.IntVar(&f.epochs, "epochs", 0, "train for `N` epochs; the flags down to --patience default to the model's recipe")
	set.IntVar(&f.batch, "batch", 0, "use `N` examples in a mini-batch")
	set.Float64Var(&f.eta, "eta", 0, "the learning rate η")
	f.etas.define(set, r, "etas", "separate learning rates for some `layers`: conv1=0.01,dense2=0.1")
	set.Float64Var(&f.lambda, "lambda", 0, "L2 regularization λ, defined as in network2")
	set.Float64Var(&f.momentum, "momentum", 0, "the momentum μ")
	f.optimizer.define(set, r, "optimizer", "the `rule` of a step: sgd, nesterov, rmsprop, adagrad, adadelta, adamw, 'adam(beta1=0.7)'")
	f.schedule.define(set, r, "schedule", "`rule` of eta over time: constant, step, exponential, warmup, cosine, onecycle, plateau, halve")
	set.Float64Var(&f.ema, "ema", 0, "average the weights with this `decay`, such as 0.999, and use the average in their place")
	set.Float64Var(&f.clip, "clip", 0, "scale gradients down to this `norm` if theirs is larger")
	f.init.define(set, r, "init", initHelp(r))
	f.loss.define(set, r, "loss", lossHelp(r))
	set.BoolVar(&f.full, "full", false, "train on the validation images too, and test the last weights")
	set.IntVar(&f.trainSize, "train-size", 0, "use only the first `N` training examples")
	set.BoolVar(&f.dropTail, "drop-tail", false, "skip an epoch's last mini-batch if it is short")
	f.augment.define(set, r, "augment", augmentHelp)
	set.IntVar(&f.patience, "patience", 0, "stop after `N` epochs without a better validation accuracy; 10 with --schedule halve")
	set.Uint64Var(&f.seed, "seed", 0, "`N` for weights, order and dropout; the same N gives the same bits; random if not given")
	f.machineFlags.define(set)
	f.dataFlags.define(set)
	set.StringVar(&f.runs, "runs", "runs", "`DIR` for the runs' folders")
	set.StringVar(&f.resume, "resume", "", "continue an interrupted `RUN`")
	set.Var(&f.name, "name", "a `NAME` for the run, which every command understands")
	set.BoolVar(&f.mpi, "mpi", false, "train together with the other processes that mpirun has started")
	set.BoolVar(&f.syncNorm, "sync-norm", false, "with --mpi: batch norm treats the parts of all processes as one mini-batch")
	f.style.define(set, "style", "how to show epochs; book: like the book's programs", "table", "book")
	set.BoolVar(&f.findEta, "find-eta", false, "search for a learning rate instead of training; no run is saved")
	set.StringVarP(&f.curve, "output", "o", "", "draw the curve of --find-eta into `FILE`, which ends in .svg or .png")
	set.BoolVar(&f.json, "json", false, "print a JSON object for each event, or one for --find-eta")
}

// override replaces the recipe's values by the flags that were given.
func (f *trainFlags) override(r *models.Recipe) {
	for name, value := range map[string]func(){
		"epochs":     func() { r.Epochs = f.epochs },
		"batch":      func() { r.Batch = f.batch },
		"eta":        func() { r.Eta = f.eta },
		"etas":       func() { r.Etas = f.etas.value },
		"lambda":     func() { r.Lambda = f.lambda },
		"momentum":   func() { r.Momentum = f.momentum },
		"optimizer":  func() { r.Optimizer = f.optimizer.value },
		"schedule":   func() { r.Schedule = f.schedule.value },
		"patience":   func() { r.Patience = f.patience },
		"clip":       func() { r.Clip = f.clip },
		"ema":        func() { r.EMA = f.ema },
		"train-size": func() { r.TrainSize = f.trainSize },
		"full":       func() { r.Full = f.full },
		"drop-tail":  func() { r.DropTail = f.dropTail },
		"augment":    func() { r.Augment = f.augment.value },
		"init":       func() { r.Init = f.init.value },
	} {
		if f.set.Changed(name) {
			value()
		}
	}
	if _, lowers := train.AfterWarmup(r.Schedule).(train.Plateau); lowers && r.Patience == 0 && !f.set.Changed("patience") {
		r.Patience = 10
	}
}

// check reports flags that do not go together.
func (f *trainFlags) check() error {
	switch {
	case f.json && f.style.value != "table":
		return usagef("--json and --style %s; use one of them", f.style.value)
	case f.curve != "" && !f.findEta:
		return usagef("--output %s without --find-eta; it draws that search, use plot to draw a training", f.curve)
	case f.findEta && f.mpi:
		return usagef("--find-eta and --mpi; leave --mpi out, one process is enough")
	case f.findEta && f.resume != "":
		return usagef("--find-eta and --resume; use one of them")
	case f.findEta && f.set.Changed("eta"):
		return usagef("--find-eta and --eta; use one of them")
	case f.findEta && f.set.Changed("etas"):
		return usagef("--find-eta and --etas; use one of them")
	}
	return checkPicture(f.curve)
}

// lasting are the flags that can change when a run is resumed, because they do not affect what has been trained. Another VM rounds
// differently, which the run notes.
var lasting = []string{"epochs", "data", "vm"}

// resumed combines the flags of the run in the folder path with the flags in f that it is resumed with.
func (f *trainFlags) resumed(r models.Reader, path string, info rundir.Info) (*trainFlags, error) {
	var wrong error
	passing := append([]string{"threads", "runs", "resume", "style", "json", "mpi"}, lasting...)
	f.set.Visit(func(g *pflag.Flag) {
		if !slices.Contains(passing, g.Name) {
			wrong = usagef("--%s would change the run; leave it out, or start a new run from %s", g.Name, filepath.Join(path, "model.toml"))
		}
	})
	if wrong != nil {
		return nil, wrong
	}
	old, err := flagsOfRun(r, path, info)
	if err != nil {
		return nil, err
	}
	if err := old.take(f); err != nil {
		return nil, err
	}
	old.threads, old.runs, old.resume, old.style, old.json, old.mpi = f.threads, f.runs, f.resume, f.style, f.json, f.mpi
	old.kernel.value = "" // run.json has the kernel, even if none was asked for
	return old, old.check()
}

// take copies the lasting flags that were given to g.
func (f *trainFlags) take(g *trainFlags) error {
	for _, name := range lasting {
		if g.set.Changed(name) {
			if err := f.set.Set(name, g.set.Lookup(name).Value.String()); err != nil {
				return err
			}
		}
	}
	return nil
}

// plainFlags are the flags of train, all at their defaults.
func plainFlags(r models.Reader) *trainFlags {
	f := &trainFlags{}
	f.define(pflag.NewFlagSet("train", pflag.ContinueOnError), r)
	return f
}

// texts are flags of the same names that take any text: for reading commands that were accepted once.
func (f *trainFlags) texts() *pflag.FlagSet {
	set := pflag.NewFlagSet("train", pflag.ContinueOnError)
	set.SetNormalizeFunc(normalize)
	f.set.VisitAll(func(g *pflag.Flag) {
		set.String(g.Name, "", "")
		set.Lookup(g.Name).NoOptDefVal = g.NoOptDefVal
	})
	set.BoolP("help", "h", false, "") // as in parse
	return set
}

// flagsOfRun are the flags that the run in the folder path was started with, updated by the commands that resumed it.
func flagsOfRun(r models.Reader, path string, info rundir.Info) (*trainFlags, error) {
	f := plainFlags(r)
	if wasImported(info.Argv) {
		f.dtype.value = cmp.Or(info.DType, "float64")
	} else if err := f.parse(path, info.Argv); err != nil {
		return nil, err
	}
	for _, resume := range info.Resumes {
		g := plainFlags(r)
		if err := g.parse(path, resume.Argv); err != nil {
			return nil, err
		}
		if err := f.take(g); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// parse reads the arguments of a command from the run.json in the folder path.
func (f *trainFlags) parse(path string, argv []string) error {
	f.set.BoolP("help", "h", false, "") // without such a flag, pflag would print the help for -h
	if err := f.set.Parse(argv); err != nil {
		return dataf("%s: argv: %w", filepath.Join(path, "run.json"), err)
	}
	return nil
}

// chosenSeed is --seed, or a random seed that is short enough to type.
func (f *trainFlags) chosenSeed() uint64 {
	if f.set.Changed("seed") {
		return f.seed
	}
	var b [4]byte
	rand.Read(b[:])
	return uint64(binary.LittleEndian.Uint32(b[:]))
}

// initHelp says what --init takes.
func initHelp(r models.Reader) string {
	return "the `rule` for first weights: " + strings.Join(names[*graph.Init](r), ", ")
}

// lossHelp says what --loss takes.
func lossHelp(r models.Reader) string {
	return "`cost`: " + strings.Join(names[*graph.Loss](r), " ")
}
