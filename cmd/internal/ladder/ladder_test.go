package ladder

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/models"
)

// result is a training of so many right answers, of 1,000 test and 1,000 validation images.
func result(model string, seed uint64, validation, test int) Result {
	s := Score{Epoch: 2, Validation: validation, Test: test}
	return Result{
		Model: model, Seed: seed, Command: "stheno train", Epochs: 4, Best: s, Last: Score{3, validation - 10, test - 10},
		ValidationTotal: 1000, TestTotal: 1000, Seconds: 8, Threads: 1, Recipe: "recipe",
	}
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "docs", "results")
	if got, err := Load(dir); got.Results != nil || err != nil {
		t.Errorf("no folder: %v, %v", got, err)
	}
	a, b := result("a", 2, 900, 910), result("b-c", 1, 800, 810)
	a.First = &Score{0, 500, 510}
	v := Vote{"a", []int{1, 2}, 3, 3, 4, "sha", "recipe"}
	for _, r := range []interface{ Save(string) error }{b, v, a} {
		if err := r.Save(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "tried.json"), []byte(`[{"recipe": "a", "configurations": 7}]`), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir)
	if err != nil || !reflect.DeepEqual(got, Kept{[]Result{a, b}, []Vote{v}, []Tried{{"a", 7}}}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, c := range []struct{ from, to string }{
		{`"model": "a"`, `"model": "b"`}, {`"seed": 2`, `"seed": 1`}, {`"seed": 2`, `"sede": 2`}, {`"test": 910`, `"test": 1001`},
		{`"test": 910`, `"test": -1`}, {`"validation": 500`, `"validation": 1001`}, {`"epoch": 3`, `"epoch": 4`},
		{`"last": {`, `"shifted": 1001, "last": {`}, {`"last": {`, `"shifted": -1, "last": {`}, {`"test_total": 1000`, `"test_total": 0`}, {`"seconds": 8`, `"seconds": -8`}, {`"last": {`, `"loss": -1, "last": {`}, {"{", ""},
		{"{", "{} {"},
	} {
		damaged(t, dir, "a-seed2.json", c.from, c.to)
	}
	for _, c := range []struct{ from, to string }{
		{`"majority": 3`, `"majority": -5`}, {`"majority": 3`, `"majority": 5`}, {`"mean": 3`, `"mean": 1e15`}, {`"mean": 3`, `"mean": 1000000000000000`},
		{`"mean": 3`, `"mean": 3.5`}, {`"test_total": 4`, `"test_total": 0`}, {`    1`, `    -1`}, {`"model": "a"`, `"model": "b"`}, {"{", "{} {"}, {`"mean"`, `"means"`},
	} {
		damaged(t, dir, "a-vote.json", c.from, c.to)
	}
	for _, c := range []struct{ from, to string }{{"7", "-7"}, {`"a"`, `""`}, {"]", "] x"}, {"]", "]" + strings.Repeat(" ", intake.Record)}} {
		damaged(t, dir, "tried.json", c.from, c.to)
	}
	for _, name := range []string{"d-seed1.json", "d-vote.json"} {
		path := filepath.Join(dir, name)
		if err := os.Symlink("/dev/zero", path); err != nil {
			t.Skip(err)
		}
		if _, err := Load(dir); !errors.Is(err, rundir.ErrDamaged) || !strings.Contains(err.Error(), path+": a link out of its folder") {
			t.Errorf("a device: %v", err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 16<<20/intake.Record + 1 { // These are not read, and stand for many that are.
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.json", i)), make([]byte, intake.Record), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(dir); !errors.Is(err, rundir.ErrDamaged) || !strings.Contains(err.Error(), "with the results before") {
		t.Error(err)
	}
}

// TestFormerNames: files of a folder that is older than a model's name count for the model, unless there is a newer one.
func TestFormerNames(t *testing.T) {
	dir := t.TempDir()
	old, both, newer := result("first", 1, 900, 910), result("first", 2, 900, 910), result("cnn-steady", 2, 900, 920)
	for _, r := range []interface{ Save(string) error }{
		old, both, newer, result("second-cycle", 1, 800, 810), Vote{"third", []int{1, 2}, 3, 3, 4, "sha", "recipe"},
		Vote{Committee, []int{1, 2}, 3, 3, 4, "sha", "2 first, 3 second, 1 mlp"},
	} {
		if err := r.Save(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "tried.json"), []byte(`[{"recipe": "fourth", "configurations": 7}]`), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir)
	if err != nil || len(got.Results) != 3 || len(got.Votes) != 2 || got.Tried[0].Recipe != "cnn-no-pool" {
		t.Fatalf("%+v, %v", got, err)
	}
	if r := got.Results; r[0].Best.Test != 920 || r[1].Model != "cnn-steady" || r[1].Seed != 1 || r[2].Model != "cnn-5x5-cycle" {
		t.Errorf("results %+v", r)
	}
	if v := got.Votes; v[0].Recipe != "2 cnn-steady, 3 cnn-5x5, 1 mlp" || v[1].Model != "cnn-7x7" {
		t.Errorf("votes %+v", v)
	}
}

// damaged changes a file of results, and wants an error that names it.
func damaged(t *testing.T, dir, name, from, to string) {
	t.Helper()
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(text), from, to, 1)
	if bad == string(text) {
		t.Fatalf("no %s in\n%s", from, text)
	}
	if err := os.WriteFile(path, []byte(bad), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); !errors.Is(err, rundir.ErrDamaged) || !strings.Contains(err.Error(), path+": ") {
		t.Errorf("%.50s: error %v", to, err)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// catalogue is of three entries, one of them of no book.
func catalogue() []models.Model {
	return []models.Model{
		{Name: "ours", Doc: "a recipe of ours", Recipe: models.Recipe{Epochs: 4}},
		{Name: "voter", Recipe: models.Recipe{Epochs: 4, Augment: models.Shifts{}}, Published: models.Figure{Set: "test", Accuracy: .96, Source: "ch. 6", Vote: .97}},
		{Name: "big", Recipe: models.Recipe{Epochs: 4, Augment: models.Shifts{}}, Published: models.Figure{Set: "test", Accuracy: .95, Source: "ch. 6"}},
		{Name: "curve", Recipe: models.Recipe{Epochs: 4}, Published: models.Figure{Set: "validation", Accuracy: .9, Source: "ch. 3, x", First: .5, Last: true}},
	}
}

func climb(results []Result, votes ...Vote) Ladder {
	return Climb(catalogue(), nil, nil, Kept{results, votes, nil}, func(_ models.Model, recipe, sha256 string) bool { return recipe == "recipe" && sha256 == "" })
}

func TestClimb(t *testing.T) {
	old := result("big", 1, 1, 1)
	old.Recipe = "another"
	l := climb([]Result{result("curve", 10, 1, 1), result("curve", 2, 1, 1), old, result("gone", 1, 1, 1)})
	got := ""
	for _, g := range l.Entries {
		got += fmt.Sprint(g.Name, " ", g.Chapter(), " ", g.Published(), " ", g.Seeds(), " ", len(g.Results), " ", len(g.Stale), "; ")
	}
	if want := "ours 0 false 3 0 0; curve 3 true 3 2 0; big 6 true 1 0 1; voter 6 true 5 0 0; "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if c := l.Entries[1]; c.Results[0].Seed != 2 || fmt.Sprint(len(c.Missing(0)), c.Missing(2)[0].Seed, len(c.Missing(2))) != "2 1 1" || len(l.Strangers) != 1 || l.Strangers[0].Model != "gone" {
		t.Errorf("%+v", l)
	}
}

func TestRows(t *testing.T) {
	curve := func(tests ...int) (list []Result) {
		for i, n := range tests {
			r := result("curve", uint64(i+1), n+10, 0) // n is of the last epoch
			r.Last.Test, r.First = 0, &Score{0, 495, 0}
			list = append(list, r)
		}
		return list
	}
	for _, c := range []struct {
		results []Result
		want    string
	}{
		{nil, "epoch 0 missing 0 NaN NaN; last epoch missing 0 NaN NaN"},
		{curve(894), "epoch 0 ok 1 0.495 0.495; last epoch incomplete by 0.60 1 0.894 0.894"},
		{curve(895), "epoch 0 ok 1 0.495 0.495; last epoch ok 1 0.895 0.895"},
		{curve(894, 870, 891), "epoch 0 ok 3 0.495 0.495; last epoch short by 0.60 3 0.894 0.885"},
		{curve(894, 870, 890, 946), "epoch 0 ok 4 0.495 0.495; last epoch short by 0.60 4 0.894 0.9"},
	} {
		got := ""
		for _, r := range climb(c.results).Entries[1].Rows() {
			got += fmt.Sprintf("; %s %s %d %.4g %.4g", r.What, r.Judgment(), r.N, r.Best, r.Mean)
		}
		if got != "; "+c.want {
			t.Errorf("%s\nwant; %s", got, c.want)
		}
	}
	if r := climb([]Result{result("big", 1, 0, 948)}).Entries[2].Rows()[0]; r.Verdict != Short || r.What != "best epoch" || math.Abs(r.Best-.948) > 1e-12 {
		t.Errorf("chapter 6 has the tolerance of chapter 3: %+v", r)
	}
}

// TestVote: a vote counts as long as it is of the results that are there.
func TestVote(t *testing.T) {
	var results []Result
	v := Vote{Model: "voter", Majority: 969, TestTotal: 1000, Recipe: "recipe"}
	for seed := range uint64(6) {
		results = append(results, result("voter", seed+1, 0, 960+int(seed)))
		v.Members = append(v.Members, 960+int(seed))
	}
	v.Members = v.Members[:5]
	stale, other := v, v
	stale.Recipe = "another"
	other.Members = []int{960, 961, 962, 963, 965}
	for _, c := range []struct {
		results []Result
		vote    []Vote
		want    string
	}{
		{results, []Vote{v}, "vote of 5 ok 0.969"}, {results, nil, "vote of 5 missing NaN"}, {results[:4], []Vote{v}, "vote of 5 missing NaN"},
		{results[1:], []Vote{v}, "vote of 5 missing NaN"}, {results, []Vote{stale}, "vote of 5 missing NaN"}, {results, []Vote{other}, "vote of 5 missing NaN"},
	} {
		r := climb(c.results, c.vote...).Entries[3].Rows()[1]
		if got := fmt.Sprint(r.What, " ", r.Judgment(), " ", r.Best); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestPage(t *testing.T) {
	old := result("big", 1, 1, 1)
	old.Recipe = "another"
	results := []Result{result("curve", 1, 910, 0), result("curve", 2, 920, 0), old, result("gone", 1, 1, 1), result("ours", 1, 0, 990), result("ours", 2, 0, 992)}
	results[1].Threads = 2
	l := climb(results)
	l.Tried = []Tried{{"ours", 12}}
	page := l.Page()
	for _, want := range []string{
		"\n| curve | epoch 0 | validation | 50.00 |  |  | 0 of 3 | missing | 4 | 2.00 | 1, 2 | `stheno train curve --seed N` |\n",
		"\n|  | last epoch | validation | 90.00 | 91.00 | 90.50 ± 0.71 | 2 of 3 | ok |  |  |  |  |\n",
		"\n| big | best epoch | test | 95.00 |  |  | 0 of 1 | missing | 4 |  |  | `stheno train big --seed N` |\n",
		"\n|  | vote of 5 | test | 97.00 |  |  | 0 of 1 | missing |  |  |  |  |\n",
		"\n| ours | a recipe of ours | 2 | 99.10 ± 0.14 | 99.00 | 99.20 | 4 | 8.00 | 1 |  | `stheno ladder --only ours --seeds 2` |\n",
		"\n| ours | 12 |\n",
		"\n- big-seed1.json: the recipe of big has changed since; `stheno ladder --only big` trains it again\n",
		"\n- gone-seed1.json: the catalogue has no gone\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s\n%s", want, page)
		}
	}
	if empty := (Ladder{}).Page(); strings.Count(empty, "None yet.") != 6 || strings.Contains(empty, "Left out") {
		t.Errorf("%s", empty)
	}
}

// TestOthers: networks that were published elsewhere are beside their figures, be those of classes or losses, and are no entries of the book.
func TestOthers(t *testing.T) {
	list := []models.Model{
		{Name: "net", Loss: graph.LogLikelihood, Published: models.Figure{Set: "test", Accuracy: .9922, Source: "example.org"}},
		{Name: "coder", Loss: graph.Reconstruction, Published: models.Figure{Set: "test", Loss: .09, Source: "A and B 2016"}},
		{Name: "new", Loss: graph.LogLikelihood, Published: models.Figure{Source: "C 2017"}},
	}
	k := Kept{Results: []Result{result("net", 1, 0, 990)}}
	for seed := range uint64(Voters) {
		r := result("coder", seed+1, 0, 0)
		r.Loss = .091 + float64(seed)/1000
		k.Results = append(k.Results, r)
	}
	l := Climb(list, nil, nil, k, func(models.Model, string, string) bool { return true })
	for _, want := range []string{
		"\n| net | example.org | 99.22 | 1 | 99.00 | 99.00 | 99.00 | 0 | 8.00 | 1 |  | `stheno ladder --only net --seeds 1` |\n" +
			"| coder | A and B 2016 | loss 0.09 | 5 | 0.0930 ± 0.0016 | 0.0910 | 0.0950 | 0 | 8.00 | 1 |  | `stheno ladder --only coder --seeds 5` |\n" +
			"| new | C 2017 |  | 0 |  |  |  | 0 |  |  |  | `stheno ladder --only new --seeds 3` |\n\n## Past the book\n",
		"They are not all from the same machine.\n\nNone yet.\n",
	} {
		if page := l.Page(); !strings.Contains(page, want) {
			t.Errorf("the page lacks %s\n%s", want, page)
		}
	}
	for _, g := range l.Entries {
		if g.Published() || g.Votes() || g.Rows() != nil {
			t.Errorf("%s is a entry of the book, or votes", g.Name)
		}
	}
}

// TestTogether: ours answer together where there are at least five, all of the seeds from 1 on.
func TestTogether(t *testing.T) {
	var results []Result
	for seed := range uint64(7) {
		results = append(results, result("ours", seed+1, 0, 990+int(seed)))
	}
	results[6].Seed = 9
	v := Vote{Model: "ours", Members: []int{990, 991, 992, 993, 994, 995}, Majority: 996, Mean: 997, TestTotal: 1000, Recipe: "recipe"}
	for _, c := range []struct {
		results []Result
		votes   bool
		vote    Vote
		line    bool
	}{
		{results, true, v, true}, {results[:6], true, v, true}, {results[:5], true, v, false}, {results[:4], false, v, false}, {results[1:], false, v, false},
	} {
		l := climb(c.results, c.vote)
		if g := l.find("ours"); g.Votes() != c.votes {
			t.Errorf("%d results from seed %d: votes %v", len(c.results), c.results[0].Seed, g.Votes())
		}
		if got := strings.Contains(l.Page(), "\n| ours | 6 | 99.60 | 99.70 | 48.0 |\n"); got != c.line {
			t.Errorf("%d results from seed %d: the line is there: %v\n%s", len(c.results), c.results[0].Seed, got, l.Page())
		}
	}
}

// TestCommittee: networks of several recipes answer together once all of them are there.
func TestCommittee(t *testing.T) {
	member := func(name string, seeds int) models.Member {
		return models.Member{Model: models.Model{Name: name}, Seeds: seeds}
	}
	results := []Result{result("big", 1, 0, 980), result("ours", 1, 0, 990), result("ours", 2, 0, 991), result("ours", 3, 0, 1)}
	v := Vote{Model: Committee, Members: []int{990, 991, 980}, Majority: 996, Mean: 997, TestTotal: 1000, Recipe: "2 ours, 1 big"}
	other := v
	other.Recipe = "3 ours"
	const want = "\n| committee: 2 ours, 1 big | 3 | 99.60 | 99.70 | 24.0 |\n"
	for _, c := range []struct {
		results []Result
		vote    Vote
		missing int
		line    bool
	}{{results, v, 0, true}, {results, other, 0, false}, {results[1:], v, 1, false}, {results[:1], v, 2, false}} {
		l := Climb(catalogue(), nil, []models.Member{member("ours", 2), member("big", 1)}, Kept{c.results, []Vote{c.vote}, nil},
			func(models.Model, string, string) bool { return true })
		if g := l.find(Committee); len(g.Missing(9)) != c.missing || len(g.MembersCorrect()) != 3 && c.missing == 0 {
			t.Errorf("missing %v, members %v", g.Missing(9), g.MembersCorrect())
		}
		if page := l.Page(); strings.Contains(page, want) != c.line || strings.Contains(page, "--only committee") {
			t.Errorf("%d results, %s: %s", len(c.results), c.vote.Recipe, page)
		}
	}
}

// TestAblations: a choice undone is compared with its recipe on as many images, and is no recipe itself.
func TestAblations(t *testing.T) {
	undone := func(of, name, what string) models.Ablation {
		return models.Ablation{Model: models.Model{Name: of + "-" + name, Recipe: models.Recipe{Epochs: 4}}, Of: of, What: what}
	}
	list := []models.Ablation{
		undone("ours", "whole", "nothing"), undone("ours", "flat", "depth"), undone("ours", "later", "time"), undone("big", "whole", "nothing"), undone("big", "flat", "depth"),
	}
	k := Kept{Results: []Result{
		result("ours-whole", 1, 990, 1), result("ours-whole", 2, 992, 1), result("ours-flat", 1, 988, 1), result("ours-flat", 2, 988, 1), result("big-whole", 1, 900, 1), result("big-flat", 1, 901, 1),
	}}
	for i, n := range []int{993, 995, 994} {
		k.Results[i].Shifted = n
	}
	page := Climb(catalogue(), list, nil, k, func(models.Model, string, string) bool { return true }).Page()
	for _, want := range []string{
		"\n| ours | nothing | 2 | 99.10 ± 0.14 |  | 99.40 ± 0.14 | 8.00 | 1 |\n| ours | depth | 2 | 98.80 ± 0.00 | -0.30 |  | 8.00 | 1 |\n" +
			"| big | nothing | 1 | 90.00 |  |  | 8.00 | 1 |\n| big | depth | 1 | 90.10 | +0.10 |  | 8.00 | 1 |\n\n## Configurations",
		"They are not all from the same machine.\n\nNone yet.\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s\n%s", want, page)
		}
	}
}
