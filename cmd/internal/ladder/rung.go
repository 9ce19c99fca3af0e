package ladder

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/models"
)

// A Rung is a model of the catalogue with the results of its trainings.
type Rung struct {
	models.Model
	Results []Result // in the order of their seeds
	Stale   []Result // of another recipe, or other data
	Vote    *Vote    // of the first results; nil if there is none

	ablation  *models.Ablation // nil: it is none
	committee []models.Member  // whose results these are; nil: it is none
}

// Committee is the name of the rung of networks of several recipes.
const Committee = "committee"

// A Ladder is the catalogue with its results.
type Ladder struct {
	Rungs     []Rung   // in the book's order, those that vote last in their chapter
	Strangers []Result // of no model
	Tried     []Tried
}

// Climb gives each model, each ablation and the committee what is kept of it. A result belongs to a model if same says so of its recipe and data; where
// it only has the model's name, it is stale.
func Climb(catalogue []models.Model, ablations []models.Ablation, committee []models.Member, k Kept, same func(m models.Model, recipe, sha256 string) bool) Ladder {
	l := Ladder{Tried: k.Tried}
	for _, m := range catalogue {
		l.Rungs = append(l.Rungs, Rung{Model: m})
	}
	slices.SortStableFunc(l.Rungs, func(a, b Rung) int {
		return cmp.Or(cmp.Compare(a.Chapter(), b.Chapter()), cmp.Compare(a.Model.Published.Vote, b.Model.Published.Vote))
	})
	for _, a := range ablations {
		l.Rungs = append(l.Rungs, Rung{Model: a.Model, ablation: &a})
	}
	for _, r := range k.Results {
		g := l.find(r.Model)
		switch {
		case g == nil:
			l.Strangers = append(l.Strangers, r)
		case same(g.Model, r.Recipe, r.DataSHA256):
			g.Results = append(g.Results, r)
		default:
			g.Stale = append(g.Stale, r)
		}
	}
	for i := range l.Rungs {
		slices.SortFunc(l.Rungs[i].Results, func(a, b Result) int { return cmp.Compare(a.Seed, b.Seed) })
	}
	if g := l.join(committee); g.committee != nil {
		l.Rungs = append(l.Rungs, g)
	}
	for _, v := range k.Votes {
		g := l.find(v.Model)
		if g == nil || !slices.Equal(v.Members, g.Members()) {
			continue
		}
		if g.committee == nil && same(g.Model, v.Recipe, v.DataSHA256) || g.committee != nil && v.Recipe == g.Seats() && v.DataSHA256 == g.Results[0].DataSHA256 {
			g.Vote = &v
		}
	}
	return l
}

// join is the rung of the committee, as far as the catalogue has its models. Its results are those of its members that are there.
func (l Ladder) join(committee []models.Member) Rung {
	g := Rung{Model: models.Model{Name: Committee}}
	for _, m := range committee {
		of := l.find(m.Name)
		if of == nil {
			continue
		}
		g.committee = append(g.committee, models.Member{Model: of.Model, Seeds: m.Seeds})
		for _, r := range of.Results {
			if r.Seed >= 1 && r.Seed <= uint64(m.Seeds) {
				g.Results = append(g.Results, r)
			}
		}
	}
	return g
}

// Seats says how many networks of which recipes are in the committee.
func (g Rung) Seats() string {
	var seats []string
	for _, m := range g.committee {
		seats = append(seats, fmt.Sprintf("%d %s", m.Seeds, m.Name))
	}
	return strings.Join(seats, ", ")
}

// A Training is one of those that a rung is to have.
type Training struct {
	Model models.Model
	Seed  uint64
}

// Missing are the trainings that are not there, of so many seeds, or of as many as the rung should have if that is 0.
func (g Rung) Missing(seeds int) (list []Training) {
	members := g.committee
	if members == nil {
		members = []models.Member{{Model: g.Model, Seeds: cmp.Or(seeds, g.Seeds())}}
	}
	for _, m := range members {
		for seed := uint64(1); seed <= uint64(m.Seeds); seed++ {
			if !slices.ContainsFunc(g.Results, func(r Result) bool { return r.Model == m.Name && r.Seed == seed }) {
				list = append(list, Training{m.Model, seed})
			}
		}
	}
	return list
}

func (l Ladder) find(name string) *Rung {
	for i := range l.Rungs {
		if l.Rungs[i].Name == name {
			return &l.Rungs[i]
		}
	}
	return nil
}

// Members are the test images that each of the networks that answer together classifies correctly: those of the seeds 1, 2, …, of the
// book's networks the first five. None is left out.
func (g Rung) Members() []int {
	var correct []int
	if g.committee != nil {
		if len(g.Missing(0)) == 0 {
			for _, r := range g.Results {
				correct = append(correct, r.Best.Test)
			}
		}
		return correct
	}
	for i, r := range g.Results {
		if r.Seed == uint64(i+1) && (i < Voters || !g.Published()) {
			correct = append(correct, r.Best.Test)
		}
	}
	return correct
}

