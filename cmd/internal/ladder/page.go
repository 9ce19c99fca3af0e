package ladder

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Page is docs/results.md.
func (l Ladder) Page() string {
	var b strings.Builder
	b.WriteString("# Results\n\n`stheno ladder --write` makes this page from the files in [results](results), one for each training. Each file has the command, the kernel and\n" +
		"the number of threads, and `git log docs/results` shows when it was added. `stheno ladder` runs the trainings that are missing.\n\n## The book's ladder\n\n" + note + "\n\n")
	head := []string{"model", "figure", "set", "the book", "ours, best of first 3", "mean ± sd", "n", "verdict", "epochs", "s/epoch", "threads", "command"}
	var rows [][]string
	for _, g := range l.Entries {
		for i, r := range g.Rows() {
			rows = append(rows, g.cells(r, i == 0))
		}
	}
	table(&b, head, rows)
	others(&b, l.Entries)
	past(&b, l.Entries)
	together(&b, l.Entries)
	ablations(&b, l.Entries)
	trials(&b, l.Tried)
	l.leftOut(&b)
	return b.String()
}

const note = `Accuracies are in percent. The column *set* says whether they are those of the test images or of the validation images. *Best epoch* is the
epoch with the best validation accuracy; no choice uses the test images. The book's figures are the best of about three runs. So ours is the
best of seeds 1 to 3, if there are that many, and beside it are the mean and the standard deviation of all n runs. The verdict is ok if our best
is at most 0.15 points below the book's figure, or 0.5 points in chapters 1 and 3. Seconds are training time without evaluation. Some trainings
shared the machine with another one; the threads are those of one training. The small experiments and the baseline of chapter 1 have
[a page of their own](book-experiments.md).`

