package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// aliases has the usual names of flags that are named as in the book.
var aliases = map[string]string{"lr": "eta", "l2": "lambda"}

func normalize(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if book, ok := aliases[name]; ok {
		name = book
	}
	return pflag.NormalizedName(name)
}

// twice is an error if a flag is given under both of its names. The second would silently win.
func (a *app) twice() error {
	for trade, book := range aliases {
		if a.gives(trade) && a.gives(book) {
			return usagef("--%s and --%s are the same flag; give one of them", trade, book)
		}
	}
	return nil
}

// gives reports whether the arguments have a flag of that name.
func (a *app) gives(name string) bool {
	return slices.ContainsFunc(a.args, func(arg string) bool {
		given, _, _ := strings.Cut(arg, "=")
		return given == "--"+name
	})
}

// elsewhere has flags of other programs, and their names here.
var elsewhere = map[string]string{
	"learning-rate": "eta", "batch-size": "batch", "minibatch": "batch", "mini-batch": "batch", "weight-decay": "lambda", "num-epochs": "epochs", "n-epochs": "epochs",
	"optim": "optimizer", "scheduler": "schedule", "workers": "threads", "out": "output", "dataset": "data", "data-dir": "data", "resume-from": "resume",
}

// choice is a flag that takes one of a few words.
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.words, "|") }

// offers are the words for completion.
func (c *choice) offers() []string { return c.words }

func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		return unknown("value", word, c.words)
	}
	c.value = word
	return nil
}

// define adds the flag to set. The first word is the default.
func (c *choice) define(set *pflag.FlagSet, name, help string, words ...string) {
	*c = choice{words[0], words}
	set.Var(c, name, help)
}

// ruled is a flag whose value is written as a term, such as onecycle(warmup=0.2).
type ruled[T any] struct {
	reader models.Reader
	text   string
	value  T
}

func (r *ruled[T]) String() string { return r.text }
func (r *ruled[T]) Type() string   { return "rule" }

func (r *ruled[T]) Set(text string) (err error) {
	r.text = text
	if text != "" {
		r.value, err = models.Parse[T](r.reader, text)
	}
	return err
}

func (r *ruled[T]) define(set *pflag.FlagSet, reader models.Reader, name, help string) {
	r.reader = reader
	set.Var(r, name, help)
}

// offers are the names of terms, for completion.
func (r *ruled[T]) offers() []string { return names[T](r.reader) }

// layerEtas is a flag with learning rates for single layers: conv1=0.01,dense2=0.1.
type layerEtas struct{ ruled[train.Etas] }

// Type is the word for the value in the help.
func (*layerEtas) Type() string { return "layers" }

func (e *layerEtas) Set(text string) (err error) {
	e.text, e.value = text, nil
	if text == "" || text == noEtas {
		return nil
	}
	if e.value, err = models.Parse[train.Etas](e.reader, "etas("+text+")"); err != nil {
		_, what, _ := strings.Cut(err.Error(), ": ") // the column would be that of the longer text
		return errors.New(strings.TrimPrefix(what, "etas: "))
	}
	return nil
}

func (e *layerEtas) define(set *pflag.FlagSet, reader models.Reader, name, help string) {
	e.reader = reader
	set.Var(e, name, help)
}

// names are the names of the terms of type T.
func names[T any](r models.Reader) []string {
	names := models.Signatures[T](r)
	for i, s := range names {
		names[i], _, _ = strings.Cut(s, "(")
	}
	return names
}

// arguments accepts from low to high arguments; high < 0 means any number.
func arguments(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < low || high >= 0 && len(args) > high {
			return fmt.Errorf("%s: got %s; use: %s", cmd.Name(), plural(len(args), "argument", "arguments"), cmd.UseLine())
		}
		return nil
	}
}

// misuse rewrites an error of cobra or pflag in our own words.
func misuse(cmd *cobra.Command, err error) error {
	if _, name, ok := strings.Cut(err.Error(), "unknown command "); ok {
		var typed string
		fmt.Sscanf(name, "%q", &typed)
		return unknown("command", typed, commands(cmd))
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(cmd, e.GetSpecifiedName(), e.GetSpecifiedShortnames() != "")
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		what, _ := pflag.UnquoteUsage(e.GetFlag())
		return usagef("--%s without a value; it takes %s", e.GetFlag().Name, cmp.Or(kinds[e.GetFlag().Value.Type()], what))
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usagef("--%s: %w", e.GetFlag().Name, badValue(e))
	}
	return usagef("%w", err)
}

