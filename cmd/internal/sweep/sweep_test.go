package sweep

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// values are all of a choice, or what is between at four places.
func values(c Choice) string {
	var list []string
	for i := range c.Len() {
		list = append(list, c.Value(i))
	}
	if list == nil {
		for _, u := range []float64{0, .25, .5, 1 - 1e-9} {
			list = append(list, c.Between(u))
		}
	}
	return strings.Join(list, " ")
}

func TestChoices(t *testing.T) {
	for _, c := range []struct {
		text  string
		whole bool
		want  string
	}{
		{"log(0.01, 1)", false, "0.01 0.03162 0.1 1"},
		{"log(0.01, 1, 3)", false, "0.01 0.1 1"},
		{"log(1e-4,1e-2,values=5)", false, "0.0001 0.0003162 0.001 0.003162 0.01"},
		{"log(0.123446, 0.2)", false, "0.123446 0.1393 0.1571 0.2"},
		{"log(0.01, 1, 5)", false, "0.01 0.03162 0.1 0.3162 1"}, // this and the next stand in docs/cluster.md
		{"range(0, 0.9, 0.3)", false, "0 0.3 0.6 0.9"},
		{"log(10, 1000, 3)", true, "10 100 1000"},
		{"log(1, 3)", true, "1 1 2 3"},
		{"range(0, 0.9)", false, "0 0.225 0.45 0.9"},
		{"range(0, 1, 0.1)", false, "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1"},
		{"range(0.1, 0.3, step=0.1)", false, "0.1 0.2 0.3"},
		{"range(10, 35, 10)", false, "10 20 30"},
		{"range(1, 5)", true, "1 2 3 4 5"},
		{"range(-1, 1)", false, "-1 -0.5 0 1"},
	} {
		got, err := Parse(c.text, c.whole)
		if err != nil || values(got) != c.want {
			t.Errorf("%s: %v, %v; want %s", c.text, values(got), err, c.want)
		}
	}
	for text, want := range map[string]string{
		"log(0, 1)": "from 0 to 1; use 0 < from < to", "log(2, 1)": "from 2 to 1", "log(1, 2, 1)": "values 1; use 2 to 1000", "log(1)": "to", "log(1, inf)": `to "inf"; use a number`,
		"lag(1, 2)": `unknown choice "lag"; did you mean log?`, "log(1, 2, vals=3)": `unknown key "vals"; did you mean values?`, "range(1, 1)": "use from < to",
		"range(0, 1, 2)": "step 2; use at most 1", "range(0, 1, -1)": "step -1", "range(0, nan)": "", "range(0, 1e300, 1e-300)": "use a larger one",
	} {
		if _, err := Parse(text, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
	for _, text := range []string{"range(0.5, 3)", "range(1, 3, 0.5)", "range(0, 0.5)"} {
		if _, err := Parse(text, true); err == nil || !strings.Contains(err.Error(), "use whole numbers") && !strings.Contains(err.Error(), "step 1") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// choice is one that can be parsed.
func choice(t *testing.T, text string, whole bool) Choice {
	t.Helper()
	c, err := Parse(text, whole)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGrid(t *testing.T) {
	s := &Sweep{Name: "g", Axes: []Axis{{"model", List{"mlp", "net.toml"}}, {"eta", List{"0.1", "1"}}}, Seeds: List{"1", "2"}, Files: map[string][]byte{"net.toml": []byte("a")}}
	if err := s.Plan(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, x := range s.Trials {
		if x.Index != i || x.Setting != i/2 {
			t.Errorf("trial %d: index %d, setting %d", i, x.Index, x.Setting)
		}
		got = append(got, s.Settings(x)+" "+x.Seed)
	}
	want := "model=mlp eta=0.1 1,model=mlp eta=0.1 2,model=mlp eta=1 1,model=mlp eta=1 2," +
		"model=net.toml eta=0.1 1,model=net.toml eta=0.1 2,model=net.toml eta=1 1,model=net.toml eta=1 2"
	if strings.Join(got, ",") != want {
		t.Errorf("%q", got)
	}
	// A trial is found by its settings, and by what is in the file of its model.
	before := s.Trials
	s.Trials, s.Axes[1].Choice, s.Files["net.toml"] = nil, List{"0.01", "0.1", "1"}, []byte("b")
	if err := s.Plan(); err != nil {
		t.Fatal(err)
	}
	for _, x := range before {
		same := slices.ContainsFunc(s.Trials, func(y Trial) bool { return y.ID == x.ID && s.Settings(y) == s.Settings(x) && y.Seed == x.Seed })
		if same != (x.Values[0] == "mlp") {
			t.Errorf("%s: the same is %v", s.Settings(x), same)
		}
	}
}

// These are the trials on every machine: no digit may depend on how a processor rounds, or on how many there are.
func TestChance(t *testing.T) {
	s := &Sweep{
		Axes: []Axis{
			{"model", List{"mlp", "deep"}}, {"batch", choice(t, "range(10, 100, 10)", true)}, {"eta", choice(t, "log(0.01, 1)", false)},
			{"momentum", choice(t, "range(0, 0.9)", false)}, {"epochs", choice(t, "log(1, 50)", true)},
		},
		Seeds: List{"1"}, Random: 8, Seed: 1,
	}
	if err := s.Plan(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range s.Trials {
		got = append(got, strings.Join(x.Values, " "))
	}
	want := []string{
		"deep 60 0.08521 0.6435 4", "mlp 90 0.03761 0.1555 20", "deep 50 0.5944 0.2683 8", "mlp 90 0.1831 0.7202 2",
		"mlp 10 0.04222 0.2612 7", "mlp 30 0.06844 0.6583 38", "mlp 80 0.04823 0.4521 8", "mlp 70 0.03458 0.5895 25",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	s.Trials, s.Random = nil, 20
	if err := s.Plan(); err != nil || len(s.Trials) != 20 || strings.Join(s.Trials[7].Values, " ") != got[7] {
		t.Errorf("more trials do not begin with the same: %v, %v", s.Trials, err)
	}
}

// 10,000 numbers by chance are where they should be.
func TestFraction(t *testing.T) {
	s := &Sweep{Seed: 3}
	sum, squares := 0., 0.
	const n = 10_000
	for i := range n {
		u := s.fraction(i, "eta")
		sum += u / n
		squares += u * u / n
	}
	if math.Abs(sum-.5) > .01 || math.Abs(squares-1./3) > .01 {
		t.Errorf("mean %v, mean square %v", sum, squares)
	}
}

func TestPlanErrors(t *testing.T) {
	many := make(List, 40)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for _, c := range []struct {
		s    Sweep
		want string
	}{
		{Sweep{Axes: []Axis{{"eta", choice(t, "log(0.01, 1)", false)}}}, "eta: any number between two; say how many"},
		{Sweep{Axes: []Axis{{"eta", many}, {"lambda", many}}}, "lambda: more than 1000 settings"},
		{Sweep{Axes: []Axis{{"eta", many}}, Seeds: many}, "seed: 40 settings with 40 seeds each; use at most 1000 trials"},
		{Sweep{Axes: []Axis{{"eta", many}}, Random: 41}, "random: 41, but there are hardly more than 40 settings"},
		{Sweep{Axes: []Axis{{"eta", many}}, Random: 1001}, "random: 1001; use at most 1000"},
	} {
		err := c.s.Plan()
		if _, ok := errors.AsType[*KeyError](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
	s := Sweep{Axes: []Axis{{"eta", many}}, Random: 40, Seeds: List{"1"}}
	if err := s.Plan(); err != nil || len(s.Trials) != 40 {
		t.Errorf("all 40 by chance: %d, %v", len(s.Trials), err)
	}
}

// acc are curves of accuracies in percent.
func acc(percents ...float64) Record {
	var r Record
	for i, x := range percents {
		r.Curve = append(r.Curve, Score{i, x / 100, 1 - x/100})
	}
	return r
}

func TestResults(t *testing.T) {
	s := &Sweep{Axes: []Axis{{"eta", List{"1", "2", "3", "4"}}}, Seeds: List{"1", "2"}}
	if err := s.Plan(); err != nil {
		t.Fatal(err)
	}
	x := func(a float64) Score { return Score{0, a, 1 - a} }
	got := s.Results([]Score{x(.5), x(.7), x(.9), None, None, None, x(.8), x(.6)})
	if len(got) != 3 || got[0].Setting != 3 || got[1].Setting != 0 || got[2].Setting != 1 {
		t.Fatalf("%+v", got)
	}
	if math.Abs(got[0].Mean.Acc-.7) > 1e-12 || math.Abs(got[0].SD.Acc-math.Sqrt(.02)) > 1e-12 || !math.IsNaN(got[2].SD.Acc) || !slices.Equal(got[0].Trials, []int{6, 7}) {
		t.Errorf("%+v", got)
	}
	loss := func(l float64) Score { return Score{0, math.NaN(), l} }
	got = s.Results([]Score{loss(3), loss(1), loss(.5), loss(1), None, None, loss(9), loss(9)})
	if len(got) != 3 || got[0].Setting != 1 || got[2].Setting != 3 || got[0].Mean.Loss != .75 {
		t.Errorf("%+v", got)
	}
}

// targets are how far trials are to go: = for one that waits, ! for one that is out.
func targets(s *Sweep, records []Record) string {
	var words []string
	for _, t := range s.Targets(records) {
		mark := ""
		if t.Waits {
			mark = "="
		}
		if t.Out {
			mark = "!"
		}
		words = append(words, fmt.Sprint(t.Epochs, mark))
	}
	return strings.Join(words, " ")
}

func TestHalving(t *testing.T) {
	s := &Sweep{Axes: []Axis{{"eta", List{"1", "2", "3", "4", "5", "6", "7", "8", "9"}}}, Seeds: List{"1"}, Halving: 3}
	if err := s.Plan(); err != nil {
		t.Fatal(err)
	}
	for i := range s.Trials {
		s.Trials[i].Epochs = 9
	}
	r := make([]Record, 9)
	check := func(want string) {
		t.Helper()
		if got := targets(s, r); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	check("1 1 1 1 1 1 1 1 1")
	for i := range 8 {
		r[i] = acc(float64(10 * i))
	}
	check("1= 1= 1= 1= 1= 1= 1= 1= 1")
	r[8] = Record{Over: true} // it diverged
	check("1! 1! 1! 1! 1! 3 3 3 1!")
	r[5], r[6], r[7] = acc(50, 51, 99), acc(60, 61), acc(70, 71, 72)
	check("1! 1! 1! 1! 1! 3= 3 3= 1!")
	r[6] = acc(60, 61, 62)
	check("1! 1! 1! 1! 1! 9 3! 3! 1!")
	r[5] = acc(50, 51, 99, 99, 99, 99, 99, 99, 99) // what comes after a stage changes none before
	r[0] = acc(0, 100, 100)
	check("1! 1! 1! 1! 1! 9 3! 3! 1!")
	if s.Stages() != 3 {
		t.Errorf("%d stages", s.Stages())
	}
	s.Trials[4].Epochs = 8 // a stage has an epoch at least
	if s.Stages() != 2 {
		t.Errorf("%d stages", s.Stages())
	}
	s.Halving = 0
	check("9 9 9 9 8 9 9 9 9")
}

// Settings go on by the mean over their seeds.
func TestHalvingSeeds(t *testing.T) {
	s := &Sweep{Axes: []Axis{{"eta", List{"1", "2"}}}, Seeds: List{"1", "2"}, Halving: 2}
	if err := s.Plan(); err != nil {
		t.Fatal(err)
	}
	for i := range s.Trials {
		s.Trials[i].Epochs = 5
	}
	if got := targets(s, []Record{acc(0, 10, 99), acc(0, 10, 92), acc(0, 95, 95), acc(0, 95, 95)}); got != "5 5 3! 3!" {
		t.Error(got)
	}
	if got := targets(s, []Record{acc(0, 10, 99), {Over: true}, acc(0, 10, 10), acc(0, 10, 10)}); got != "3! 3! 5 5" {
		t.Error(got)
	}
}
