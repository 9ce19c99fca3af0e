package cli

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSearch: the suggestion is a tenth of the η of the smallest loss, where the loss has fallen; a search ends when the loss rises.
func TestSearch(t *testing.T) {
	for _, c := range []struct {
		name     string
		loss     func(eta float64) float64
		low, top float64 // between which the suggestion is; 0: there is none
		ends     float64 // the η below which the search ends
	}{
		{"a valley around 1", func(eta float64) float64 { return 1 + math.Pow(math.Log10(eta), 2)/10 }, .1, .3, 101},
		{"a cliff at 1", func(eta float64) float64 {
			if eta > 1 {
				return 1000
			}
			return 2 - eta
		}, .08, .11, 1.2},
		{"always better", func(eta float64) float64 { return 1 / (1 + eta) }, 9, 10, 101},
		{"negative", func(eta float64) float64 { return math.Pow(math.Log10(eta/.01), 2) - 10 }, .0009, .003, 101},
		{"flat", func(float64) float64 { return 2.3 }, 0, 0, 101},
		{"too small a fall", func(eta float64) float64 { return 2.3 - .02*math.Exp(-math.Pow(math.Log10(eta), 2)) }, 0, 0, 101},
		{"rising", func(eta float64) float64 { return 1 + eta }, 0, 0, 20},
	} {
		s := &search{ramp: ramp{1000}}
		for i := 0; !s.over(); i++ {
			s.add(c.loss(lowestEta * s.At(i, 0, 0)))
		}
		got, err := s.suggestion()
		if got < c.low || got > c.top || (err != nil) != (c.low == 0) {
			t.Errorf("%s: %v, %v; want %v to %v", c.name, got, err, c.low, c.top)
		}
		if last := s.eta[len(s.eta)-1]; last > c.ends {
			t.Errorf("%s: ends at %v, want below %v", c.name, last, c.ends)
		}
	}
}

// A search is of any model by its recipe and flags, leaves no run, gives the same for the same seed, and says what to type next.
func TestFindEta(t *testing.T) {
	dir := dataSet(t, 600, 100)
	home := t.TempDir()
	t.Chdir(home)
	write(t, "regression.toml", []byte("format = 1\n[[layer]]\nop = 'dense'\nout = 10\n[loss]\nop = 'mse'\n[train]\nepochs = 2\nbatch = 4\neta = 0.01\n"))
	for _, args := range [][]string{
		{"mlp", "--batch", "2"}, {"softmax", "--optimizer", "adam", "--batch", "4"}, {"784-20-10", "--batch", "2", "--optimizer", "rmsprop", "--clip", "1"},
		{"conv(4,5) batchnorm relu pool(4) dense(10)", "--batch", "4", "--momentum", "0.9", "--augment", "warp(rotate=5)"},
		{"regression.toml", "--optimizer", "nesterov"}, {"mlp", "--batch", "2", "--schedule", "halve", "--full", "--ema", "0.9", "--vm", "tape", "--train-size", "200"},
	} {
		args = append([]string{"train", "--find-eta", "--seed", "1", "--data", dir, "--json"}, args...)
		r := ok(t, args...)
		o := events(t, r.out)[0]
		etas, losses := o["eta"].([]any), o["loss"].([]any)
		suggestion, least := o["suggestion"].(float64), o["min_eta"].(float64)
		if math.Abs(suggestion/least-.1) > .006 || len(etas) != len(losses) || len(etas) < 30 || etas[0] != lowestEta {
			t.Errorf("%q: %v of %v in %d steps", args, suggestion, least, len(etas))
		}
		if again := ok(t, args...); again.out != r.out {
			t.Errorf("%q: another time\n%s\n%s", args, r.out, again.out)
		}
	}
	r := ok(t, "train", "784-20-10", "--find-eta", "--seed", "1", "--batch", "2", "--full=false", "--optimizer", "adam(beta1=0.7)", "--data", dir, "-o", "x.svg")
	_, suggestion, _ := strings.Cut(r.out, "\neta        ")
	suggestion, _, _ = strings.Cut(suggestion, ",")
	next := "next       stheno train 784-20-10 --seed 1 --batch 2 --full=false --optimizer 'adam(beta1=0.7)' --data " + dir + " --eta " + suggestion + "\n"
	for _, want := range []string{"mini-batches of 2, seed 1\n", "\n  1e-05  ", "# smallest", "# suggested", next} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	c := readChart(t, "x.svg")
	if c.x != "learning rate η" || c.marks[0] != "1e-05" || strings.Join(c.legend, "|") != "loss, averaged over mini-batches|suggested, η = "+suggestion {
		t.Errorf("%+v", c)
	}
	if files, err := os.ReadDir(home); err != nil || len(files) != 2 {
		t.Errorf("left %v, %v", files, err)
	}
}

func TestFindEtaMisuse(t *testing.T) {
	dir := dataSet(t, 600, 100)
	for args, want := range map[string]string{
		"train --find-eta":                                         "train: no model",
		"train mlp --find-eta --etas dense1=3":                     "--find-eta and --etas; use one of them",
		"train mlp --find-eta --eta 3":                             "--find-eta and --eta; use one of them",
		"train --find-eta --resume latest":                         "--find-eta and --resume; use one of them",
		"train mlp -o x.svg":                                       "--output x.svg without --find-eta",
		"train mlp --find-eta -o x.pdf":                            `no format ".pdf"`,
		"train mlp --find-eta --batch 100 --data " + dir:           "--find-eta has 5 mini-batches of 100, and needs at least 50; use a smaller --batch",
		"train mlp --find-eta --batch 0 --data " + dir:             "batch 0; use at least 1 image",
		"train mlp --find-eta --batch 2 --lambda -1 --data " + dir: "lambda",
	} {
		r := call(strings.Fields(args)...)
		if r.code != exitUsage || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: exit %d, %s%s; want %s", args, r.code, r.out, r.err, want)
		}
	}
	r := call("train", "784-20-10", "--init", "zero", "--find-eta", "--seed", "1", "--batch", "4", "--data", dir, "-o", filepath.Join(t.TempDir(), "x.svg"))
	if r.code != exitFailure || !strings.Contains(r.err, "no eta from 1e-05 to 100 lowered the loss by 5% in ") {
		t.Errorf("exit %d, %s%s", r.code, r.out, r.err)
	}
}
