package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

// Whatever names, paths and numbers a training is given, its folder is read back as it was written, or the arguments are refused before
// anything is.
func TestReadBack(t *testing.T) {
	set := dataSet(t, 60, 10)
	random := rand.New(rand.NewPCG(7, 8))
	one := func(list []string) string { return list[random.IntN(len(list))] }
	letters := []string{
		"a", "b", "7", "-", ".", " ", "é", "日", "\U0001f600", `"`, `\`, "'", "#", "=", "[", "$", "`", "\n", "\r", "\t", "\v", "\x1b", "\x7f", "\u0085", "\u00a0",
		"\u00ad", "\u200b", "\u2028", "\u202e", "\ufeff", "\ufffd", "\U000e0001", "\xe9", "\x9b", "\xff",
	}
	word := func() string {
		var b strings.Builder
		for range 1 + random.IntN(3) {
			b.WriteString(one(letters[:10+random.IntN(len(letters)-9)]))
		}
		return b.String()
	}
	numbers := []string{
		"0", "-0", "0.1", "1", "2", "1e-3", ".5", "1e-46", "5e-324", "1e39", "1e308", "1.7976931348623157e308", "0x1p-3", "inf", "-inf", "nan", "-1", "1e21",
		"123456789.123456789",
	}
	flags := []string{"--eta", "--lambda", "--momentum", "--clip", "--ema"}
	rules := []string{
		"--optimizer=adam(eps=%s)", "--optimizer=nesterov(%s)", "--optimizer=rmsprop(alpha=%s)", "--schedule=cosine(warmup=%s)", "--schedule=onecycle(div=%s)",
		"--init=normal(%s)", "--augment=warp(rotate=%s)", "--augment=warp(zoom=%s)",
	}
	kept, all := 0, 200
	if race { // It looks at goroutines, of which a new name brings none.
		all = 50
	}
	for range all {
		dir, runs := t.TempDir(), t.TempDir()
		file, data := filepath.Join(dir, word()+".toml"), filepath.Join(dir, "data "+word())
		p := "0.5"
		if random.IntN(8) == 0 {
			p = one(numbers)
		}
		text := "format = 1\n[[layer]]\nop = 'dropout'\np = " + p + "\n[[layer]]\nop = 'dense'\nout = 10\n"
		if random.IntN(2) == 0 {
			text = strings.Replace(text, "[[layer]]", fmt.Sprintf("name = %s\n[[layer]]", quoted(word())), 1)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			continue // a name that this system cannot have
		}
		if err := os.Symlink(set, data); err != nil {
			continue
		}
		args := []string{"train", file, "--epochs", "0", "--seed", "1", "--data", data, "--runs", runs, "--full", one(flags), one(numbers)}
		if random.IntN(2) == 0 {
			args = append(args, fmt.Sprintf(one(rules), one(numbers)))
		}
		r := call(args...)
		entries, err := rundir.List(runs)
		if err != nil {
			t.Fatal(err)
		}
		if r.code == exitUsage && len(entries) == 0 {
			continue
		}
		if r.code != 0 || len(entries) != 1 || entries[0].Err != nil {
			t.Fatalf("%q of %s: exit %d, %v\n%s", args, text, r.code, entries, r.err)
		}
		kept++
		run := entries[0].Path
		if argv := readInfo(t, run).Argv; !slices.Equal(argv[1:], args) {
			t.Errorf("%q became %q", args, argv)
		}
		for _, again := range [][]string{{"eval", run}, {"train", "--resume", run}, {"summary", filepath.Join(run, "model.toml")}} {
			if r := call(again...); r.code != 0 {
				t.Errorf("%q, then %q: exit %d\n%s", args, again, r.code, r.err)
			}
		}
		a := &app{}
		first := readAll(t, filepath.Join(run, "model.toml"))
		m, err := a.decode(a.written(), "model.toml", []byte(first))
		if err != nil {
			t.Fatalf("%q: %v in\n%s", args, err, first)
		}
		second, err := encode(m)
		if _, without, _ := strings.Cut(first, "\n"); err != nil || without != string(second) {
			t.Errorf("%q: %v,\n%s\nthen\n%s", args, err, first, second)
		}
	}
	if kept < all*3/20 {
		t.Errorf("only %d of %d were taken", kept, all)
	}
}

// quoted is a TOML string of any bytes that it can have.
func quoted(s string) string {
	var b strings.Builder
	for _, c := range strings.ToValidUTF8(s, "?") {
		fmt.Fprintf(&b, `\U%08x`, c)
	}
	return `"` + b.String() + `"`
}
