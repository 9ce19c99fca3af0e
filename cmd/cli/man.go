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

// manual is the help of all commands as one page, in the macros of man(7).
func manual(root *cobra.Command) string {
	m := &manPage{}
	name := programName()
	fmt.Fprintf(m, ".TH %s 1 %s %s \"User Commands\"\n", strings.ToUpper(name), built(), name)
	m.WriteString(".nh\n.ad l\n") // commands must not be hyphenated
	m.request("SH", "NAME")
	m.text(name + " - " + root.Short)
	m.request("SH", "SYNOPSIS")
	m.request("B", name)
	m.text("COMMAND ...")
	m.request("SH", "DESCRIPTION")
	m.paragraphs(root.Long)
	m.request("PP")
	m.paragraphs("Every command takes --help. Most take --json, and print one JSON object, or one on each line.")
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
	m.item("runs/MODEL-DATE-HEX/", "A run: run.json, what was run and how it ended; model.toml, the network and its recipe; metrics.jsonl, an event on each line; "+
		"and checkpoints.")
	return m.String()
}

// statuses are the exit codes in words.
var statuses = [][2]string{
	{"0", "Done."},
	{fmt.Sprint(exitFailure), "Any other failure, such as a full disk."},
	{fmt.Sprint(exitUsage), "A mistake in the command line, or in the file of a model or a sweep."},
	{fmt.Sprint(exitCheck), "A check failed: compare, gradcheck, eval --min, book, ladder."},
	{fmt.Sprint(exitData), "Bad data, pictures, or files of a run."},
	{fmt.Sprint(exitDiverged), "The training diverged: NaN or infinite numbers."},
	{"130, 143", "Interrupted by SIGINT or SIGTERM, after saving."},
}

// examples are commands to try in the first hour.
var examples = [][2]string{
	{"train sprint99", "Train a network that reads digits well, in a few seconds."},
	{"serve latest --open", "Draw digits, and see how the network reads them."},
	{"train mlp --eta 0.5 --seed 3 --name slow", "Change a recipe, and name the run."},
	{"ls --sort val_acc", "List the runs, best first, with the settings that were changed."},
	{"eval slow --confusion", "See which digits a run confuses."},
	{"train 'dense(16) relu dense(3)' --data iris.csv --target species", "Learn from your own table."},
}

// built is the day when the program was built.
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

// command writes the help of a command.
func (m *manPage) command(c *cobra.Command) {
	m.request("SS", c.UseLine())
	m.paragraphs(cmp.Or(c.Long, c.Short))
	for _, sub := range c.Commands() {
		m.item(c.Name()+" "+sub.Name(), sub.Short)
	}
	for _, row := range flagRows(c.Flags()) {
		if !strings.Contains(row[0], "--help") { // the same for all commands
			m.item(strings.TrimSpace(row[0]), strings.TrimSpace(row[1]))
		}
	}
}

// request writes a roff request, with its arguments in quotes.
func (m *manPage) request(name string, args ...string) {
	fmt.Fprintf(m, ".%s", name)
	for _, arg := range args {
		fmt.Fprintf(m, ` "%s"`, strings.ReplaceAll(roff(arg), `"`, `\(dq`))
	}
	m.WriteByte('\n')
}

// item writes a term with its meaning.
func (m *manPage) item(term, meaning string) {
	m.request("TP")
	m.request("B", term)
	m.text(meaning)
}

// paragraphs writes paragraphs that are separated by empty lines.
func (m *manPage) paragraphs(text string) {
	for i, p := range strings.Split(text, "\n\n") {
		if i > 0 {
			m.request("PP")
		}
		// The path that the program was called by does not belong in a manual.
		m.text(strings.ReplaceAll(strings.Join(strings.Fields(p), " "), commandName(), programName()))
	}
}

// text writes lines that roff may fill.
func (m *manPage) text(text string) {
	for line := range strings.Lines(wrap(text, 64)) {
		m.WriteString(roff(strings.TrimSpace(line)) + "\n")
	}
}

// roff escapes a text: no line of it is a request, and it is ASCII only.
func roff(text string) string {
	var b strings.Builder
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		b.WriteString(`\&`)
	}
	for _, c := range text {
		switch {
		case c == '\\':
			b.WriteString(`\e`)
		case c == '-': // roff's own hyphen cannot be copied into a shell
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
