package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/models"
)

// The last line of what __complete prints: what the shell is to do beside.
const (
	elseFiles = ":0"
	noFiles   = ":4"
	folders   = ":16"
	inOrder   = ":32" // and files, if nothing fits
)

// completions are what __complete offers for the last argument, as shells choose from it by what was typed, and what the shell is to do.
func completions(t *testing.T, args ...string) (words []string, directive string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(ok(t, append([]string{"__complete"}, args...)...).out), "\n")
	_, typed, found := strings.Cut(args[len(args)-1], "=")
	if !found {
		typed = args[len(args)-1]
	}
	for _, w := range lines[:len(lines)-1] {
		if strings.HasPrefix(w, typed) {
			words = append(words, w)
		}
	}
	return words, lines[len(lines)-1]
}

// namedRuns are two runs in the folder runs, the newer one without a name.
func namedRuns(t *testing.T) (older, newer string) {
	t.Helper()
	return listedRun(t, "runs", "base", "softmax", rundir.Done, .9, .9), listedRun(t, "runs", "", "mlp", rundir.Done, .9, .9)
}

func TestCompletion(t *testing.T) {
	t.Chdir(t.TempDir())
	_, newer := namedRuns(t)
	folder := filepath.Base(newer)
	listedRun(t, "elsewhere", "", "deep", rundir.Done, .9, .9)
	listedRun(t, "runs", "a\tb\x1b", "deep", rundir.Done, .9, .9) // by no program of ours
	evil, err := rundir.List("runs")
	if err != nil {
		t.Fatal(err)
	}
	runs := []string{latest, evil[0].Path, newer, "base"}
	for _, c := range []struct {
		args      []string
		want      []string
		directive string
	}{
		{[]string{"eval", ""}, runs, inOrder},
		{[]string{"eval", "--runs", "elsewhere", "la"}, []string{latest}, inOrder},
		{[]string{"eval", "b"}, []string{"base"}, inOrder},
		{[]string{"eval", "runs/mlp"}, []string{newer}, inOrder},
		{[]string{"eval", "mlp"}, []string{folder}, inOrder},
		{[]string{"eval", "x.js"}, nil, inOrder},
		{[]string{"eval", "base", ""}, runs, inOrder},
		{[]string{"predict", ""}, runs, inOrder},
		{[]string{"predict", "base", ""}, nil, elseFiles},
		{[]string{"plot", ""}, runs, inOrder},
		{[]string{"serve", ""}, runs, inOrder},
		{[]string{"export", ""}, runs, inOrder},
		{[]string{"train", "--resume", ""}, runs, inOrder},
		{[]string{"ls", "--model", ""}, []string{"deep", "mlp", "softmax"}, noFiles},
		{[]string{"ls", "--sort", ""}, []string{"started", "val_acc", "val_loss", "test_acc", "model", "name", "status"}, noFiles},
		{[]string{"compare", "mlp", "--against", ""}, []string{byHand}, elseFiles},
		{[]string{"train", "mlp", "--init", ""}, []string{"default", "large", "output", "zero", "normal", "glorot", "he", "orthogonal"}, noFiles},
		{[]string{"train", "mlp", "--schedule", ""}, []string{"constant", "step", "warmup", "cosine", "onecycle", "plateau", "halve", "exponential"}, noFiles},
		{[]string{"train", "mlp", "--optimizer", "a"}, []string{"adadelta", "adagrad", "adam", "adamw"}, noFiles},
		{[]string{"train", "mlp", "--eta", ""}, nil, noFiles},
		{[]string{"sweep", "s.toml", "--print", ""}, []string{"slurm", "kubernetes"}, noFiles},
		{[]string{"sweep", ""}, []string{"toml"}, ":8"}, // files of that kind
		{[]string{"train", "mlp", "--lr", ""}, nil, noFiles},
		{[]string{"train", "mlp", "--name", ""}, nil, noFiles},
		{[]string{"train", "mlp", "--data", ""}, nil, elseFiles},
		{[]string{"train", "mlp", "--runs", ""}, nil, folders},
		{[]string{"plot", "-o", ""}, nil, elseFiles},
		{[]string{"train", "sprint"}, []string{"sprint99", "sprint995"}, elseFiles},
		{[]string{"train", "conv(20,5) re"}, []string{"conv(20,5) relu", "conv(20,5) reshape", "conv(20,5) residual", "conv(20,5) repeat", "conv(20,5) reverse"}, elseFiles},
		{[]string{"book", "neu"}, []string{"neuron"}, noFiles},
		{[]string{"help", "ex"}, []string{"export"}, noFiles},
	} {
		words, directive := completions(t, c.args...)
		if !slices.Equal(words, c.want) || directive != c.directive {
			t.Errorf("%q: %q %s, want %q %s", c.args, words, directive, c.want, c.directive)
		}
	}
}

