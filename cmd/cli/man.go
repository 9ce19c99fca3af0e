package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man",
		Short: "Print the manual as a man page",
		Long: wrap("Print a man page of all commands. To read it: "+programName()+" man | man -l -. To install it: "+programName()+
			" man > ~/.local/share/man/man1/"+programName()+".1.", 100),
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(a.out, manual(cmd.Root()))
			return err
		},
	}
}

// manual is a page with all that the commands' helps say, for the macros of man(7).
func manual(root *cobra.Command) string {
	m := &manPage{}
	name := programName()
	fmt.Fprintf(m, ".TH %s 1 %s %s \"User Commands\"\n", strings.ToUpper(name), built(), name)
	m.WriteString(".nh\n.ad l\n") // no hyphens in what is to be typed
	m.request("SH", "NAME")
	m.text(name + " - " + root.Short)
	m.request("SH", "SYNOPSIS")
	m.request("B", name)
	m.text("COMMAND ...")
	m.request("SH", "DESCRIPTION")
	m.paragraphs(root.Long)
	m.request("PP")
	m.paragraphs("Each command takes --help, and most take --json, for one JSON object, or one a line.")
	m.request("SH", "EXAMPLES")
	for _, e := range examples {
		m.item(name+" "+e[0], e[1])
	}
	m.request("SH", "COMMANDS")
	for _, c := range root.Commands() {
		if !c.Hidden {
			m.command(c)
		}
	}
	m.request("SH", "EXIT STATUS")
	for _, s := range statuses {
		m.item(s[0], s[1])
	}
	m.request("SH", "FILES")
	m.item("runs/MODEL-DATE-HEX/", "A run: run.json, what was run and what came of it; model.toml, the network and its recipe; metrics.jsonl, an event a line; "+
		"and checkpoints.")
	return m.String()
}

// statuses are the exit codes in words.
var statuses = [][2]string{
	{"0", "Done."},
	{fmt.Sprint(exitFailure), "What else went wrong, as a full disk."},
	{fmt.Sprint(exitUsage), "A mistake in the command line, or in the file of a model or a sweep."},
	{fmt.Sprint(exitCheck), "A check failed: compare, gradcheck, eval --min, book, ladder."},
	{fmt.Sprint(exitData), "Bad data, pictures, or files of a run."},
	{fmt.Sprint(exitDiverged), "The training diverged: NaN or infinite numbers."},
	{"130, 143", "Interrupted by SIGINT or SIGTERM, after saving."},
}

// examples are commands for a first hour.
var examples = [][2]string{
	{"train sprint99", "Train a network that reads digits well, in some seconds."},
	{"serve latest --open", "Draw digits, and see what it reads and why."},
	{"train mlp --eta 0.5 --seed 3 --name slow", "Change a recipe, and give the run a name."},
	{"ls --sort val_acc", "List the runs, the best first, with what was changed in each."},
	{"eval slow --confusion", "See which digits a run takes for which."},
	{"train 'dense(16) relu dense(3)' --data iris.csv --target species", "Learn from a table of your own."},
}

// built is the day on which the program was built.
func built() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(self)
	if err != nil {
		return ""
	}
	return info.ModTime().UTC().Format(time.DateOnly)
}

// manPage is a text in roff.
type manPage struct{ strings.Builder }

// command is what the help of a command says.
func (m *manPage) command(c *cobra.Command) {
	m.request("SS", c.UseLine())
	m.paragraphs(cmp.Or(c.Long, c.Short))
	for _, sub := range c.Commands() {
		m.item(c.Name()+" "+sub.Name(), sub.Short)
	}
	for _, row := range flagRows(c.Flags()) {
		if !strings.Contains(row[0], "--help") { // which is the same for all
			m.item(strings.TrimSpace(row[0]), strings.TrimSpace(row[1]))
		}
	}
}

// request is a line for roff, its arguments in quotes.
func (m *manPage) request(name string, args ...string) {
	fmt.Fprintf(m, ".%s", name)
	for _, arg := range args {
		fmt.Fprintf(m, ` "%s"`, strings.ReplaceAll(roff(arg), `"`, `\(dq`))
	}
	m.WriteByte('\n')
}

// item is a term with its meaning.
func (m *manPage) item(term, meaning string) {
	m.request("TP")
	m.request("B", term)
	m.text(meaning)
}

// paragraphs are a help's, with empty lines between.
func (m *manPage) paragraphs(text string) {
	for i, p := range strings.Split(text, "\n\n") {
		if i > 0 {
			m.request("PP")
		}
		// A person may call the program by a path, which is no part of the manual.
		m.text(strings.ReplaceAll(strings.Join(strings.Fields(p), " "), commandName(), programName()))
	}
}

// text is lines that are filled.
func (m *manPage) text(text string) {
	for line := range strings.Lines(wrap(text, 64)) {
		m.WriteString(roff(strings.TrimSpace(line)) + "\n")
	}
}

// roff is a text in which nothing is a request, and which has ASCII only.
func roff(text string) string {
	var b strings.Builder
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		b.WriteString(`\&`)
	}
	for _, c := range text {
		switch {
		case c == '\\':
			b.WriteString(`\e`)
		case c == '-': // a hyphen is another letter in roff, and cannot be copied into a shell
			b.WriteString(`\-`)
		case c == '\'':
			b.WriteString(`\(aq`)
		case c == '…':
			b.WriteString("...")
		case c > 0x7e:
			fmt.Fprintf(&b, `\[u%04X]`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
