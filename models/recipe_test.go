package models_test

import (
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// TestRules: what texts stand for, and how values are printed.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		text, canonical string
		want            any
	}{
		{"sgd(0.9)", "sgd(momentum=0.9)", train.SGD{Momentum: .9}},
		{"nesterov", "nesterov", train.Nesterov{}},
		{"rmsprop(0.99, 1e-6)", "rmsprop(alpha=0.99,eps=1e-06)", train.RMSProp{Alpha: .99, Eps: 1e-6}},
		{"adagrad(1e-8)", "adagrad(eps=1e-08)", train.AdaGrad{Eps: 1e-8}},
		{"adadelta(0.95)", "adadelta(rho=0.95)", train.AdaDelta{Rho: .95}},
		{"adam(beta1=0.7,beta2=0.9)", "adam(beta1=0.7,beta2=0.9)", train.Adam{Beta1: .7, Beta2: .9}},
		{"adamw(0.7)", "adamw(beta1=0.7)", train.AdamW{Beta1: .7}},
	} {
		got, err := models.Parse[train.Optimizer](models.Reader{}, c.text)
		if text := models.Text(got); err != nil || got != c.want || text != c.canonical {
			t.Errorf("%s: %#v, %v; printed %s", c.text, got, err, text)
		}
	}
	for _, c := range []struct {
		text, canonical string
		want            any
	}{
		{"constant", "constant", train.Constant{}},
		{"step(every=10,factor=0.1)", "step(every=10,factor=0.1)", train.Staircase{Every: 10, Factor: .1}},
		{"exponential(0.7)", "step(every=1,factor=0.7)", train.Exponential(.7)},
		{"warmup(2,then=cosine)", "warmup(epochs=2,then=cosine)", train.Warmup{Epochs: 2, Then: train.Cosine{}}},
		{"warmup(steps=500,then=exponential(0.9))", "warmup(steps=500,then=step(every=1,factor=0.9))", train.Warmup{Steps: 500, Then: train.Exponential(.9)}},
		{"cosine(0.05)", "cosine(warmup=0.05)", train.Cosine{Warmup: .05}},
		{"onecycle(0.2,10,true)", "onecycle(warmup=0.2,div=10,linear=true)", train.OneCycle{Warmup: .2, Div: 10, Linear: true}},
		{"plateau(0.3)", "plateau(factor=0.3)", train.Plateau{Factor: .3}},
		{"halve", "plateau", train.Plateau{}},
	} {
		got, err := models.Parse[train.Schedule](models.Reader{}, c.text)
		if text := models.Text(got); err != nil || got != c.want || text != c.canonical {
			t.Errorf("%s: %#v, %v; printed %s", c.text, got, err, text)
		}
	}
	for text, want := range map[string]string{
		"adma":             `column 1: unknown optimizer "adma"; did you mean adam?`,
		"adam(beta3=1)":    `unknown key "beta3"; did you mean beta`,
		"adam(1)":          "beta1 1; use at least 0 and less than 1",
		"sgd(1,2)":         "2 arguments; use sgd(momentum)",
		"adam sgd":         "adam sgd; use one optimizer",
		"rmsprop(alpha=x)": `alpha "x"; use a number`,
	} {
		if _, err := models.Parse[train.Optimizer](models.Reader{}, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
	if _, err := models.Parse[train.Schedule](models.Reader{}, "halve(0.3)"); err == nil || !strings.Contains(err.Error(), "1 arguments; use halve") {
		t.Errorf("error %v", err)
	}
	if _, err := models.Parse[train.Schedule](models.Reader{}, "onecycel"); err == nil || !strings.Contains(err.Error(), `unknown schedule "onecycel"; did you mean onecycle?`) {
		t.Errorf("error %v", err)
	}
}

// TestTrainer: the trainer that a recipe makes. The recipe's momentum goes to an optimizer that takes one.
func TestTrainer(t *testing.T) {
	n, err := graph.New(graph.Dense{Out: 2}, graph.Quadratic, graph.Shape{3}, graph.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := models.Recipe{Epochs: 3, Batch: 4, Eta: .5, Lambda: 2, Schedule: train.Cosine{}, Patience: 7, Clip: 8, EMA: .9, DropTail: true}
	for _, c := range []struct {
		optimizer train.Optimizer
		momentum  float64
		want      train.Optimizer
	}{
		{nil, 0, train.SGD{}}, {nil, .5, train.SGD{Momentum: .5}}, {train.SGD{}, .5, train.SGD{Momentum: .5}},
		{train.Nesterov{}, .5, train.Nesterov{Momentum: .5}}, {train.Nesterov{Momentum: .7}, 0, train.Nesterov{Momentum: .7}},
		{train.SGD{Momentum: .7}, .7, train.SGD{Momentum: .7}}, {train.SGD{Momentum: .7}, 0, train.SGD{Momentum: .7}}, {train.Adam{}, 0, train.Adam{}},
	} {
		r.Optimizer, r.Momentum = c.optimizer, c.momentum
		tr, err := r.Trainer(n)
		if err != nil || tr.Optimizer != c.want {
			t.Errorf("%#v and momentum %v: %#v, %v", c.optimizer, c.momentum, tr, err)
			continue
		}
		if tr.Net != n || tr.Epochs != 3 || tr.Batch != 4 || tr.Eta != .5 || tr.Lambda != 2 || tr.Schedule != (train.Cosine{}) || tr.Patience != 7 ||
			tr.Clip != 8 || tr.EMA != .9 || !tr.DropTail {
			t.Errorf("%+v became %+v", r, tr)
		}
	}
	for _, c := range []struct {
		optimizer train.Optimizer
		want      string
	}{
		{train.Adam{}, "momentum 0.9 and optimizer adam; use momentum 0, or sgd or nesterov without a momentum of its own"},
		{train.SGD{Momentum: .8}, "momentum 0.9 and optimizer sgd(momentum=0.8); use"},
	} {
		r.Optimizer, r.Momentum = c.optimizer, .9
		if _, err := r.Trainer(n); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// TestRecipes: every recipe of the catalogue can train.
func TestRecipes(t *testing.T) {
	for _, m := range models.All {
		if err := m.Recipe.Check(); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
}
