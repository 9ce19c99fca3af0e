package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) plotCommand() *cobra.Command {
	var loss, confused, rebuilt bool
	var filters int
	var output, runs string
	cmd := &cobra.Command{
		Use:   "plot [flags] RUN...",
		Short: "Draw the learning curves of runs, or what one confuses or rebuilds, or what its first layer looks for",
		Long: wrap("Draw the accuracy of runs epoch by epoch, on the validation images as a solid line and on the training images as a dashed one, or their cost where the "+
			"loss has no classes, or with --loss. Each run has a color, and the legend has the settings in which runs of a model differ. RUN is a run's folder, its name "+
			"below --runs, or latest; a run may still be going on. Of several, as of runs/*, those with nothing to draw are left out.", 100) + "\n\n" +
			wrap("With --filters, draw the weights of a run's first layer as images: the filters of a convolution, or what each neuron "+
				"of a dense layer multiplies the pixels by. Red is positive, blue negative, white zero. With --confusion, draw how often a run took each "+
				"digit of the test images for each, with the precision and the recall of each. With --reconstructions, draw test images, each above what an "+
				"autoencoder makes of it.", 100),
		Args:              arguments(1, -1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return usagef("plot: no --output; name a file that ends in .svg or .png")
			}
			if err := checkPicture(output); err != nil {
				return err
			}
			drawn := cmd.Flags().Changed("filters")
			switch n := args[len(args)-1]; {
			case drawn && len(args) == 2 && strings.Trim(n, "0123456789") == "":
				return usagef("--filters %s; write --filters=%[1]s", n)
			case drawn && (filters < 1 || filters > maxDrawn):
				return usagef("--filters=%d; use 1 to %d", filters, maxDrawn)
			case drawn && (loss || confused || len(args) > 1):
				return usagef("--filters draws one run, and no --loss or --confusion; leave out what is too much")
			case confused && (loss || len(args) > 1):
				return usagef("--confusion draws one run, and no --loss; leave out what is too much")
			case rebuilt && (loss || drawn || confused || len(args) > 1):
				return usagef("--reconstructions draws one run, and no --loss, --filters or --confusion; leave out what is too much")
			case rebuilt:
				return a.plotReconstructions(output, runs, args[0])
			case confused:
				return a.plotConfusion(output, runs, args[0])
			case !drawn:
				return a.plot(output, runs, loss, args)
			}
			return a.plotFilters(output, runs, args[0], filters)
		},
	}
	set := cmd.Flags()
	set.StringVarP(&output, "output", "o", "", "the picture, a `FILE` that ends in .svg or .png")
	set.BoolVar(&loss, "loss", false, "the cost in place of the accuracy")
	set.BoolVar(&confused, "confusion", false, "how often one run takes each digit for each: a row is a label, a column an answer")
	set.BoolVar(&rebuilt, "reconstructions", false, "test images, each above what the run's autoencoder makes of it")
	set.IntVar(&filters, "filters", 0, "the weights of the first layer, at most the first `N` (64 if not given)")
	set.Lookup("filters").NoOptDefVal = "64"
	set.StringVar(&runs, "runs", "runs", "`DIR` of the runs' folders")
	return cmd
}
