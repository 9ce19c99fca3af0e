package cli

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReconstructions trains an autoencoder, whose loss is its score, and draws images above what it makes of them.
func TestReconstructions(t *testing.T) {
	dir, runs := dataSet(t, 60, 12), t.TempDir()
	r := ok(t, "train", "autoencoder", "--epochs", "1", "--batch", "10", "--seed", "1", "--data", dir, "--runs", runs)
	run := onlyRun(t, runs)
	if strings.Contains(r.out, "train_acc") || !strings.Contains(r.out, "plot "+run+" --reconstructions -o sheet.png") {
		t.Errorf("training said\n%s", r.out)
	}
	if out := ok(t, "eval", run).out; !strings.Contains(out, "test: loss 0.") || !strings.Contains(out, ", 12 images\n") {
		t.Errorf("eval said\n%s", out)
	}
	sheet := filepath.Join(t.TempDir(), "sheet.png")
	ok(t, "plot", run, "--reconstructions", "-o", sheet)
	f, err := os.Open(sheet)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if img, err := png.Decode(f); err != nil || img.Bounds().Dx() < 100 || img.Bounds().Dy() < 100 {
		t.Errorf("%v", err)
	}
	ok(t, "train", "784-10", "--epochs", "1", "--seed", "1", "--name", "classes", "--data", dir, "--runs", runs)
	for args, want := range map[string]string{
		"plot classes --runs " + runs + " --reconstructions -o " + sheet: "does not compare the outputs with the input; use a run of the model autoencoder",
		"plot " + run + " --reconstructions --loss -o " + sheet:          "--reconstructions draws one run, without --loss",
		"predict " + run + " " + sheet:                                   "reconstructs its input, and names no class; use stheno plot " + run + " --reconstructions",
		"eval " + run + " --confusion":                                   "leave out --confusion",
	} {
		if r := call(strings.Fields(args)...); r.code != exitUsage || !strings.Contains(r.err, want) {
			t.Errorf("%s: exit %d, %s; want %s", args, r.code, r.err, want)
		}
	}
}

// TestServeAutoencoder: a run that gives back its input is no classifier: its outputs are an image, and its score a loss.
func TestServeAutoencoder(t *testing.T) {
	s := serve(t)
	ok(t, "train", "autoencoder", "--data", dataSet(t, 600, 100), "--epochs", "1", "--batch", "50", "--seed", "1", "--runs", s.runs, "--name", "coder")
	runs, err := filepath.Glob(filepath.Join(s.runs, "autoencoder-*"))
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	run := filepath.Base(runs[0])
	digit, _ := testDigit(t, 0)
	for _, picture := range [][]byte{digit, encodePNG(t, twoDigits(t))} {
		a := s.want("POST", "/api/predict?layers=1&run="+run, picture)["runs"].([]any)[0].(map[string]any)
		if values := a["values"].([]any); len(values) != 784 || len(a["layers"].([]any)) != 3 || a["digit"] != nil || a["digits"] != nil || a["p"] != nil {
			t.Errorf("%d values of %v", len(values), a)
		}
	}
	v := s.want("GET", "/api/runs/"+run+"/test", nil)
	if loss, ok := v["loss"].(float64); !ok || !(loss > 0 && loss < 1) || v["total"] != 100. || v["confusion"] != nil {
		t.Errorf("test: %v", v)
	}
	if v := s.want("GET", "/api/runs/"+run+"/look", nil); len(v["params"].([]any)) != 4 {
		t.Errorf("look: %v", v)
	}
	if v := s.want("GET", "/api/gradient?run="+run, nil); v["batch"] != 32. || !strings.Contains(fmt.Sprint(v["hand_error"]), "does not exist by hand") {
		t.Errorf("gradient: %v, %v", v["batch"], v["hand_error"])
	}
}
