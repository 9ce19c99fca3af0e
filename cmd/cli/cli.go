// Package cli is the command line, with a file for each command. The exit codes are in exit.go.
//
// A program of your own gets every command for its own models too:
//
//	func main() { os.Exit(cli.Main(append(models.All, mine), os.Args[1:])) }
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/models"
)

// Main runs the command in args, which are without the program's name, and returns the exit code. The catalogue has the models that commands
// know by name.
func Main(catalogue []models.Model, args []string) int {
	a := &app{models: catalogue, args: args, out: &output{w: os.Stdout}, err: os.Stderr}
	return a.main(context.Background())
}

// programName is the name that the program was called by.
func programName() string { return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") }

// commandName is what a person types to call the program again: its name if the shell finds it, and otherwise the way it was called, which may
// be go run.
func commandName() string {
	self, err := os.Executable()
	if err != nil {
		return programName()
	}
	if strings.Contains(self, "go-build") && filepath.Ext(self) != ".test" { // go run builds the program in a temporary folder or in its cache
		return goRun()
	}
	if found, err := exec.LookPath(programName()); err == nil && sameFile(found, self) || filepath.Base(os.Args[0]) == os.Args[0] {
		return programName()
	}
	return shellWord(os.Args[0])
}

// goRun is the go run command for this program: by its path if the current folder is the module's, and otherwise by its import path.
func goRun() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return programName()
	}
	if inside, ok := strings.CutPrefix(info.Path, info.Main.Path+"/"); ok {
		if _, err := os.Stat(filepath.FromSlash(inside)); err == nil {
			return "go run ./" + inside
		}
	}
	return "go run " + info.Path
}

func sameFile(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}

// app is one call of the program.
type app struct {
	models  []models.Model
	args    []string
	out     *output   // standard output, for data
	err     io.Writer // standard error, for what a person watches
	peers   *peers    // the other processes of train --mpi
	view    view      // shows trainings, whatever the flags say; nil: as they say
	running bool      // the arguments were accepted, so errors are no longer usage errors
}

func (a *app) main(ctx context.Context) int {
	a.err = &output{w: a.err}
	cmd, err := a.root().ExecuteContextC(ctx)
	if err != nil && !a.running {
		err = misuse(cmd, err)
	}
	if a.peers != nil {
		err = a.peers.leave(a, err)
	}
	if err == nil && a.out.err != nil {
		err = fmt.Errorf("standard output: %w", a.out.err)
	}
	if err == nil {
		return 0
	}
	a.note(err)
	return exitCode(err)
}

// note prints an error on a line, and each of several joined errors on a line of its own.
func (a *app) note(err error) {
	if e, ok := err.(*exitError); ok {
		err = e.error
	}
	if list, ok := err.(interface{ Unwrap() []error }); ok && err.Error() == errors.Join(list.Unwrap()...).Error() {
		for _, err := range list.Unwrap() {
			a.note(err)
		}
		return
	}
	fmt.Fprintf(a.err, "%s: %s\n", programName(), intake.Line(strings.ReplaceAll(err.Error(), "\n", "; ")))
}

// output is where text leaves the program. Control codes, which a file's name may have, are escaped as in JSON. The first write error is
// remembered, so that a full disk does not look like success. Several goroutines may write at the same time.
type output struct {
	w       io.Writer
	columns int // the width of the terminal, for tests; 0: ask the terminal
	mu      sync.Mutex
	err     error
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.w.Write(intake.Escape(p))
	if o.err == nil {
		o.err = err
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   programName() + " COMMAND",
		Short: "Build, train and use neural networks",
		Long: wrap("Stheno is an automatic-differentiation framework and a trainer for neural networks, in one Go program. It trains networks on "+
			"images, tables and arrays, checks every gradient, and has the networks of Michael Nielsen's book, Neural Networks and Deep Learning, "+
			"with the book's results beside its own.", 100) + "\n\n" +
			"Begin with: " + commandName() + " train mlp --epochs 3",
		Version:           build(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { a.running = true; return a.twice() },
		CompletionOptions: cobra.CompletionOptions{DisableDescriptions: true},

		DisableSuggestions:    true,
		DisableFlagsInUseLine: true,
	}
	root.SetArgs(a.args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetUsageFunc(usage)
	root.SetHelpFunc(help)
	root.SetHelpCommand(helpCommand())
	root.AddCommand(
		a.trainCommand(), a.evalCommand(), a.predictCommand(), a.summaryCommand(), a.listCommand(),
		a.dataCommand(), a.benchCommand(), a.versionCommand(),
		a.gradcheckCommand(), a.compareCommand(), a.plotCommand(), a.sweepCommand(), a.bookCommand(), a.ladderCommand(),
		a.importCommand(), a.exportCommand(), a.graphCommand(), a.initCommand(), a.serveCommand(), a.manCommand(),
	)
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Short = "Print the completion script for a shell"
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
		c.DisableFlagsInUseLine = true
		c.Flags().SortFlags = false
		a.completeFlags(c)
	}
	return root
}