// Votes says that the networks of the rung are to answer together: the book's where it lets them, ours where there are at least as many.
func (g Rung) Votes() bool {
	return len(g.Members()) >= Voters && g.ablation == nil && !g.loses() && (g.Model.Published.Vote > 0 || !g.Published())
}

// Ablation says that the rung is a recipe with a choice undone.
func (g Rung) Ablation() bool { return g.ablation != nil }

// Published says that the book has a figure for the rung.
func (g Rung) Published() bool { return g.Chapter() > 0 }

// elsewhere says that the network was published, though not in the book.
func (g Rung) elsewhere() bool { return g.Model.Published.Source != "" && !g.Published() }

// loses says that the rung's results are losses, because its networks do not classify.
func (g Rung) loses() bool { return g.Model.Loss != nil && !g.Model.Loss.Classes }

// Seeds is the number of trainings unless another is asked for: as many as vote, one where it takes long, else three as in the book.
func (g Rung) Seeds() int {
	switch {
	case g.Model.Published.Vote > 0:
		return Voters
	case g.Recipe.Augment == models.Shifts{}:
		return 1
	}
	return best
}

const best = 3 // runs of which the book gives the best

// Voters are the networks that vote.
const Voters = 5

// Verdict says how a figure compares with the book's.
type Verdict string

// Incomplete is for too few runs of which none is as good as the book's.
const (
	Missing    Verdict = "missing"
	Incomplete Verdict = "incomplete"
	OK         Verdict = "ok"
	Short      Verdict = "short"
)

// A Row compares a figure with the book's. Accuracies are fractions.
type Row struct {
	Rung, What, Set string
	Book, Tolerance float64
	Wanted, N       int     // trainings
	Best            float64 // of the first three
	Mean, SD        float64 // of all; SD is NaN for fewer than two
	Verdict         Verdict
}

// Rows are the figures that the book has for the rung.
func (g Rung) Rows() []Row {
	p := g.Model.Published
	if !g.Published() {
		return nil
	}
	end, which := "best epoch", func(r Result) *Score { return &r.Best }
	if p.Last {
		end, which = "last epoch", func(r Result) *Score { return &r.Last }
	}
	var rows []Row
	if p.First > 0 {
		rows = append(rows, g.row("epoch 0", p.First, func(r Result) *Score { return r.First }))
	}
	rows = append(rows, g.row(end, p.Accuracy, which))
	if p.Vote > 0 {
		rows = append(rows, g.vote())
	}
	return rows
}

// row compares the scores that which picks.
func (g Rung) row(what string, book float64, which func(Result) *Score) Row {
	var values []float64
	for _, r := range g.Results {
		if s := which(r); s != nil {
			values = append(values, g.accuracy(r, *s))
		}
	}
	row := g.blank(what, book)
	row.Wanted, row.N = g.Seeds(), len(values)
	if row.N > 0 {
		row.Best = slices.Max(values[:min(best, row.N)])
		row.Mean, row.SD = moments(values)
	}
	return row.judged()
}

func (g Rung) blank(what string, book float64) Row {
	return Row{Rung: g.Name, What: what, Set: g.Model.Published.Set, Book: book, Tolerance: g.tolerance(), Wanted: 1,
		Best: math.NaN(), Mean: math.NaN(), SD: math.NaN()}
}

// accuracy is a score on the images for which the book has its figure.
func (g Rung) accuracy(r Result, s Score) float64 {
	if g.Model.Published.Set == "validation" {
		return float64(s.Validation) / float64(r.ValidationTotal)
	}
	return float64(s.Test) / float64(r.TestTotal)
}

// tolerance is how far below the book's a figure may be: the nets of chapters 1 and 3 vary more from run to run.
func (g Rung) tolerance() float64 {
	if c := g.Chapter(); c == 1 || c == 3 {
		return .005
	}
	return .0015
}

// Chapter is the chapter of the book that has the figure; 0 for none.
func (g Rung) Chapter() int { return g.Model.Published.Chapter() }

func (r Row) judged() Row {
	const rounding = 1e-9
	switch {
	case r.N == 0:
		r.Verdict = Missing
	case r.Best >= r.Book-r.Tolerance-rounding:
		r.Verdict = OK
	case r.N < min(best, r.Wanted):
		r.Verdict = Incomplete
	default:
		r.Verdict = Short
	}
	return r
}

// vote compares what five networks answer together with what the book's five do.
func (g Rung) vote() Row {
	row := g.blank(fmt.Sprintf("vote of %d", Voters), g.Model.Published.Vote)
	if g.Vote != nil {
		row.N, row.Best = 1, float64(g.Vote.Majority)/float64(g.Vote.TestTotal)
		row.Mean = row.Best
	}
	return row.judged()
}

// moments are the mean and the standard deviation.
func moments(values []float64) (mean, sd float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	sum := 0.
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sum / (n - 1))
}
