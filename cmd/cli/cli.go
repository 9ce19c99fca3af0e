// Package cli is the command line, one file a command; its exit codes are in exit.go.
//
// A program with a model of its own has all of the commands for it:
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

// Main runs the command in args, which do not begin with the program's name, with the catalogue given, and returns the exit code.
func Main(catalogue []models.Model, args []string) int {
	a := &app{models: catalogue, args: args, out: &output{w: os.Stdout}, err: os.Stderr}
	return a.main(context.Background())
}

// programName is the name by which it was called, for what a person is to type.
func programName() string { return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") }

// commandName is how a person calls it again: by its name where a shell finds that, and otherwise as it was called, which may be by go run.
func commandName() string {
	self, err := os.Executable()
	if err != nil {
		return programName()
	}
	if strings.Contains(self, "go-build") && filepath.Ext(self) != ".test" { // a folder that Go will empty, or its cache
		return goRun()
	}
	if found, err := exec.LookPath(programName()); err == nil && sameFile(found, self) || filepath.Base(os.Args[0]) == os.Args[0] {
		return programName()
	}
	return shellWord(os.Args[0])
}

// goRun is the command that builds and runs the program, from the module's folder or another one in the module.
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
	out     *output   // data
	err     io.Writer // what a person watches
	view    view      // of trainings, in place of the flags' choice
	running bool      // the arguments were accepted: errors are no longer those of usage
}

func (a *app) main(ctx context.Context) int {
	a.err = &output{w: a.err}
	cmd, err := a.root().ExecuteContextC(ctx)
	if err != nil && !a.running {
		err = misuse(cmd, err)
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

// note prints an error on a line, and each of several joined ones.
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

// output is where the program's text leaves it. What would command a terminal, as the name of a file may, is escaped as in JSON; and
// the first error of writing is remembered, so that a full disk under standard output does not pass for success. Several goroutines may
// write, a call at a time.
type output struct {
	w       io.Writer
	columns int // of a terminal, in tests; 0: ask it
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
		Short: "The networks of Nielsen's book, as computation graphs",
		Long: "Stheno trains, measures and uses the networks of Michael Nielsen's Neural Networks and Deep Learning.\n" +
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
			c.Short = "Print the completion script of a shell"
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
		c.DisableFlagsInUseLine = true
		c.Flags().SortFlags = false
		a.completeFlags(c)
	}
	return root
}
