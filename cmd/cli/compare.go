package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/models"
)

// compareFlags are the flags of compare.
type compareFlags struct {
	trainFlags // compare defines only those for the recipe and the machine
	against    string
	steps      int
	tol        float64
	output     string
}

func (a *app) compareCommand() *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "compare [flags] MODEL|FILE.toml|NETWORK --against byhand|FILE.npz",
		Short: "Compare a network with backpropagation written by hand",
		Long: wrap("With --against byhand, train a model in lockstep as a graph and with the book's formulas in plain loops, from the "+
			"same weights and over the same mini-batches. For each tensor, print the largest difference of its gradients and weights, "+
			"relative to the largest number in the tensor, and the step where it occurred.", 100) + "\n\n" +
			wrap("With --against FILE.npz, check one or more mini-batches that your own program has written, and name the mistake if there "+
				"is one. Exit with 3 if there is a difference.", 100),
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
	// The only error would be a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("against", cobra.FixedCompletions([]string{byHand}, cobra.ShellCompDirectiveDefault))
	return cmd
}

// byHand is the value of --against for package byhand.
const byHand = "byhand"

// tolerances are the largest relative differences that pass, by the type of the numbers.
var tolerances = map[string]float64{"float64": 1e-9, "float32": 1e-3}

func (f *compareFlags) define(set *pflag.FlagSet, r models.Reader) {
	f.set = set
	set.SetNormalizeFunc(normalize)
	set.StringVar(&f.against, "against", "", "byhand, or a `FILE` in NumPy's format")
	set.IntVar(&f.steps, "steps", 100, "compare `N` mini-batches")
	set.IntVar(&f.epochs, "epochs", 0, "compare `N` whole epochs, instead of --steps")
	set.Float64Var(&f.tol, "tol", 0, "the largest relative `difference` that passes; 1e-9 if not given, 1e-3 in float32")
	set.IntVar(&f.batch, "batch", 0, "use `N` examples in a mini-batch; the flags down to --train-size default to the model's recipe")
	set.Float64Var(&f.eta, "eta", 0, "the learning rate η")
	set.Float64Var(&f.lambda, "lambda", 0, "L2 regularization λ, defined as in network2")
	f.init.define(set, r, "init", initHelp(r))
	set.IntVar(&f.trainSize, "train-size", 0, "use only the first `N` training examples")
	set.Uint64Var(&f.seed, "seed", 1, "the `N` behind first weights, order and dropout")
	f.machineFlags.define(set)
	dtype := set.Lookup("dtype")
	f.dtype.value, dtype.DefValue, dtype.Usage = "float64", "float64", "the type of the graph's numbers; the loops by hand use float64"
	f.dataFlags.define(set)
	f.style.define(set, "style", "what to print; book: the lines of the book's programs, for both, after each epoch", "table", "book")
	set.StringVarP(&f.output, "output", "o", "", "draw the differences over the steps into `FILE`, .svg or .png")
	set.BoolVar(&f.json, "json", false, "print a JSON object")
}

// check reports flags that do not go together.
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

// whole reports whether whole epochs are compared.
func (f *compareFlags) whole() bool { return f.set.Changed("epochs") || f.style.value == "book" }
