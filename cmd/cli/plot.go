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
		Short: "Draw learning curves, or a run's confusion, filters or reconstructions",
		Long: wrap("Draw the accuracy of runs epoch by epoch, solid for the validation images and dashed for the training images. With --loss, or if a "+
			"loss has no classes, draw the cost. Each run has a color, and the legend shows the settings in which runs of a model differ. RUN is a run's folder, its name "+
			"below --runs, or latest, and may still be training. Of several runs, such as runs/*, those with nothing to draw are left out.", 100) + "\n\n" +
			wrap("With --filters, draw the weights of a run's first layer as images: the filters of a convolution, or each neuron's weights "+
				"of a dense layer. Red is positive, blue negative, white zero. With --confusion, draw how often a run took each class of the test images "+
				"for each other, with precision and recall. With --reconstructions, draw test images, each above an autoencoder's reconstruction of it.", 100),
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
				return usagef("--filters draws one run, without --loss or --confusion; leave the rest out")
			case confused && (loss || len(args) > 1):
				return usagef("--confusion draws one run, without --loss; leave the rest out")
			case rebuilt && (loss || drawn || confused || len(args) > 1):
				return usagef("--reconstructions draws one run, without --loss, --filters or --confusion; leave the rest out")
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
	set.StringVarP(&output, "output", "o", "", "draw into `FILE`, which ends in .svg or .png")
	set.BoolVar(&loss, "loss", false, "draw the cost instead of the accuracy")
	set.BoolVar(&confused, "confusion", false, "draw how often a run takes each class for each other: a row is a label, a column an answer")
	set.BoolVar(&rebuilt, "reconstructions", false, "draw test images, each above the autoencoder's reconstruction of it")
	set.IntVar(&filters, "filters", 0, "draw the weights of the first layer, at most the first `N` (64 if not given)")
	set.Lookup("filters").NoOptDefVal = "64"
	set.StringVar(&runs, "runs", "runs", "`DIR` with the runs' folders")
	return cmd
}
