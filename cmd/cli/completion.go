package cli

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
)

// worded is a flag with a choice of words.
type worded interface{ offers() []string }

// completeFlags sets what completion offers for each flag of a command: its words, folders, or nothing for numbers and names. Flags that take
// files are left to the shell.
func (a *app) completeFlags(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		complete := cobra.NoFileCompletions
		what, _ := pflag.UnquoteUsage(f)
		switch w, ok := f.Value.(worded); {
		case ok:
			complete = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { // only when asked, because it takes milliseconds
				return w.offers(), cobra.ShellCompDirectiveNoFileComp
			}
		case what == "RUN":
			complete = a.completeRuns
		case what == "DIR":
			complete = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
		case what == "COLUMN":
			complete = completeColumns
		case what == "FILE" || what == "DATA" || f.Value.Type() == "bool":
			return
		}
		// The only error would be a flag that has a completion of its own already.
		_ = c.RegisterFlagCompletionFunc(f.Name, complete)
	})
}

// completeRuns offers latest and each run, newest first, by the first of its name, its path and its folder's name that begins with what was
// typed.
func (a *app) completeRuns(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	words := []string{}
	if strings.HasPrefix(latest, typed) {
		words = append(words, latest)
	}
	for _, e := range runsBelow(cmd) {
		if e.Err != nil {
			continue
		}
		forms := []string{e.Info.Name, e.Path, filepath.Base(e.Path)}
		if checkName(e.Info.Name) != nil {
			forms = forms[1:]
		}
		if i := slices.IndexFunc(forms, func(s string) bool { return strings.HasPrefix(s, typed) }); i >= 0 {
			words = append(words, forms[i])
		}
	}
	return words, cobra.ShellCompDirectiveDefault | cobra.ShellCompDirectiveKeepOrder
}

// completeColumns offers the columns of the table given with --data.
func completeColumns(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	path, _ := cmd.Flags().GetString("data") // every command with --target has --data
	names, _ := dataset.ColumnNames(path)
	return names, cobra.ShellCompDirectiveNoFileComp
}

// runsBelow are the runs below --runs; none if they cannot be listed.
func runsBelow(cmd *cobra.Command) []rundir.Entry {
	root, _ := cmd.Flags().GetString("runs") // every command that takes runs has --runs
	entries, _ := rundir.List(root)
	return entries
}

// completeRunThenFiles offers runs for the first argument, and files after it.
func (a *app) completeRunThenFiles(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return a.completeRuns(cmd, args, typed)
}

// completeRunModels offers the models of the runs.
func completeRunModels(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return modelsOf(runsBelow(cmd)), cobra.ShellCompDirectiveNoFileComp
}

// completeExport offers runs, and after a file, models.
func (a *app) completeExport(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return a.completeModels(cmd, args, typed)
	}
	return a.completeRuns(cmd, args, typed)
}

// completeModels offers models and files, and within a line of layers, the layers' names.
func (a *app) completeModels(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	if isFile(typed) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	i := strings.LastIndexAny(typed, " (,=")
	if i < 0 {
		return a.names(), cobra.ShellCompDirectiveDefault
	}
	layers := names[graph.Layer](a.reader())
	for k := range layers {
		layers[k] = typed[:i+1] + layers[k]
	}
	return layers, cobra.ShellCompDirectiveDefault
}
