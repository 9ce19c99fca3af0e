package compare

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// Relative differences up to these are rounding, by the type of the file's numbers. In float32 they are larger for gradients, which are sums of
// many rounded products, than for weights. A file of float64 may contain rounding of float32.
const (
	tolerance       = 1e-9
	tolerance32     = 1e-4
	weights32       = 2e-6
	hiddenTolerance = 2e-5
	costTolerance   = 1e-6 // logarithms of activations near 1 are not exact
)

// Finding is the result of a comparison with a file.
type Finding struct {
	Network   string
	Layout    string
	Examples  int // of the first mini-batch
	Steps     int
	Type      string  // of the file's numbers: float32 or float64
	Tol       float64 // for gradients
	Tensors   []Compared
	First     *Beyond // the first difference, from the output backwards; nil if all is the same
	Gradients float64 // the largest relative difference of gradients
	Weights   float64 // the largest relative difference of weights after a step
	Diagnosis *Diagnosis
	Notes     []string
}

// Compared is the difference of a tensor of the file from the right one, in the step where it is largest.
type Compared struct {
	Name   string
	Shape  []int // in the file
	Weight bool  // rather than gradient
	Step   int
	Same   bool
	Difference
	coarse float64 // Rel, but 0 if float32 could make the difference from a sum that is 0
}

// Check compares the file with the model or, if that is nil, with the fully connected network that its weights' shapes suggest. tol is the largest
// relative difference of gradients that passes; 0 means a value for the type of the numbers. The error is ctx's, or says what in the file cannot be
// compared.
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

// check is a comparison in progress.
type check struct {
	ctx     context.Context
	file    *File
	model   *spec
	finding *Finding
	weights float64     // the tolerance for weights after a step
	chosen  *problem    // the network and layout of the step before, which all steps share
	moving  []*movement // the optimizers that fit so far, or the first that once fit; nil if the step has no weights after it
	moved   []*movement // the same for the last step that has weights after it
}

// run goes through the steps, and diagnoses the first that is wrong.
func (c *check) run() error {
	var waiting []*problem // the previous step, which needs this step's weights
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

// alike reports whether two problems have the same network and layout.
func (p *problem) alike(q *problem) bool { return p.name == q.name && p.layout == q.layout }

// follow uses the weights of the next step as the weights after this one, if η is known and the file has none.
func (p *problem) follow(next []*problem) {
	if i := slices.IndexFunc(next, p.alike); i >= 0 && p.eta != 0 && !has(p.after) {
		p.after = next[i].values
	}
}

func has(tensors [][]float64) bool {
	return slices.ContainsFunc(tensors, func(x []float64) bool { return x != nil })
}

// judge compares one step, in the layout that fits best.
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
		c.finding.Network, c.finding.Layout, c.finding.Notes = p.name, p.layout.String(), p.notes(p.guessed(), l2)
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
			diagnosis.Text = "The gradients are right, but the step is wrong. " + diagnosis.Text
			c.finding.Diagnosis = diagnosis
		} else if c.rounding() {
			c.forgive(nil)
		}
	case off != "":
		c.finding.Diagnosis = named("cost", off)
	}
	return nil
}

// forgivable reports whether no real mistake is needed: rounding, or something as harmless, may have made the differences.
func (d *Diagnosis) forgivable() bool {
	return d == nil || generic(d.Name) && d.Name != "decay" || slices.Contains(harmless, d.Name)
}

// harmless are the bugs that do not count if everything is as close as float32 would be.
var harmless = []string{"float32", "log-epsilon"}

// named is the diagnosis of the named bug, with more text.
func named(name, more string) *Diagnosis {
	i := slices.IndexFunc(Bugs, func(b Bug) bool { return b.Name == name })
	return &Diagnosis{Name: name, Text: Bugs[i].Looks + more}
}

// choose is the problem that fits, or that a mistake explains, or else the first. If the file has no gradients, the weights after the step decide.
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

// optimized reports whether an optimizer explains the weights after the step.
func (c *check) optimized(p *problem) bool {
	g := p.ours()
	return g != nil && slices.ContainsFunc(movements(p), func(m *movement) bool { return p.moves(m.step(p, g), c.weights) })
}

// fits reports whether the user's gradients are right by hand, with or without the term of λ.
func (p *problem) fits() bool {
	return !p.hasMisshapen() && slices.ContainsFunc(p.decays(), func(l2 float64) bool { return p.without(l2).isOurs() })
}

// byCost leaves out problems whose cost differs from the file's, if there are others with that cost.
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

// costs reports whether want is the cost, with or without the term of λ.
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

// term is λ/n if the user's gradients of weights include the term of λ, and otherwise 0.
func (p *problem) term(g [][]float64) float64 {
	off := func(l2 float64) float64 { return p.off(p.plusDecay(g, l2)) }
	return slices.MinFunc(p.decays(), func(a, b float64) int { return cmp.Compare(off(a), off(b)) })
}

// rounding reports whether float32 could make all differences.
func (c *check) rounding() bool {
	f := c.finding
	coarse := !slices.ContainsFunc(f.Tensors, func(t Compared) bool { return !t.Weight && t.coarse > hiddenTolerance })
	return !c.file.single && coarse && f.Weights <= weights32 && c.chosen.tol == tolerance && !c.chosen.hasMisshapen()
}

// forgive treats the differences as rounding of float32, or something as harmless.
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

// guessed reports whether the file leaves open which network of its sizes it belongs to.
func (p *problem) guessed() bool {
	return p.names == nil && (p.text("loss") == "" || len(p.sizes) > 2 && p.text("activation") == "")
}

// notes say how the file was read. l2 is the multiple of the weights that the gradients include.
func (p *problem) notes(guessed bool, l2 float64) []string {
	var notes []string
	if guessed {
		notes = append(notes, "the file does not say which network it belongs to; name a model, or add loss='quadratic' and activation='sigmoid' to the file, to be certain")
	}
	if l2 != 0 {
		notes = append(notes, "the gradients of the weights include the term of λ")
	}
	if p.raw {
		notes = append(notes, "x has bytes, which are read as byte/256")
	} else if of255(p.x) {
		notes = append(notes, "x looks like byte/255; the book and stheno train use byte/256")
	}
	dropout := slices.ContainsFunc(p.layers, func(l graph.Layer) bool { return drops(l) && l.(graph.Dropout).P > 0 })
	if dropout && len(p.masks) == 0 {
		notes = append(notes, "the model has dropout, but the file has no masks; everything is compared without dropout")
	}
	return notes
}

// of255 reports whether x looks like bytes divided by 255.
func of255(x []float64) bool {
	whole := func(v float64) bool { return math.Abs(v-math.Round(v)) < 1e-4 }
	return slices.Max(x) == 1 && !slices.ContainsFunc(x, func(v float64) bool { return v < 0 || !whole(255*v) }) &&
		slices.ContainsFunc(x, func(v float64) bool { return !whole(256 * v) })
}
