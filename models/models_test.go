package models_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// TestCatalogue: every model builds, has a name to type and a line of text, and has a recipe that can run.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range models.All {
		if !regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`).MatchString(m.Name) || seen[m.Name] {
			t.Errorf("name %q", m.Name)
		}
		seen[m.Name] = true
		if m.Doc == "" || strings.ContainsAny(m.Doc, "\n\t") || len([]rune(m.Doc)) > 100 || strings.HasSuffix(m.Doc, ".") {
			t.Errorf("%s: doc %q", m.Name, m.Doc)
		}
		if found, ok := models.Find(m.Name); !ok || found.Doc != m.Doc {
			t.Errorf("%s: found %+v", m.Name, found)
		}
		r := m.Recipe
		if r.Epochs < 1 || r.Batch < 1 || !(r.Eta > 0) || r.Lambda < 0 || r.Momentum < 0 || r.Momentum >= 1 || r.TrainSize < 0 || r.TrainSize > 50000 || r.Init == nil {
			t.Errorf("%s: %+v", m.Name, r)
		}
		p := m.Published
		figure := p.Accuracy > .09 && p.Accuracy <= 1 && m.Loss.Classes || p.Loss > 0 && !m.Loss.Classes
		if p.Chapter() > 0 && !figure || figure && p.Source == "" || figure != (p.Set == "test" || p.Set == "validation") {
			t.Errorf("%s: published %+v", m.Name, p)
		}
		n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: r.Init})
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
		} else if m.Loss.Classes && n.Outputs != 10 || n.Input.TotalSize() != 784 {
			t.Errorf("%s: %v to %d", m.Name, n.Input, n.Outputs)
		}
	}
	if _, ok := models.Find("no-such-model"); ok {
		t.Error("found no-such-model")
	}
}

// TestFormerNames: a model that was renamed is found by its old name, and no model has taken that name since.
func TestFormerNames(t *testing.T) {
	for old, now := range map[string]string{
		"single": "cnn-cycle", "first": "cnn-steady", "second": "cnn-5x5", "third": "cnn-7x7", "fourth": "cnn-no-pool", "mlp": "mlp",
	} {
		if m, ok := models.Find(old); !ok || m.Name != now || models.Current(old) != now {
			t.Errorf("%s: found %v, %q", old, ok, m.Name)
		}
	}
	for _, old := range []string{"second-whole", "second-cycle"} {
		if !slices.ContainsFunc(models.Ablations, func(a models.Ablation) bool { return a.Name == models.Current(old) && a.Name != old }) {
			t.Errorf("no ablation %s, formerly %s", models.Current(old), old)
		}
	}
}

// TestBook repeats the book's figures, taken from its text: network, cost, recipe and result.
func TestBook(t *testing.T) {
	const (
		conv1 = "conv(20,5) pool(2) "
		conv2 = conv1 + "%[1]s conv(40,5) pool(2) %[1]s "
	)
	sigmoid, relu := fmt.Sprintf(conv2, "sigmoid"), fmt.Sprintf(conv2, "relu")
	for _, c := range []struct {
		name, net, loss, init string
		epochs                int
		eta, lambda           float64
		size                  int
		set                   string
		accuracy              float64
		params                int
	}{
		{"mlp", "dense(30) sigmoid dense(10) sigmoid", "quadratic", "large", 30, 3, 0, 50000, "test", .9542, 23860},
		{"ch1-100", "dense(100) sigmoid dense(10) sigmoid", "quadratic", "large", 30, 3, 0, 50000, "test", .9659, 79510},
		{"ch1-100-slow", "dense(100) sigmoid dense(10) sigmoid", "quadratic", "large", 30, .001, 0, 50000, "test", .2142, 79510},
		{"ch1-30-wild", "dense(30) sigmoid dense(10) sigmoid", "quadratic", "large", 30, 100, 0, 50000, "test", .0982, 23860},
		{"ch3-ce-30", "dense(30) sigmoid dense(10)", "cross-entropy", "large", 30, .5, 0, 50000, "test", .9549, 23860},
		{"ch3-ce-100", "dense(100) sigmoid dense(10)", "cross-entropy", "large", 30, .5, 0, 50000, "test", .9682, 79510},
		{"ch3-overfit", "dense(30) sigmoid dense(10)", "cross-entropy", "large", 400, .5, 0, 1000, "test", .8227, 23860},
		{"ch3-overfit-l2", "dense(30) sigmoid dense(10)", "cross-entropy", "large", 400, .5, .1, 1000, "test", .871, 23860},
		{"ch3-l2-30", "dense(30) sigmoid dense(10)", "cross-entropy", "large", 30, .5, 5, 50000, "test", .9649, 23860},
		{"ch3-l2-100", "dense(100) sigmoid dense(10)", "cross-entropy", "large", 30, .5, 5, 50000, "validation", .9792, 79510},
		{"ch3-best", "dense(100) sigmoid dense(10)", "cross-entropy", "default", 60, .1, 5, 50000, "validation", .9804, 79510},
		{"ch3-default-30", "dense(30) sigmoid dense(10)", "cross-entropy", "default", 30, .1, 5, 50000, "validation", .9650, 23860},
		{"ch3-large-30", "dense(30) sigmoid dense(10)", "cross-entropy", "large", 30, .1, 5, 50000, "validation", .9637, 23860},
		{"ch3-default-100", "dense(100) sigmoid dense(10)", "cross-entropy", "default", 30, .1, 5, 50000, "validation", .9781, 79510},
		{"ch3-large-100", "dense(100) sigmoid dense(10)", "cross-entropy", "large", 30, .1, 5, 50000, "validation", .9742, 79510},
		{"ch5-1", "dense(30) sigmoid dense(10)", "cross-entropy", "default", 30, .1, 5, 50000, "validation", .9648, 23860},
		{"ch5-2", "dense(30) sigmoid dense(30) sigmoid dense(10)", "cross-entropy", "default", 30, .1, 5, 50000, "validation", .9690, 24790},
		{"ch5-3", "dense(30) sigmoid dense(30) sigmoid dense(30) sigmoid dense(10)", "cross-entropy", "default", 30, .1, 5, 50000, "validation", .9657, 25720},
		{"ch5-4", "dense(30) sigmoid dense(30) sigmoid dense(30) sigmoid dense(30) sigmoid dense(10)", "cross-entropy", "default", 30, .1, 5, 50000, "validation", .9653, 26650},
		{"ch6-fc100", "dense(100) sigmoid dense(10)", "log-likelihood", "output", 60, .1, 0, 50000, "test", .9780, 79510},
		{"ch6-conv1", conv1 + "sigmoid dense(100) sigmoid dense(10)", "log-likelihood", "output", 60, .1, 0, 50000, "test", .9878, 289630},
		{"ch6-conv2", sigmoid + "dense(100) sigmoid dense(10)", "log-likelihood", "output", 60, .1, 0, 50000, "test", .9906, 85670},
		{"ch6-conv2-relu", relu + "dense(100) relu dense(10)", "log-likelihood", "output", 60, .03, 1, 50000, "test", .9923, 85670},
		{"ch6-conv2-relu-250k", relu + "dense(100) relu dense(10)", "log-likelihood", "output", 60, .03, 1, 250000, "test", .9937, 85670},
		{"ch6-fc300", relu + "dense(300) relu dense(10)", "log-likelihood", "output", 60, .03, 1, 250000, "test", .9946, 215870},
		{"ch6-fc1000", relu + "dense(1000) relu dense(10)", "log-likelihood", "output", 60, .03, 1, 250000, "test", .9943, 671570},
		{"ch6-2fc100", relu + "dense(100) relu dense(100) relu dense(10)", "log-likelihood", "output", 60, .03, 1, 250000, "test", .9943, 95770},
		{"ch6-2fc300", relu + "dense(300) relu dense(300) relu dense(10)", "log-likelihood", "output", 60, .03, 1, 250000, "test", .9948, 306170},
		{"ch6-2fc1000", relu + "dense(1000) relu dense(1000) relu dense(10)", "log-likelihood", "output", 60, .03, 1, 250000, "test", .9947, 1672570},
		{"deep", relu + strings.Repeat("dropout(0.5,unscaled=true) dense(1000) relu ", 2) + "dropout(0.5,unscaled=true) dense(10)", "log-likelihood", "output", 40, .03, 0, 250000, "test", .9960, 1672570},
	} {
		m, ok := models.Find(c.name)
		if !ok {
			t.Errorf("no model %s", c.name)
			continue
		}
		r := m.Recipe
		size := 50000
		if r.TrainSize > 0 {
			size = r.TrainSize
		}
		if r.Augment == (models.Shifts{}) {
			size *= 5
		}
		got := fmt.Sprint(m.Net, m.Loss.Name, r.Init.Name, r.Epochs, r.Batch, r.Eta, r.Lambda, r.Momentum, size, r.DropTail, m.Published.Set, m.Published.Accuracy)
		want := fmt.Sprint(c.net, c.loss, c.init, c.epochs, 10, c.eta, c.lambda, 0., c.size, strings.HasPrefix(c.init, "output"), c.set, c.accuracy)
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, want)
		}
		if n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero}); err != nil || n.Size() != c.params {
			t.Errorf("%s: %d parameters, want %d (%v)", c.name, n.Size(), c.params, err)
		}
	}
}

// TestShapes: 28 → 24 → 12 → 8 → 4 → 640, and the cost of each layer.
func TestShapes(t *testing.T) {
	n, err := graph.New(models.Deep.Net, models.Deep.Loss, models.Deep.Input, graph.Config{Init: graph.Zero})
	if err != nil {
		t.Fatal(err)
	}
	want := []graph.Row{
		{Name: "0", Layer: "conv(20,5)", Output: graph.Shape{20, 24, 24}, Params: 520, MACs: 288000},
		{Name: "1", Layer: "pool(2)", Output: graph.Shape{20, 12, 12}},
		{Name: "2", Layer: "relu", Output: graph.Shape{20, 12, 12}},
		{Name: "3", Layer: "conv(40,5)", Output: graph.Shape{40, 8, 8}, Params: 20040, MACs: 1280000},
		{Name: "4", Layer: "pool(2)", Output: graph.Shape{40, 4, 4}},
		{Name: "5", Layer: "relu", Output: graph.Shape{40, 4, 4}},
		{Name: "6", Layer: "dropout(0.5,unscaled=true)", Output: graph.Shape{40, 4, 4}},
		{Name: "7", Layer: "dense(1000)", Output: graph.Shape{1000}, Params: 641000, MACs: 640000},
		{Name: "8", Layer: "relu", Output: graph.Shape{1000}},
		{Name: "9", Layer: "dropout(0.5,unscaled=true)", Output: graph.Shape{1000}},
		{Name: "10", Layer: "dense(1000)", Output: graph.Shape{1000}, Params: 1001000, MACs: 1000000},
		{Name: "11", Layer: "relu", Output: graph.Shape{1000}},
		{Name: "12", Layer: "dropout(0.5,unscaled=true)", Output: graph.Shape{1000}},
		{Name: "13", Layer: "dense(10)", Output: graph.Shape{10}, Params: 10010, MACs: 10000},
	}
	if got := n.Summary(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v\nwant\n%v", got, want)
	}
}

// TestLambda: network3's λ is m = 10 times network2's, so that its 0.1 is a decay of 2e-5 times η with 50,000 images and of 4e-6 with
// 250,000.
func TestLambda(t *testing.T) {
	for name, want := range map[string]float64{"ch6-conv2-relu": 2e-5, "ch6-conv2-relu-250k": 4e-6} {
		m, _ := models.Find(name)
		n := 50000.
		if m.Recipe.Augment == (models.Shifts{}) {
			n *= 5
		}
		if got := m.Recipe.Lambda / n; math.Abs(got/want-1) > 1e-12 {
			t.Errorf("%s: decay %v, want %v", name, got, want)
		}
	}
}

// TestAblations: each one builds, and differs from the first of its recipe, which is the recipe itself on 50,000 images.
func TestAblations(t *testing.T) {
	text := func(m models.Model) string {
		m.Name, m.Doc = "", ""
		text, err := models.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	seen, of := map[string]string{}, map[string]int{}
	for _, a := range models.Ablations {
		base, ok := models.Find(a.Of)
		if _, taken := models.Find(a.Name); !ok || taken || a.What == "" || !strings.HasPrefix(a.Name, base.Name+"-") || a.Recipe.Full {
			t.Errorf("%+v", a)
		}
		base.Recipe.Full = false
		if same := text(a.Model) == text(base); same != (of[a.Of] == 0) {
			t.Errorf("%s: the same as the recipe: %v", a.Name, same)
		}
		of[a.Of]++
		if other := seen[text(a.Model)]; other != "" {
			t.Errorf("%s is %s", a.Name, other)
		}
		seen[text(a.Model)] = a.Name
		if _, err := graph.New(a.Net, a.Loss, a.Input, graph.Config{Init: a.Recipe.Init}); err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
	}
	for name, n := range of {
		if n < 2 {
			t.Errorf("nothing of %s is undone", name)
		}
	}
}
