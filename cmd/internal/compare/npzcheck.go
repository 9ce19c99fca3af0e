package compare

import (
	"context"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// Relative differences up to these are rounding, by the type of the file's numbers. Those of float32 are larger for gradients, which
// are sums of products of many rounded numbers, than for weights, and rounding of float32 can come in a file of float64.
const (
	tolerance       = 1e-9
	tolerance32     = 1e-4
	weights32       = 2e-6
	hiddenTolerance = 2e-5
	costTolerance   = 1e-6 // logarithms of activations near 1 are not exact
)

// Finding is what a comparison with a file came to.
type Finding struct {
	Network   string
	Reading   string
	Examples  int // in the first mini-batch
	Steps     int
	Type      string  // of the file's numbers: float32 or float64
	Tol       float64 // for gradients
	Tensors   []Compared
	First     *Beyond // the first difference, from the output backwards; nil if all is the same
	Gradients float64 // the largest relative difference
	Weights   float64 // likewise of the weights after a step
	Diagnosis *Diagnosis
	Notes     []string
}

// Compared is how far a tensor of the file is from the right one, in the step where that is farthest.
type Compared struct {
	Name   string
	Shape  []int // in the file
	Weight bool  // rather than gradient
	Step   int
	Same   bool
	Difference
}

// Check compares the file with the model, or, if that is nil, with the fully connected network that its weights' shapes are of. tol
// is the largest relative difference of gradients that is none, or 0 for what the type of the numbers allows. An error is ctx's, or says
// what in the file cannot be compared.
func (f *File) Check(ctx context.Context, m *models.Model, tol float64) (*Finding, error) {
	c := &check{ctx: ctx, file: f, finding: &Finding{Steps: len(f.steps), Type: "float64", Tol: tolerance}, weights: tolerance}
	if f.single {
		c.finding.Type, c.finding.Tol, c.weights = "float32", tolerance32, weights32
	}
	if tol > 0 {
		c.finding.Tol, c.weights = tol, tol
	}
	if m != nil {
		var err error
		if c.model, err = ofModel(*m); err != nil {
			return nil, err
		}
	}
	if err := c.run(); err != nil {
		return nil, err
	}
	return c.finding, nil
}

// check is a comparison as it goes on.
type check struct {
	ctx     context.Context
	file    *File
	model   *spec
	finding *Finding
	weights float64  // the tolerance for weights after a step
	chosen  *problem // the reading of the step before, which is that of all
}

// run goes through the steps, and looks for a mistake in the first that is wrong.
func (c *check) run() error {
	var waiting []*problem // the step before, which needs the weights of this one
	steps := c.file.steps
	for i, s := range steps {
		problems, err := s.problems(c.model)
		if err != nil {
			return err
		}
		if i == 0 {
			c.finding.Examples, waiting = problems[0].m, problems
			continue
		}
		if steps[i-1].step+1 == s.step {
			for _, p := range waiting {
				p.follow(problems)
			}
		}
		if err := c.judge(steps[i-1], waiting); err != nil {
			return err
		}
		waiting = c.alike(problems)
	}
	return c.judge(steps[len(steps)-1], waiting)
}

// alike are the problems with the network and the reading of the step before.
func (c *check) alike(problems []*problem) []*problem {
	if slices.ContainsFunc(problems, c.chosen.alike) {
		return slices.DeleteFunc(problems, func(p *problem) bool { return !c.chosen.alike(p) })
	}
	return problems
}

func (p *problem) alike(q *problem) bool { return p.name == q.name && p.reading == q.reading }

// follow takes the weights of the next step for those after this one, where η is known and the file has no others.
func (p *problem) follow(next []*problem) {
	if i := slices.IndexFunc(next, p.alike); i >= 0 && p.eta != 0 && !has(p.after) {
		p.after = next[i].values
	}
}

func has(tensors [][]float64) bool {
	return slices.ContainsFunc(tensors, func(x []float64) bool { return x != nil })
}

// judge compares one step, in the reading that fits best.
func (c *check) judge(s *sample, problems []*problem) error {
	for _, p := range problems {
		if p.tol = c.finding.Tol; c.file.single {
			p.noise = p.roundingNoise()
		}
	}
	p, diagnosis := c.choose(c.byCost(s, problems))
	if err := c.ctx.Err(); err != nil {
		return err
	}
	cost, g, err := p.onGraph()
	if err != nil {
		return s.errorf("%w", err)
	}
	l2 := p.term(g)
	if c.chosen == nil {
		c.finding.Network, c.finding.Reading, c.finding.Notes = p.name, p.reading.String(), p.notes(c.model == nil && p.guessed(s), l2)
	}
	c.chosen = p
	wrong := c.gradients(s, p, p.plusDecay(g, l2))
	moved := c.updates(s, p, p.plusDecay(g, p.l2()))
	off, err := c.cost(s, p, cost)
	if err != nil {
		return err
	}
	if d := c.finding.Diagnosis; d != nil && d.Name != "float32" {
		return nil
	}
	switch {
	case wrong && diagnosis == nil && c.rounding():
		c.forgive()
	case wrong || !has(p.user) && moved:
		c.finding.Diagnosis = diagnosis
	case moved:
		if diagnosis, _ = diagnose(c.ctx, []*problem{p.implied(c.file.single)}); diagnosis != nil {
			diagnosis.Text = "The gradients are right, and the step is not. " + diagnosis.Text
			c.finding.Diagnosis = diagnosis
		} else if c.rounding() {
			c.forgive()
		}
	case off != "":
		c.finding.Diagnosis = named("cost", off)
	}
	return nil
}

// named is the diagnosis of a bug by name, with more to say.
func named(name, more string) *Diagnosis {
	i := slices.IndexFunc(Bugs, func(b Bug) bool { return b.Name == name })
	return &Diagnosis{Name: name, Text: Bugs[i].Looks + more}
}

// choose is the problem that fits, or that a mistake explains, or the first. Where the file has no gradients, the weights after the
// step tell.
func (c *check) choose(problems []*problem) (*problem, *Diagnosis) {
	evidence := make([]*problem, len(problems))
	for i, p := range problems {
		if evidence[i] = p; !has(p.user) {
			evidence[i] = p.implied(c.file.single)
		}
		if evidence[i].fits() {
			return p, nil
		}
	}
	d, found := diagnose(c.ctx, evidence)
	if i := slices.Index(evidence, found); i >= 0 {
		return problems[i], d
	}
	return problems[0], nil
}

// fits says that the user's gradients are right, by hand, with or without the term of λ.
func (p *problem) fits() bool {
	return len(p.unsummed) == 0 && slices.ContainsFunc(p.decays(), func(l2 float64) bool { return p.without(l2).isOurs() })
}

// byCost leaves out the problems whose cost is not that in the file, if it is that of others.
func (c *check) byCost(s *sample, problems []*problem) []*problem {
	want, err := s.number("cost")
	if err != nil || want == 0 || len(problems) == 1 {
		return problems
	}
	var fit []*problem
	for _, p := range problems {
		if cost, _, err := p.onGraph(); err == nil && p.costs(cost, want) {
			fit = append(fit, p)
		}
	}
	if fit == nil {
		return problems
	}
	return fit
}

// costs says that want is the cost, with or without the term of λ.
func (p *problem) costs(cost, want float64) bool {
	near := func(x float64) bool { return math.Abs(want-x) <= max(p.tol, costTolerance)*math.Abs(x) }
	return near(cost) || near(cost+p.l2()/2*p.squares())
}

// squares is Σw².
func (p *problem) squares() float64 {
	sum := 0.
	for i, q := range p.params {
		if q.weight {
			sum += dot(p.values[i], p.values[i])
		}
	}
	return sum
}

// term is λ/n where the user's gradients of weights have the term of λ in them, and 0 where they do not.
func (p *problem) term(g [][]float64) float64 {
	best, least := 0., math.Inf(1)
	for _, l2 := range p.decays() {
		if off := p.off(p.plusDecay(g, l2)); off < least {
			best, least = l2, off
		}
	}
	return best
}

// rounding says that all differences are such as float32 makes.
func (c *check) rounding() bool {
	f := c.finding
	return !c.file.single && f.Gradients <= hiddenTolerance && f.Weights <= weights32 && c.chosen.tol == tolerance && len(c.chosen.unsummed) == 0
}

// forgive takes the differences for rounding of float32.
func (c *check) forgive() {
	f := c.finding
	f.Diagnosis, f.First, f.Tol, c.weights = named("float32", ""), nil, hiddenTolerance, weights32
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Same = t.Same || t.Rel <= hiddenTolerance; !t.Same && f.First == nil {
			f.First = &Beyond{t.Name, !t.Weight, t.Step, t.Difference}
		}
	}
}