// Every flag that takes one of a few words offers them, and no flag but one with a file offers files.
func TestFlagCompletion(t *testing.T) {
	t.Chdir(t.TempDir())
	a := &app{models: models.All, out: &output{}}
	worded := 0
	for _, c := range a.root().Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			what, _ := pflag.UnquoteUsage(f)
			if f.Value.Type() == "bool" {
				return
			}
			words, directive := completions(t, c.Name(), "--"+f.Name+"=")
			if w, ok := f.Value.(interface{ offers() []string }); ok {
				worded++
				if !slices.Equal(words, w.offers()) || directive != noFiles {
					t.Errorf("%s --%s: %q %s, want %q", c.Name(), f.Name, words, directive, w.offers())
				}
			} else if files := directive == elseFiles || directive == inOrder; files != (what == "FILE" || what == "DATA" || what == "RUN") {
				t.Errorf("%s --%s %s: %s", c.Name(), f.Name, what, directive)
			}
		})
	}
	if worded < 15 {
		t.Errorf("only %d flags with words", worded)
	}
}

// shells are those that have completion scripts, with what makes one complete each line of standard input and print the offers between
// lines of dashes.
var shells = map[string]string{
	"bash": `
if [ -r /usr/share/bash-completion/bash_completion ]; then . /usr/share/bash-completion/bash_completion; else
_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
fi
. <(stheno completion bash)
complete -p stheno >/dev/null || exit 1
while IFS= read -r line; do
	read -ra COMP_WORDS <<<"$line"
	case $line in *' ') COMP_WORDS+=('');; esac
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line} COMP_TYPE=9 COMPREPLY=()
	__start_stheno stheno 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}" -
done`,
	"zsh": `
compdef() { :; }
_describe() { print -rl -- ${(M)completions:#${words[CURRENT]}*}; }
_arguments() { print files; }
. <(stheno completion zsh)
while IFS= read -r line; do
	words=(${=line})
	[[ $line == *' ' ]] && words+=('')
	CURRENT=${#words} _stheno
	print -r -- -
done`,
	"fish": `
stheno completion fish | source
while read line
	complete -C "$line"
	echo -
end`,
}

// The scripts work in the shells that are there: each is given lines, and what it offers is looked at.
func TestShells(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the bash of other systems may be too old for any such script")
	}
	t.Chdir(t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv(asProgram, "1") // The program in PATH is this file.
	_, newer := namedRuns(t)
	lines := []struct {
		line string
		want []string
	}{
		{"stheno eval ", []string{latest, newer, "base"}},
		{"stheno predict --runs runs ba", []string{"base"}},
		{"stheno train mlp --optimizer ad", []string{"adadelta", "adagrad", "adam", "adamw"}},
		{"stheno compare mlp --against by", []string{byHand}},
		{"stheno ls --sort va", []string{"val_acc", "val_loss"}},
	}
	var typed strings.Builder
	for _, l := range lines {
		typed.WriteString(l.line + "\n")
	}
	for shell, script := range shells {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skip("no " + shell)
			}
			flag := map[string]string{"bash": "--norc", "zsh": "-f", "fish": "--no-config"}[shell]
			cmd := exec.Command(path, flag, "-c", script)
			cmd.Stdin, cmd.Stderr = strings.NewReader(typed.String()), os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			answers := strings.SplitAfter(string(out), "-\n")
			if len(answers) != len(lines)+1 {
				t.Fatalf("%q", answers)
			}
			for i, l := range lines {
				got := strings.Fields(strings.TrimSuffix(answers[i], "-\n"))
				if !slices.Equal(got, l.want) {
					t.Errorf("%q: %q, want %q", l.line, got, l.want)
				}
			}
		})
	}
}
