package cli

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/models"
)

// The man page has every command and every flag, in ASCII, and nothing in it is a request that was none.
func TestMan(t *testing.T) {
	page := ok(t, "man").out
	plain := strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\e`, `\`).Replace(page)
	for _, c := range (&app{models: models.All, out: &output{}}).root().Commands() {
		if want := ".SS \"" + c.UseLine() + "\"\n"; !strings.Contains(plain, want) {
			t.Errorf("no %s", want)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if want := "--" + f.Name; !f.Hidden && !strings.Contains(plain, want) {
				t.Errorf("no %s", want)
			}
		})
	}
	for _, want := range []string{"\\-\\-eta, \\-\\-lr float\"\nthe learning rate \\[u03B7]\n", "\n.SH \"EXIT STATUS\"\n", "stheno train sprint99\"\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for line := range strings.Lines(page) {
		request, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !strings.Contains(" .TH .SH .SS .PP .TP .B .nh .ad ", " "+request+" ") {
			t.Errorf("a request: %q", line)
		}
		if strings.ContainsFunc(line, func(c rune) bool { return c > '~' }) {
			t.Errorf("not ASCII: %q", line)
		}
	}
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		".so x": `\&.so x`, "'x' -1": `\&\(aqx\(aq \-1`, `a\nb`: `a\enb`, "(2N+1)² … η": `(2N+1)\[u00B2] ... \[u03B7]`,
	} {
		if got := roff(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Programs that show man pages have nothing to complain about.
func TestManShown(t *testing.T) {
	page := ok(t, "man").out
	file := filepath.Join(t.TempDir(), "stheno.1")
	write(t, file, []byte(page))
	for _, command := range []string{
		"groff -man -ww -Tutf8 " + file, "mandoc -T lint -W style " + file, "mandoc -T utf8 " + file, "man --warnings -l " + file,
	} {
		args := strings.Fields(command)
		path, err := exec.LookPath(args[0])
		if err != nil {
			t.Log("no " + args[0])
			continue
		}
		if version, err := exec.Command(path, "--version").Output(); args[0] == "man" && (err != nil || !strings.HasPrefix(string(version), "man 2")) {
			t.Log("another man")
			continue
		}
		var out, complaints strings.Builder
		cmd := exec.Command(path, args[1:]...)
		cmd.Env = append(cmd.Environ(), "LC_ALL=C.UTF-8", "MANPAGER=cat", "MANWIDTH=100")
		cmd.Stdout, cmd.Stderr = &out, &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%s: %v\n%s%s", command, err, &out, &complaints)
		}
		if shown := strings.Contains(out.String(), "learning rate η"); shown == strings.Contains(command, "lint") {
			t.Errorf("%s:\n%.2000s", command, &out)
		}
	}
}
