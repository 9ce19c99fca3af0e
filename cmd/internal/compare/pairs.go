package compare

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// diagnoseTwo is diagnose for two mistakes: one that explains more than a right program does is taken for right, and another is looked
// for beside it.
func diagnoseTwo(ctx context.Context, problems []*problem) (*Diagnosis, *problem) {
	all := search(ctx, problems, (*problem).pairs)
	if len(all) == 0 {
		return nil, nil
	}
	first := all[0]
	return first.pair, problems[first.problem]
}

// pairs are the mistakes beside which another explains the gradients, c times the weights left aside.
func (p *problem) pairs(ctx context.Context, c float64) []suspect {
	outputFrom := slices.IndexFunc(Bugs, func(b Bug) bool { return b.Name == outputErrors[0].Name })
	outputTo := outputFrom + len(outputErrors) + len(softmaxes)
	const most = 24 // The likeliest come first, and each is a search of its own.
	q := p.without(c)
	right := q.explained(q.ours())
	first := slices.DeleteFunc(p.singles[c], func(s suspect) bool { return s.times != 0 || generic(Bugs[s.bug].Name) })
	slices.SortStableFunc(first, func(a, b suspect) int { return cmp.Or(b.explained-a.explained, a.rank-b.rank) })
	var found []suspect
	tried := 0
	for _, a := range first {
		output := a.explained <= right // Then it can be a mistake ahead of everything, with one at the output.
		if output && (a.before == nil || p.guessed()) || a.explained > right && tried == most {
			continue
		}
		if !output {
			tried++
		}
		given := p.with(a.derivation)
		for _, b := range given.suspects(ctx, c, func(bug int) bool {
			return bug != a.bug && bug >= outputFrom && !generic(Bugs[bug].Name) && (!output || bug < outputTo)
		}) {
			if b.err <= p.tol {
				b.pair = &Diagnosis{
					Name: Bugs[a.bug].Name, Beside: Bugs[b.bug].Name,
					Text: fmt.Sprintf("%s And besides, %s: %s", Bugs[a.bug].Looks+a.where, Bugs[b.bug].Name, b.text),
				}
				b.rank += a.rank
				found = append(found, b)
			}
		}
	}
	return found
}
