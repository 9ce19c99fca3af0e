package ladder

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Page is docs/results.md.
func (l Ladder) Page() string {
	var b strings.Builder
	b.WriteString("# Results\n\nThis page is made by `stheno ladder --write` from the files in [results](results), one for each training.\n" +
		"`stheno ladder` trains what is missing.\n\n## The book's ladder\n\n" + note + "\n\n")
	head := []string{"model", "figure", "set", "the book", "ours, best of first 3", "mean ± sd", "n", "verdict", "epochs", "s/epoch", "threads", "command"}
	var rows [][]string
	for _, g := range l.Entries {
		for i, r := range g.Rows() {
			rows = append(rows, g.cells(r, i == 0))
		}
	}
	table(&b, head, rows)
	past(&b, l.Entries)
	together(&b, l.Entries)
	ablations(&b, l.Entries)
	trials(&b, l.Tried)
	l.leftOut(&b)
	return b.String()
}

const note = `Accuracies are in percent, on the test or the validation images, as the column *set* says. *Best epoch* is the epoch with the best validation
accuracy; test images never choose anything. The book's figures are the best of about three runs, so ours is the best of the seeds 1 to 3,
beside the mean and the standard deviation of all n runs. The verdict is ok if the best is at most 0.15 points below the book's
figure, or 0.5 in chapters 1 and 3. Seconds are training without evaluation, sometimes beside another training; threads are those
of one training. The small experiments, and the baseline of chapter 1, have [their own page](book-experiments.md).`

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

// spread is a mean, with the standard deviation if there is one.
func spread(mean, sd float64) string {
	if math.IsNaN(sd) {
		return Percent(mean)
	}
	return Percent(mean) + " ± " + Percent(sd)
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

// past is the section with recipes that are not in the book.
func past(b *strings.Builder, entries []Entry) {
	b.WriteString("\n## Past the book\n\nOur own recipes. The test images are scored once for each seed, with the final weights: those of the last epoch if the\n" +
		"recipe trains on all 60,000 images, and otherwise those of the best validation accuracy. Seconds are from images in memory to these\n" +
		"weights, without evaluation; not all are from the same machine.\n\n")
	var rows [][]string
	for _, g := range entries {
		if !g.Published() && !g.Ablation() && g.committee == nil && len(g.Results) > 0 {
			rows = append(rows, g.past())
		}
	}
	table(b, []string{"recipe", "", "n", "test, mean ± sd", "min", "max", "epochs", "s, mean", "threads", "kernel", "command"}, rows)
}

func (g Entry) past() []string {
	tests := g.each(func(r Result) float64 { return float64(r.Best.Test) / float64(r.TestTotal) })
	seconds, _ := moments(g.each(func(r Result) float64 { return r.Seconds }))
	mean, sd := moments(tests)
	return []string{
		g.Name, g.Doc, fmt.Sprint(len(tests)), spread(mean, sd), Percent(slices.Min(tests)), Percent(slices.Max(tests)),
		fmt.Sprint(g.Recipe.Epochs), Seconds(seconds), g.threads(), g.Results[0].Kernel,
		fmt.Sprintf("`stheno ladder --only %s --seeds %d`", g.Name, len(tests)),
	}
}

// together is the section with our networks that vote.
func together(b *strings.Builder, entries []Entry) {
	b.WriteString("\n### Together\n\nThe votes of all seeds of a recipe, or of the committee, none left out, as counted by `stheno eval RUN… --vote`: by majority, and by the mean of the outputs.\n\n")
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

// ablations is the section with the ablations.
func ablations(b *strings.Builder, entries []Entry) {
	b.WriteString("\n## Ablations\n\nWhat each choice is worth: a recipe on 50,000 images with one choice undone, measured on the validation images after the best epoch.\n" +
		"The difference is to the recipe with nothing undone. *Nine shifts* are the same networks with outputs averaged over the image and its\n" +
		"shifts by one pixel. `stheno ladder --ablations` trains what is missing.\n\n")
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
	b.WriteString("\n## Configurations tried\n\nThe book's recipes were taken as they are. For our own, this counts the configurations that were compared on validation images before\n" +
		"the recipe was fixed.\n\n")
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
