package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/models"
)

// compareFlags are the flags of compare.
type compareFlags struct {
	trainFlags // those that change the recipe and the machine
	against    string
	steps      int
	tol        float64
	output     string
}

func (a *app) compareCommand() *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "compare [flags] MODEL|FILE.toml|NETWORK --against byhand|FILE.npz",
		Short: "Hold a network against backpropagation written by hand",
		Long: wrap("With --against byhand, train a model as a graph and with the formulas of the book in plain loops, in lockstep: from the "+
			"same weights, over the same mini-batches. Print how far the gradients and the weights of each tensor are apart at most, "+
			"relative to the largest number in the tensor, and the step of that.", 100) + "\n\n" +
			wrap("With --against FILE.npz, do the same for one mini-batch or more that a program of yours has written. Exit with 3 if "+
				"there is a difference.", 100),
		Args:              arguments(0, 1),
		ValidArgsFunction: a.completeModels,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			model := ""
			if len(args) > 0 {
				model = args[0]
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			if f.against == byHand {
				return a.compareByHand(ctx, &f, model)
			}
			return a.compareFile(ctx, &f, model, f.against)
		},
	}
	f.define(cmd.Flags(), a.reader())
	// The only error is that of a flag that is not there.
	_ = cmd.RegisterFlagCompletionFunc("against", cobra.FixedCompletions([]string{byHand}, cobra.ShellCompDirectiveDefault))
	return cmd
}

// byHand is what --against has for package byhand.
const byHand = "byhand"

// tolerances are the relative differences that pass, by the type of the numbers.
var tolerances = map[string]float64{"float64": 1e-9, "float32": 1e-3}

func (f *compareFlags) define(set *pflag.FlagSet, r models.Reader) {
	f.set = set
	set.SetNormalizeFunc(normalize)
	set.StringVar(&f.against, "against", "", "byhand, or a `FILE` of NumPy's format")
	set.IntVar(&f.steps, "steps", 100, "`N` mini-batches")
	set.IntVar(&f.epochs, "epochs", 0, "`N` whole epochs in place of steps")
	set.Float64Var(&f.tol, "tol", 0, "relative `difference` that passes; 1e-9 if not given, 1e-3 in float32")
	set.IntVar(&f.batch, "batch", 0, "`N` examples in a mini-batch; this and what follows to --train-size is the model's own if not given")
	set.Float64Var(&f.eta, "eta", 0, "learning rate η")
	set.Float64Var(&f.lambda, "lambda", 0, "L2 regularization λ, by network2's convention")
	f.init.define(set, r, "init", initHelp(r))
	set.IntVar(&f.trainSize, "train-size", 0, "only the first `N` training examples")
	set.Uint64Var(&f.seed, "seed", 1, "`N` for weights, order and dropout")
	f.machineFlags.define(set)
	dtype := set.Lookup("dtype")
	f.dtype.value, dtype.DefValue, dtype.Usage = "float64", "float64", "type of the graph's numbers; by hand it is float64"
	f.dataFlags.define(set)
	f.style.define(set, "style", "book: the lines of the book's programs, for both, after each epoch", "table", "book")
	set.StringVarP(&f.output, "output", "o", "", "draw the differences over the steps into `FILE`, .svg or .png")
	set.BoolVar(&f.json, "json", false, "a JSON object")
}

// check settles the flags that depend on others.
func (f *compareFlags) check() error {
	if !f.set.Changed("tol") {
		f.tol = tolerances[f.dtype.value]
	}
	switch {
	case f.against == "":
		return usagef("compare: no --against; use byhand, or a file that ends in .npz")
	case f.against != byHand && filepath.Ext(f.against) == "":
		return unknown("value of --against", f.against, []string{byHand, "a file that ends in .npz"})
	case f.set.Changed("steps") && f.whole():
		return usagef("--steps with --epochs or --style book; use one of them")
	case f.steps < 1 || f.epochs < 0 || f.set.Changed("epochs") && f.epochs == 0:
		return usagef("--steps %d --epochs %d; use at least 1", f.steps, f.epochs)
	case !(f.tol >= 0):
		return usagef("--tol %v; use at least 0", f.tol)
	}
	if err := checkPicture(f.output); err != nil {
		return err
	}
	return f.trainFlags.check()
}

// whole says that whole epochs are compared.
func (f *compareFlags) whole() bool { return f.set.Changed("epochs") || f.style.value == "book" }
