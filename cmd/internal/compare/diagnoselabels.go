package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// shifted are the labels one further, and one back.
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
		all = append(all, labelled(moved))
	}
	return all
}

// labelled is p with labels of these classes.
func labelled(classes []int) derivation {
	return derivation{before: func(p *problem) *problem {
		q, k := *p, p.outputs()
		q.y = make([]float64, len(p.y))
		for i, c := range classes {
			q.y[i*k+c] = 1
		}
		return &q
	}}
}

// permuted are the labels in another order: in that which the gradients tell, and for networks that are not fully connected one
// example further or back.
func permuted(p *problem) []derivation {
	classes := p.classes()
	var all []derivation
	for _, learnt := range p.learnt() {
		if a, b := slices.Sorted(slices.Values(learnt)), slices.Sorted(slices.Values(classes)); slices.Equal(a, b) {
			all = append(all, labelled(learnt))
		}
	}
	if p.sizes == nil && p.m > 1 && classes != nil {
		last := p.m - 1
		all = append(all, labelled(slices.Concat(classes[last:], classes[:last])), labelled(slices.Concat(classes[1:], classes[:1])))
	}
	return all
}

// otherLabels are those that the gradients tell.
func otherLabels(p *problem) []derivation {
	classes := p.classes()
	var all []derivation
	for _, learnt := range p.learnt() {
		d := labelled(learnt)
		var odd []string
		for i, c := range learnt {
			if c != classes[i] && len(odd) < 3 {
				odd = append(odd, fmt.Sprintf("example %d has %d, and was taken for %d", i, classes[i], c))
			}
		}
		d.where = " " + strings.Join(odd, "; ") + "."
		all = append(all, d)
	}
	return all
}

// learnt are the classes that the gradients of the last layer were computed with, or nothing. They are Σ a δᵀ over the examples: as
// long as there are fewer examples than inputs of the layer, its δ follow from that, and each is one of as many as there are classes.
// The gradients can be means over the mini-batch, or sums.
func (p *problem) learnt() [][]int {
	const most = 256 // examples
	if p.sizes == nil || p.m > most || p.classes() == nil {
		return nil
	}
	last := len(p.sizes) - 1
	w, b := p.user[2*last-2], p.user[2*last-1]
	if w == nil {
		return nil
	}
	r, _ := p.byHand()
	k := p.sizes[last]
	// The sum over examples of a δᵀ, with 1 for the bias's a, is the known side.
	gram := productT(r.a[last-1], r.a[last-1], p.m, p.sizes[last-1], p.m)
	side := product(r.a[last-1], w, p.m, p.sizes[last-1], k)
	if b != nil {
		for i := range gram {
			gram[i]++
		}
		for i := range side {
			side[i] += b[i%k]
		}
	}
	δ := solve(gram, side, p.m, k)
	if δ == nil {
		return nil
	}
	var all [][]int
	for _, by := range []float64{float64(p.m), 1} {
		all = append(all, p.nearestClasses(r, scaled(δ, by)))
	}
	return all
}

// nearestClasses are those whose δ at the output come nearest.
func (p *problem) nearestClasses(r *pass, δ []float64) []int {
	k, right := p.outputs(), derivation{}
	best, least := make([]int, p.m), slices.Repeat([]float64{math.Inf(1)}, p.m)
	for c := range k {
		q := labelled(slices.Repeat([]int{c}, p.m)).before(p)
		of := right.bp1(&pass{q, r.z, r.h, r.a, r.δ}, len(p.sizes)-1)
		for i := range p.m {
			far := 0.
			for j := i * k; j < i*k+k; j++ {
				far += (of[j] - δ[j]) * (of[j] - δ[j])
			}
			if far < least[i] {
				best[i], least[i] = c, far
			}
		}
	}
	return best
}

// solve is the x of a x = b for a (n, n), b (n, k), by elimination, or nil if there is none. It overwrites both.
func solve(a, b []float64, n, k int) []float64 {
	size := 0.
	for i := range n {
		size = max(size, math.Abs(a[i*n+i]))
	}
	for c := range n {
		pivot := c
		for i := c; i < n; i++ {
			if math.Abs(a[i*n+c]) > math.Abs(a[pivot*n+c]) {
				pivot = i
			}
		}
		if math.Abs(a[pivot*n+c]) <= 1e-12*size {
			return nil
		}
		for j := range n {
			a[c*n+j], a[pivot*n+j] = a[pivot*n+j], a[c*n+j]
		}
		for j := range k {
			b[c*k+j], b[pivot*k+j] = b[pivot*k+j], b[c*k+j]
		}
		for i := range n {
			if i != c {
				s := -a[i*n+c] / a[c*n+c]
				axpy(a[i*n:i*n+n], s, a[c*n:c*n+n])
				axpy(b[i*k:i*k+k], s, b[c*k:c*k+k])
			}
		}
	}
	for i := range n {
		for j := range k {
			b[i*k+j] /= a[i*n+i]
		}
	}
	return b
}
