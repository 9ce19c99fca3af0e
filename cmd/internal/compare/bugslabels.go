package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// shifted has the labels increased and decreased by one.
func shifted(p *problem) []derivation {
	classes, k := p.classes(), p.outputs()
	if classes == nil {
		return nil
	}
	var all []derivation
	for _, step := range []int{1, k - 1} {
		moved := slices.Clone(classes)
		for i := range moved {
			moved[i] = (moved[i] + step) % k
		}
		all = append(all, labeled(moved))
	}
	return all
}

// labeled is p with these classes as labels.
func labeled(classes []int) derivation {
	return derivation{before: func(p *problem) { p.y = oneHot(classes, p.outputs()) }}
}

// permuted has the labels in another order: the one that the gradients show or, for networks that are not fully connected, moved by one example
// in either direction.
func permuted(p *problem) []derivation {
	classes := p.classes()
	var all []derivation
	for _, learned := range p.learned() {
		if a, b := slices.Sorted(slices.Values(learned)), slices.Sorted(slices.Values(classes)); slices.Equal(a, b) {
			all = append(all, labeled(learned))
		}
	}
	if p.sizes == nil && p.m > 1 && classes != nil {
		last := p.m - 1
		all = append(all, labeled(slices.Concat(classes[last:], classes[:last])), labeled(slices.Concat(classes[1:], classes[:1])))
	}
	return all
}

// otherLabels has the labels that the gradients show.
func otherLabels(p *problem) []derivation {
	classes := p.classes()
	var all []derivation
	for _, learned := range p.learned() {
		var odd []string
		for i, c := range learned {
			if c != classes[i] && len(odd) < 3 {
				odd = append(odd, fmt.Sprintf("example %d is %d, and was taken for %d", i, classes[i], c))
			}
		}
		d := labeled(learned)
		d.where = " " + strings.Join(odd, "; ") + "."
		all = append(all, d)
	}
	return all
}

// learned are the classes that the gradients of the last layer were computed with, if they can be found: an example's δ there is one of as many
// as there are classes. The gradients may be means over the mini-batch, or sums.
func (p *problem) learned() [][]int {
	if p.sizes == nil || p.classes() == nil {
		return nil
	}
	r, _ := p.byHand()
	δ := r.recovered(len(p.sizes) - 1)
	if δ == nil {
		return nil
	}
	return [][]int{p.nearestClasses(r, δ), p.nearestClasses(r, scaled(δ, 1/float64(p.m)))}
}

// recovered is the δ of layer l (m, neurons) behind the user's gradients, or nil. These are the mean of a δᵀ over the examples, so δ can be
// solved for as long as there are fewer examples than inputs of the layer.
func (r *pass) recovered(l int) []float64 {
	const most = 256 // examples
	w, b := r.user[2*l-2], r.user[2*l-1]
	if w == nil || r.m > most {
		return nil
	}
	a := r.a[l-1]
	side := rows(product(a, w, r.m), r.m)
	equations := rows(product(a, turned(a, r.m), r.m), r.m)
	for i, row := range equations {
		if b != nil { // the known side is the sum of a δᵀ over examples, where the bias's a is 1
			axpy(row, 1, same(row, 1))
			axpy(side[i], 1, b)
		}
		equations[i] = slices.Concat(row, side[i])
	}
	if δ := solve(equations); δ != nil {
		return scaled(δ, float64(r.m))
	}
	return nil
}

// nearestClasses are the classes whose δ at the output are closest.
func (p *problem) nearestClasses(r *pass, δ []float64) []int {
	best, least := make([]int, p.m), same(make([]float64, p.m), math.Inf(1))
	for c := range p.outputs() {
		q := *p
		labeled(slices.Repeat([]int{c}, p.m)).before(&q)
		of := *r
		of.problem, of.e = &q, slices.Clone(r.e)
		off := plus(p.given.bp1(&of, len(p.sizes)-1), -1, δ)
		for i, row := range rows(off, p.m) {
			if far := dot(row, row); far < least[i] {
				best[i], least[i] = c, far
			}
		}
	}
	return best
}