// implied is p with the gradients that the weights after the step tell. Rounding of the weights is noise in them.
func (p *problem) implied(single bool) *problem {
	epsilon := 0x1p-52
	if single {
		epsilon = 0x1p-23
	}
	q := *p
	q.decayed, q.user, q.noise = true, make([][]float64, len(p.params)), make([]float64, len(p.params))
	for i, after := range p.after {
		if after == nil {
			continue
		}
		q.user[i] = scaled(plus(p.values[i], -1, after), 1/p.eta)
		if p.noise != nil {
			q.noise[i] = p.noise[i]
		}
		for k := range after {
			q.noise[i] = max(q.noise[i], 4*epsilon/p.eta*max(math.Abs(after[k]), math.Abs(p.values[i][k])))
		}
	}
	return &q
}

// guessed says that the file does not tell what network of its sizes it is of.
func (p *problem) guessed(s *sample) bool {
	return s.text("loss") == "" || len(p.sizes) > 2 && s.text("activation") == ""
}

// notes are what the user should know of how the file was read. l2 is what the gradients have in them of the weights.
func (p *problem) notes(guessed bool, l2 float64) []string {
	var notes []string
	if guessed {
		notes = append(notes, "the file does not say which network it is of; a model, or loss='quadratic' and activation='sigmoid' in the file, makes it certain")
	}
	if l2 != 0 {
		notes = append(notes, "the gradients of the weights have the term of λ in them")
	}
	if p.raw {
		notes = append(notes, "x is of bytes, which are taken as byte/256")
	} else if of255(p.x) {
		notes = append(notes, "x looks like byte/255; the book, and stheno train, have byte/256")
	}
	dropout := slices.ContainsFunc(p.layers, func(l graph.Layer) bool {
		d, ok := l.(graph.Dropout)
		return ok && d.P > 0
	})
	if dropout && len(p.masks) == 0 {
		notes = append(notes, "the model has dropout, and the file no masks; all is compared without dropout")
	}
	return notes
}

// of255 says that x are bytes divided by 255.
func of255(x []float64) bool {
	whole := func(v float64) bool { return math.Abs(v-math.Round(v)) < 1e-4 }
	return slices.Max(x) == 1 && !slices.ContainsFunc(x, func(v float64) bool { return v < 0 || !whole(255*v) }) &&
		slices.ContainsFunc(x, func(v float64) bool { return !whole(256 * v) })
}