// badValue says what is wrong with a flag's value.
func badValue(e *pflag.InvalidValueError) error {
	if kind := kinds[e.GetFlag().Value.Type()]; kind != "" {
		return fmt.Errorf("%q is not %s", e.GetValue(), kind)
	}
	return e.Unwrap()
}

// unknownFlag is the error for a flag that a command does not have, short like -e or long, with the flags that may be meant.
func unknownFlag(cmd *cobra.Command, name string, short bool) error {
	var near []string
	for _, f := range flags(cmd) {
		if short && strings.HasPrefix(f, "--"+name) || !short && f == "--"+elsewhere[name] {
			near = append(near, f)
		}
	}
	switch {
	case short && near == nil:
		return usagef("unknown flag %q; %s help %s lists the flags", "-"+name, commandName(), cmd.Name())
	case short:
		return usagef("unknown flag %q; did you mean %s?", "-"+name, term.OneOf(near))
	case near != nil:
		return usagef("unknown flag %q; did you mean %s?", "--"+name, term.OneOf(near))
	}
	return unknown("flag", "--"+name, flags(cmd))
}

// kinds describes the types of flags. Flags of other types make their own errors.
var kinds = map[string]string{
	"int": "a whole number", "uint64": "a whole number from 0", "float64": "a number", "bool": "true or false",
	"intSlice": "a list of whole numbers",
}

func commands(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// flags are a command's flags, under all of their names.
func flags(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names = append(names, "--"+f.Name)
		if a := alias(f.Name); a != "" {
			names = append(names, "--"+a)
		}
	})
	return names
}

func alias(name string) string {
	for trade, book := range aliases {
		if book == name {
			return trade
		}
	}
	return ""
}

// help prints what a command does, and its usage.
func help(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%s\n\n", fold(cmp.Or(cmd.Long, cmd.Short), columns(w)))
	_ = usage(cmd) // never fails
}

// fold wraps paragraphs again for a terminal with fewer than 100 columns.
func fold(text string, columns int) string {
	if columns == 0 || columns >= 100 {
		return text
	}
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = wrap(p, columns)
	}
	return strings.Join(paragraphs, "\n\n")
}

// usage prints a command's usage, subcommands and flags.
func usage(cmd *cobra.Command) error {
	w := cmd.OutOrStderr()
	fmt.Fprintf(w, "Usage:\n  %s\n", cmd.UseLine())
	if names := commands(cmd); len(names) > 0 {
		fmt.Fprintf(w, "\nCommands:\n")
		var t table
		for _, c := range cmd.Commands() {
			if !c.Hidden {
				t.add("  "+c.Name(), " "+c.Short)
			}
		}
		t.print(w)
	}
	printFlags(w, cmd.Flags())
	return nil
}

// printFlags prints a line for each flag.
func printFlags(w io.Writer, set *pflag.FlagSet) {
	t := table{}
	for _, row := range flagRows(set) {
		t.add(row[0], row[1])
	}
	if len(t.rows) > 0 {
		fmt.Fprintf(w, "\nFlags:\n")
		t.print(w)
	}
}

// flagRows has two cells for each flag: its names and the value it takes; and what it does, with the default.
func flagRows(set *pflag.FlagSet) (rows [][2]string) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		names := "--" + f.Name
		if f.Shorthand != "" {
			names = "-" + f.Shorthand + ", " + names
		}
		if a := alias(f.Name); a != "" {
			names += ", --" + a
		}
		what, help := pflag.UnquoteUsage(f)
		if f.NoOptDefVal != "" && f.Value.Type() != "bool" {
			names, what = names+"[="+what+"]", ""
		}
		if !slices.Contains([]string{"", "0", "false", "[]"}, f.DefValue) {
			help += fmt.Sprintf(" (default %s)", strings.Trim(f.DefValue, "[]"))
		}
		rows = append(rows, [2]string{"  " + names + " " + what, " " + help})
	})
	return rows
}

// helpCommand makes "stheno help train" print the same as "stheno train --help".
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Explain a command", DisableFlagsInUseLine: true,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return commands(cmd.Root()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknown("command", strings.Join(args, " "), commands(cmd.Root()))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// wrap breaks a text into lines of at most width characters.
func wrap(text string, width int) string {
	var lines []string
	for _, word := range strings.Fields(text) {
		if last := len(lines) - 1; last >= 0 && utf8.RuneCountInString(lines[last]+word) < width {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return strings.Join(lines, "\n")
}
