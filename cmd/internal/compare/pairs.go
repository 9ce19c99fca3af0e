package compare

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// diagnoseTwo is diagnose for two mistakes. A mistake that explains more than a right program counts as right, and a second is searched for
// beside it.
func diagnoseTwo(ctx context.Context, problems []*problem) (*Diagnosis, *problem) {
	all := search(ctx, problems, (*problem).pairs)
	if len(all) == 0 {
		return nil, nil
	}
	first := all[0]
	return first.pair, problems[first.problem]
}

// pairs are the mistakes beside which another explains the gradients without c times the weights. The first of a pair either explains some
// gradients alone, as a mistake at the output explains those of the last layer, or comes before everything, with the second at the output.
func (p *problem) pairs(ctx context.Context, c float64) []suspect {
	const most = 24 // each needs a search of its own
	q := p.without(c)
	right := q.explained(q.ours())
	first := slices.DeleteFunc(p.singles[c], func(s suspect) bool { return s.times != 0 || generic(Bugs[s.bug].Name) })
	slices.SortStableFunc(first, func(a, b suspect) int { return cmp.Or(b.explained-a.explained, a.rank-b.rank) })
	var found []suspect
	for i, a := range first {
		switch {
		case a.explained > right && i < most:
			found = append(found, p.beside(ctx, c, a, Bugs)...)
		case a.explained <= right && a.before != nil && !p.guessed():
			found = append(found, p.beside(ctx, c, a, slices.Concat(outputErrors, softmaxes))...)
		}
	}
	return found
}

// beside are the bugs that explain the gradients together with a.
func (p *problem) beside(ctx context.Context, c float64, a suspect, bugs []Bug) []suspect {
	wanted := func(bug int) bool {
		name := Bugs[bug].Name
		return bug != a.bug && !scale(name) && !generic(name) && slices.ContainsFunc(bugs, func(b Bug) bool { return b.Name == name })
	}
	var found []suspect
	for _, b := range p.with(a.derivation).suspects(ctx, c, wanted) {
		if b.err <= p.tol {
			b.rank += a.rank
			b.pair = &Diagnosis{
				Name: Bugs[a.bug].Name, Beside: Bugs[b.bug].Name,
				Text: fmt.Sprintf("%s There is a second mistake, %s: %s", Bugs[a.bug].Looks+a.where, Bugs[b.bug].Name, b.text),
			}
			found = append(found, b)
		}
	}
	return found
}

// scale reports whether a bug is a factor of all gradients.
func scale(bug string) bool {
	return slices.ContainsFunc(known, func(f factor) bool { return f.bug == bug })
}
