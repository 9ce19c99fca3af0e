package ladder

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/models"
)

// An Entry is a model of the catalogue with the results of its trainings.
type Entry struct {
	models.Model
	Results []Result // in the order of their seeds
	Stale   []Result // of an older recipe, or of other data
	Vote    *Vote    // of the first results; nil if there is none

	ablation  *models.Ablation // nil for other entries
	committee []models.Member  // the members whose results these are; nil for other entries
}

// Committee is the name of the entry for the networks of several recipes that vote together.
const Committee = "committee"

// A Ladder is the catalogue with its results.
type Ladder struct {
	Entries   []Entry  // in the book's order; in a chapter, networks that vote come last
	Strangers []Result // results that belong to no model
	Tried     []Tried
}

// Climb assigns results and votes to the models, the ablations and the committee. A result belongs to a model if same accepts its recipe and
// data. If it only has the model's name, it is stale.
func Climb(catalogue []models.Model, ablations []models.Ablation, committee []models.Member, k Kept, same func(m models.Model, recipe, sha256 string) bool) Ladder {
	l := Ladder{Tried: k.Tried}
	for _, m := range catalogue {
		l.Entries = append(l.Entries, Entry{Model: m})
	}
	slices.SortStableFunc(l.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Chapter(), b.Chapter()), cmp.Compare(a.Model.Published.Vote, b.Model.Published.Vote))
	})
	for _, a := range ablations {
		l.Entries = append(l.Entries, Entry{Model: a.Model, ablation: &a})
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
	for i := range l.Entries {
		slices.SortFunc(l.Entries[i].Results, func(a, b Result) int { return cmp.Compare(a.Seed, b.Seed) })
	}
	if g := l.join(committee); g.committee != nil {
		l.Entries = append(l.Entries, g)
	}
	for _, v := range k.Votes {
		g := l.find(v.Model)
		if g == nil || !slices.Equal(v.Members, g.MembersCorrect()) {
			continue
		}
		if g.committee == nil && same(g.Model, v.Recipe, v.DataSHA256) || g.committee != nil && v.Recipe == g.Seats() && v.DataSHA256 == g.Results[0].DataSHA256 {
			g.Vote = &v
		}
	}
	return l
}

// join is the entry of the committee, with those of its models that are in the catalogue, and their results.
func (l Ladder) join(committee []models.Member) Entry {
	g := Entry{Model: models.Model{Name: Committee}}
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

// Seats says how many networks of each recipe are in the committee.
func (g Entry) Seats() string {
	var seats []string
	for _, m := range g.committee {
		seats = append(seats, fmt.Sprintf("%d %s", m.Seeds, m.Name))
	}
	return strings.Join(seats, ", ")
}

// A Training is one training of an entry.
type Training struct {
	Model models.Model
	Seed  uint64
}

// Missing are the trainings without a result. seeds is the number of trainings that there should be; 0 means the entry's own number.
func (g Entry) Missing(seeds int) (list []Training) {
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

func (l Ladder) find(name string) *Entry {
	for i := range l.Entries {
		if l.Entries[i].Name == name {
			return &l.Entries[i]
		}
	}
	return nil
}

// MembersCorrect is the number of test images that each member of a vote classifies correctly. The members have the seeds 1, 2, …; the book's
// networks vote in fives. None is left out.
func (g Entry) MembersCorrect() []int {
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

// Votes says that the networks of the entry are to answer together: the book's where it lets them, ours where there are at least as many.
func (g Entry) Votes() bool {
	return len(g.MembersCorrect()) >= Voters && g.ablation == nil && !g.loses() && (g.Model.Published.Vote > 0 || !g.Published())
}

// Ablation reports whether the entry is a recipe with a choice undone.
func (g Entry) Ablation() bool { return g.ablation != nil }

// Published says that the book has a figure for the entry.
func (g Entry) Published() bool { return g.Chapter() > 0 }

// elsewhere says that the network was published, though not in the book.
func (g Entry) elsewhere() bool { return g.Model.Published.Source != "" && !g.Published() }

// loses says that the entry's results are losses, because its networks do not classify.
func (g Entry) loses() bool { return g.Model.Loss != nil && !g.Model.Loss.Classes }

// Seeds is the usual number of trainings: five if they vote, one if it takes long, and otherwise three as in the book.
func (g Entry) Seeds() int {
	switch {
	case g.Model.Published.Vote > 0:
		return Voters
	case g.Recipe.Augment == models.Shifts{}:
		return 1
	}
	return best
}

const best = 3 // the book gives the best of about three runs

// Voters is the number of networks that vote in the book.
const Voters = 5

// Verdict says how a figure compares with the book's.
type Verdict string

// Incomplete means that there are too few runs, none of them as good as the book's.
const (
	Missing    Verdict = "missing"
	Incomplete Verdict = "incomplete"
	OK         Verdict = "ok"
	Short      Verdict = "short"
)

// A Row compares a figure with the book's. Accuracies are fractions.
type Row struct {
	Model, What, Set string
	Book, Tolerance  float64
	Wanted, N        int     // trainings
	Best             float64 // of the first three
	Mean, SD         float64 // of all; SD is NaN for fewer than two
	Verdict          Verdict
}

// Rows are the figures that the book has for the entry.
func (g Entry) Rows() []Row {
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
func (g Entry) row(what string, book float64, which func(Result) *Score) Row {
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

func (g Entry) blank(what string, book float64) Row {
	return Row{Model: g.Name, What: what, Set: g.Model.Published.Set, Book: book, Tolerance: g.tolerance(), Wanted: 1,
		Best: math.NaN(), Mean: math.NaN(), SD: math.NaN()}
}

// accuracy is a score on the images that the book's figure is for.
func (g Entry) accuracy(r Result, s Score) float64 {
	if g.Model.Published.Set == "validation" {
		return float64(s.Validation) / float64(r.ValidationTotal)
	}
	return float64(s.Test) / float64(r.TestTotal)
}

// tolerance is how far a figure may be below the book's. The networks of chapters 1 and 3 vary more from run to run.
func (g Entry) tolerance() float64 {
	if c := g.Chapter(); c == 1 || c == 3 {
		return .005
	}
	return .0015
}

// Chapter is the chapter of the book that has the figure; 0 for none.
func (g Entry) Chapter() int { return g.Model.Published.Chapter() }

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

// vote compares the vote of five networks with the vote of the book's five.
func (g Entry) vote() Row {
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