// table writes rows below a head, or "None yet."
func table(b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		b.WriteString("None yet.\n")
		return
	}
	rule := slices.Repeat([]string{"---"}, len(head))
	for _, cells := range append([][]string{head, rule}, rows...) {
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

// cells are a figure's row. Only an entry's first row has the cells that belong to the entry as a whole.
func (g Entry) cells(r Row, first bool) []string {
	cells := []string{"", r.What, r.Set, Percent(r.Book), "", "", fmt.Sprintf("%d of %d", r.N, r.Wanted), r.Judgment(), "", "", "", ""}
	if r.N > 0 {
		cells[4], cells[5] = Percent(r.Best), spread(r.Mean, r.SD)
	}
	if r.N > r.Wanted {
		cells[6] = fmt.Sprint(r.N)
	}
	if !first {
		return cells
	}
	cells[0], cells[8], cells[11] = g.Name, fmt.Sprint(g.Recipe.Epochs), "`stheno train "+g.Name+" --seed N`"
	if len(g.Results) > 0 {
		seconds, _ := moments(g.each(func(r Result) float64 { return r.Seconds / float64(r.Epochs) }))
		cells[9], cells[10] = Seconds(seconds), g.threads()
	}
	return cells
}

// Judgment is the verdict, with the number of points below the book's figure.
func (r Row) Judgment() string {
	if r.Verdict == Short || r.Verdict == Incomplete {
		return fmt.Sprintf("%s by %.2f", r.Verdict, 100*(r.Book-r.Best))
	}
	return string(r.Verdict)
}

// Percent is a fraction as a percentage, without the sign.
func Percent(x float64) string { return fmt.Sprintf("%.2f", 100*x) }

// spread is a mean with the standard deviation where there is one.
func spread(mean, sd float64) string { return around(mean, sd, Percent) }

func around(mean, sd float64, write func(float64) string) string {
	if math.IsNaN(sd) {
		return write(mean)
	}
	return write(mean) + " ± " + write(sd)
}

// Seconds is a time to three digits.
func Seconds(s float64) string {
	switch {
	case s < 1:
		return fmt.Sprintf("%.3f", s)
	case s < 10:
		return fmt.Sprintf("%.2f", s)
	case s < 100:
		return fmt.Sprintf("%.1f", s)
	}
	return fmt.Sprintf("%.0f", s)
}

// each is f of each result.
func (g Entry) each(f func(Result) float64) []float64 {
	var values []float64
	for _, r := range g.Results {
		values = append(values, f(r))
	}
	return values
}

// threads lists the numbers of threads of the trainings.
func (g Entry) threads() string {
	var all []string
	for _, r := range g.Results {
		if n := fmt.Sprint(r.Threads); !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return strings.Join(all, ", ")
}

// others is the section of the networks that were published elsewhere.
func others(b *strings.Builder, entries []Entry) {
	b.WriteString("\n## Networks of others\n\nThese networks were published elsewhere. If the source has a figure for MNIST, the recipe is the source's, as closely as ours can be; otherwise\n" +
		"it is our own. The pixels are byte/256. The figure of an autoencoder is its loss. The next section says which weights the test images score, and\nwhat the seconds are.\n\n")
	var rows [][]string
	for _, g := range entries {
		if !g.elsewhere() {
			continue
		}
		p, cells := g.Model.Published, g.ours()
		figure := ""
		switch {
		case p.Loss > 0:
			figure = fmt.Sprintf("loss %g", p.Loss)
		case p.Accuracy > 0:
			figure = Percent(p.Accuracy)
		}
		rows = append(rows, append([]string{g.Name, p.Source, figure}, cells...))
	}
	table(b, append([]string{"network", "source", "published"}, ourHead...), rows)
}

// past is the section of the recipes that nobody else published.
func past(b *strings.Builder, entries []Entry) {
	b.WriteString("\n## Past the book\n\nThese recipes are our own. The test images are scored once for each seed, with the weights that the recipe ends with. Those are the weights of\n" +
		"the last epoch if it trains on all 60,000 images, and otherwise those of the best validation accuracy. Seconds are the time from images in\n" +
		"memory to these weights, without evaluation. They are not all from the same machine.\n\n")
	var rows [][]string
	for _, g := range entries {
		if g.Model.Published.Source == "" && !g.Ablation() && g.committee == nil && len(g.Results) > 0 {
			rows = append(rows, append([]string{g.Name, g.Doc}, g.ours()...))
		}
	}
	table(b, append([]string{"recipe", ""}, ourHead...), rows)
}

// ourHead is the head of ours.
var ourHead = []string{"n", "test, mean ± sd", "min", "max", "epochs", "s, mean", "threads", "kernel", "command"}

// ours are what trainings gave, in cells.
func (g Entry) ours() []string {
	n := len(g.Results)
	cells := []string{fmt.Sprint(n), "", "", "", fmt.Sprint(g.Recipe.Epochs), "", "", "", fmt.Sprintf("`stheno ladder --only %s --seeds %d`", g.Name, cmp.Or(n, g.Seeds()))}
	if n == 0 {
		return cells
	}
	tests, write := g.each(func(r Result) float64 { return float64(r.Best.Test) / float64(r.TestTotal) }), Percent
	if g.loses() {
		tests, write = g.each(func(r Result) float64 { return r.Loss }), func(x float64) string { return fmt.Sprintf("%.4f", x) }
	}
	seconds, _ := moments(g.each(func(r Result) float64 { return r.Seconds }))
	mean, sd := moments(tests)
	cells[1], cells[2], cells[3] = around(mean, sd, write), write(slices.Min(tests)), write(slices.Max(tests))
	cells[5], cells[6], cells[7] = Seconds(seconds), g.threads(), g.Results[0].Kernel
	return cells
}

// together is the section of networks of ours that answer together.
func together(b *strings.Builder, entries []Entry) {
	b.WriteString("\n### Together\n\nHere several networks answer together: by majority, and by the mean of their outputs, as `stheno eval RUN… --vote` counts them. Each row has all\n" +
		"seeds of a recipe, or all those of the committee. None are left out.\n\n")
	var rows [][]string
	for _, g := range entries {
		if g.Vote == nil || g.Published() {
			continue
		}
		seconds := 0.
		for _, r := range g.Results[:len(g.Vote.Members)] {
			seconds += r.Seconds
		}
		share := func(correct int) string { return Percent(float64(correct) / float64(g.Vote.TestTotal)) }
		name := g.Name
		if g.committee != nil {
			name += ": " + g.Seats()
		}
		rows = append(rows, []string{name, fmt.Sprint(len(g.Vote.Members)), share(g.Vote.Majority), share(g.Vote.Mean), Seconds(seconds)})
	}
	table(b, []string{"recipe", "networks", "majority", "mean of outputs", "s, all"}, rows)
}

// ablations is the section of recipes with a choice undone.
func ablations(b *strings.Builder, entries []Entry) {
	b.WriteString("\n## Ablations\n\nAn ablation shows what a choice is worth: a recipe trains on 50,000 images with one of its choices undone. The accuracy is that of the validation\n" +
		"images after the best epoch, and the difference is from the recipe with nothing undone. *Nine shifts* are the same networks with their outputs\n" +
		"averaged over the image and its shifts by a pixel. `stheno ladder --ablations` runs the trainings that are missing.\n\n")
	var rows [][]string
	whole := map[string]float64{} // by recipe
	for _, g := range entries {
		if !g.Ablation() || len(g.Results) == 0 {
			continue
		}
		mean, sd := moments(g.each(func(r Result) float64 { return float64(r.Best.Validation) / float64(r.ValidationTotal) }))
		difference := ""
		if base, ok := whole[g.ablation.Of]; ok {
			difference = fmt.Sprintf("%+.2f", 100*(mean-base))
		} else {
			whole[g.ablation.Of] = mean
		}
		seconds, _ := moments(g.each(func(r Result) float64 { return r.Seconds }))
		rows = append(rows, []string{
			g.ablation.Of, g.ablation.What, fmt.Sprint(len(g.Results)), spread(mean, sd), difference, g.shifted(), Seconds(seconds), g.threads(),
		})
	}
	table(b, []string{"recipe", "undone", "n", "validation, mean ± sd", "difference", "nine shifts", "s, mean", "threads"}, rows)
}

// shifted is the accuracy with outputs averaged over shifts; "" unless all results have it.
func (g Entry) shifted() string {
	values := g.each(func(r Result) float64 { return float64(r.Shifted) / float64(r.ValidationTotal) })
	if slices.Min(values) == 0 {
		return ""
	}
	return spread(moments(values))
}

// trials is the section that says how many configurations were tried.
func trials(b *strings.Builder, tried []Tried) {
	b.WriteString("\n## Configurations tried\n\nThe book's recipes were used as they are. For our own recipes, this is how many configurations were compared on validation images before the\n" +
		"recipe was final.\n\n")
	var rows [][]string
	for _, t := range tried {
		rows = append(rows, []string{t.Recipe, fmt.Sprint(t.Configurations)})
	}
	table(b, []string{"recipe", "configurations"}, rows)
}

// leftOut lists the results that are in no table.
func (l Ladder) leftOut(b *strings.Builder) {
	var lines []string
	for _, g := range l.Entries {
		for _, r := range g.Stale {
			lines = append(lines, fmt.Sprintf("- %s: the recipe of %s has changed since; `stheno ladder --only %s` trains it again\n", r.Name(), g.Name, g.Name))
		}
	}
	for _, r := range l.Strangers {
		lines = append(lines, fmt.Sprintf("- %s: the catalogue has no %s\n", r.Name(), r.Model))
	}
	if len(lines) > 0 {
		b.WriteString("\n## Left out\n\n" + strings.Join(lines, ""))
	}
}
