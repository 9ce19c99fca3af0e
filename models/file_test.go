package models

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// TestFile: text -> model -> text is the identity for the whole catalogue.
func TestFile(t *testing.T) {
	odd := Model{Name: "odd", Input: image, Loss: graph.LogLikelihood, Net: graph.Seq{
		graph.Conv{Out: 4, Kernel: 3, NoBias: true}, graph.BatchNorm{Eps: .5}, graph.ReLU, graph.Dense{Out: 8, NoBias: true},
		graph.BatchNorm{Momentum: .25}, graph.LayerNorm{}, graph.Dense{Out: 10},
	}}
	for _, m := range append(slices.Clip(All), odd) {
		text, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode("model.toml", text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", m.Name, err, text)
		}
		again, err := Encode(back)
		if err != nil || !bytes.Equal(text, again) {
			t.Errorf("%s: %v:\n%s\nbecame\n%s", m.Name, err, text, again)
		}
		if back.Recipe.Eta != m.Recipe.Eta || len(back.Input) != 3 || back.Loss.Name != m.Loss.Name || back.Loss.Smoothing != m.Loss.Smoothing {
			t.Errorf("%s: came back as %+v", m.Name, back)
		}
		if a, b := fmt.Sprint(m.Net), fmt.Sprint(back.Net); a != b {
			t.Errorf("%s: %s came back as %s", m.Name, a, b)
		}
	}
}

func TestFileErrors(t *testing.T) {
	good, err := Encode(MLP)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"format = 1", "format = 2", "m.toml: format = 2; this program reads format = 1"},
		{"eta = 3", "etha = 3", "m.toml:27:1: train.etha"},
		{"eta = 3", "eta = 'x'", "m.toml:27:"},
		{"'dense'", "'dens'", `m.toml: layer 0: op "dens"; use conv`},
		{"'sigmoid'", "'sigmoid'\nout = 4", "m.toml: layer 1: sigmoid does not have all of the keys given"},
		{"'quadratic'", "'cubic'", `m.toml: loss "cubic"; use quadratic`},
		{"'large'", "'huge'", `m.toml: column 1: unknown init "huge"; did you mean he?`},
		{"'large'", "'normal(-1)'", `m.toml: column 1: normal: std -1; use at least 0`},
		{"[loss]", "[loss", "m.toml:21:"},
	} {
		text := strings.Replace(string(good), c.from, c.to, 1)
		if text == string(good) {
			t.Fatalf("%q does not occur in\n%s", c.from, good)
		}
		if _, err := Decode("m.toml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s…", c.to, err, c.want)
		}
	}
}
