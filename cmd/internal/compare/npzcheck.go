package compare

import (
	"cmp"
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
	coarse float64 // Rel, but 0 where the difference is what float32 would make of a sum that is 0
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
	weights float64     // the tolerance for weights after a step
	chosen  *problem    // the reading of the step before, which is that of all
	moving  []*movement // the optimizers that fit so far, or the first of those that did; nil where the step has no weights after it
	moved   []*movement // those of the last step that has
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
		if err := c.judge(waiting); err != nil {
			return err
		}
		waiting = preferred(problems, c.chosen.alike)
	}
	if err := c.judge(waiting); err != nil {
		return err
	}
	c.nameOptimizers()
	return nil
}

// alike says that a problem has the network and the reading of another.
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
func (c *check) judge(problems []*problem) error {
	for _, p := range problems {
		p.tol = c.finding.Tol
		p.setNoise(c.file.single)
		if c.chosen != nil && c.chosen.step+1 == p.step {
			p.previous = c.chosen.user
		}
	}
	p, diagnosis := c.choose(byCost(problems))
	if err := c.ctx.Err(); err != nil {
		return err
	}
	cost, g, err := p.onGraph()
	if err != nil {
		return p.errorf("%w", err)
	}
	l2 := p.term(g)
	if c.chosen == nil {
		c.finding.Network, c.finding.Reading, c.finding.Notes = p.name, p.reading.String(), p.notes(p.guessed(), l2)
	}
	c.chosen = p
	wrong := c.gradients(p, p.plusDecay(g, l2))
	moved := c.updates(p, g)
	moved = c.statistics(p) || moved
	off, err := c.cost(p, cost)
	if err != nil {
		return err
	}
	if d := c.finding.Diagnosis; d != nil && !slices.Contains(harmless, d.Name) {
		return nil
	}
	switch {
	case moved && !wrong && c.moving != nil && c.moving[0].bug != "":
		c.finding.Diagnosis = named(c.moving[0].bug, "")
	case wrong && c.rounding() && diagnosis.forgivable():
		c.forgive(diagnosis)
	case wrong || !has(p.user) && moved:
		c.finding.Diagnosis = diagnosis
	case moved && has(p.after):
		if diagnosis, _ = diagnose(c.ctx, []*problem{p.implied()}); diagnosis != nil {
			diagnosis.Text = "The gradients are right, and the step is not. " + diagnosis.Text
			c.finding.Diagnosis = diagnosis
		} else if c.rounding() {
			c.forgive(nil)
		}
	case off != "":
		c.finding.Diagnosis = named("cost", off)
	}
	return nil
}

// forgivable says that nothing but rounding, or what is as harmless, needs to have made differences as small as that makes.
func (d *Diagnosis) forgivable() bool {
	return d == nil || generic(d.Name) && d.Name != "decay" || slices.Contains(harmless, d.Name)
}

// harmless are the bugs that are none where all is as near as float32 would be.
var harmless = []string{"float32", "log-epsilon"}

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
			evidence[i] = p.implied()
		}
		if evidence[i].fits() || !has(p.user) && c.optimized(p) {
			return p, nil
		}
	}
	d, found := diagnose(c.ctx, evidence)
	if i := slices.Index(evidence, found); i >= 0 {
		return problems[i], d
	}
	return problems[0], nil
}

// optimized says that the weights after the step are those of an optimizer.
func (c *check) optimized(p *problem) bool {
	g := p.ours()
	return g != nil && slices.ContainsFunc(movements(p), func(m *movement) bool { return p.moves(m.step(p, g), c.weights) })
}

// fits says that the user's gradients are right, by hand, with or without the term of λ.
func (p *problem) fits() bool {
	return !p.hasMisshapen() && slices.ContainsFunc(p.decays(), func(l2 float64) bool { return p.without(l2).isOurs() })
}

// byCost leaves out the problems whose cost is not that in the file, if it is that of others.
func byCost(problems []*problem) []*problem {
	want, err := problems[0].number("cost")
	if err != nil || want == 0 || len(problems) == 1 {
		return problems
	}
	return preferred(problems, func(p *problem) bool {
		cost, _, err := p.onGraph()
		return err == nil && p.costs(cost, want)
	})
}

// costs says that want is the cost, with or without the term of λ.
func (p *problem) costs(cost, want float64) bool {
	near := func(x float64) bool { return math.Abs(want-x) <= max(p.tol, costTolerance)*math.Abs(x) }
	return near(cost) || near(cost+p.l2/2*p.squares())
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
	off := func(l2 float64) float64 { return p.off(p.plusDecay(g, l2)) }
	return slices.MinFunc(p.decays(), func(a, b float64) int { return cmp.Compare(off(a), off(b)) })
}

// rounding says that all differences are such as float32 makes.
func (c *check) rounding() bool {
	f := c.finding
	coarse := !slices.ContainsFunc(f.Tensors, func(t Compared) bool { return !t.Weight && t.coarse > hiddenTolerance })
	return !c.file.single && coarse && f.Weights <= weights32 && c.chosen.tol == tolerance && !c.chosen.hasMisshapen()
}

// forgive takes the differences for rounding of float32, or for something as harmless.
func (c *check) forgive(d *Diagnosis) {
	f := c.finding
	if d == nil || generic(d.Name) {
		d = named("float32", "")
	}
	f.Diagnosis, f.First, f.Tol, c.weights = d, nil, hiddenTolerance, weights32
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Same = t.Same || t.coarse <= hiddenTolerance; !t.Same && f.First == nil {
			f.First = &Beyond{t.Name, !t.Weight, t.Step, t.Difference}
		}
	}
}

// guessed says that the file does not tell what network of its sizes it is of.
func (p *problem) guessed() bool {
	return p.names == nil && (p.text("loss") == "" || len(p.sizes) > 2 && p.text("activation") == "")
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
	dropout := slices.ContainsFunc(p.layers, func(l graph.Layer) bool { return drops(l) && l.(graph.Dropout).P > 0 })
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
