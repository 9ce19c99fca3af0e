package diagram

import (
	"cmp"
	"math"
	"slices"
)

// The distances between boxes in a row, between a link and what is beside it, and between rows.
const (
	gapX    = 28.
	gapBend = 12.
	gapY    = 30.
)

// place finds where in its row each node is: as near as may be to straight above or below its neighbours.
func (c *chart) place() {
	for _, row := range c.rows {
		for i, n := range row[1:] {
			n.x = row[i].x + apart(row[i], n)
		}
	}
	best, least := c.xs(), c.slant()
	for i := range 16 {
		for j := range c.rows {
			if i%2 == 0 {
				settle(c.rows[j], func(n *node) []*tie { return n.up })
			} else {
				settle(c.rows[len(c.rows)-1-j], func(n *node) []*tie { return n.down })
			}
		}
		for _, row := range c.rows {
			settle(row, func(n *node) []*tie { return append(slices.Clone(n.up), n.down...) })
		}
		if s := c.slant(); s < least {
			best, least = c.xs(), s
		}
	}
	for n, x := range best {
		n.x = x
	}
	c.straighten()
}

// straighten moves runs of nodes that hang straight below each other, as a whole, to where more of their ties are upright: one node
// alone gains nothing by a move that its run does.
func (c *chart) straighten() {
	c.number()
	for range 4 {
		moved := false
		for _, row := range c.rows {
			for _, n := range row {
				for _, t := range n.down {
					moved = c.shift(t.lower, t.slant()) || c.shift(t.upper, -t.slant()) || moved
				}
			}
		}
		if !moved {
			return
		}
	}
}

// slant is how far the tie's upper end is to the right of the lower one.
func (t *tie) slant() float64 { return t.upper.x + t.upper.out - t.lower.x - t.lower.in }

// upright is how many pixels are nothing.
const upright = .01

// shift moves the run around n to the right by so much, if there is room and the links become more upright.
func (c *chart) shift(n *node, by float64) bool {
	if math.Abs(by) < upright {
		return false
	}
	c.runs++
	run := n.gather(c.runs)
	gain := 0.
	for _, n := range run {
		row, i := c.rows[n.row], int(n.order)
		if i > 0 && row[i-1].run != c.runs && n.x+by-row[i-1].x < apart(row[i-1], n) ||
			i+1 < len(row) && row[i+1].run != c.runs && row[i+1].x-n.x-by < apart(n, row[i+1]) {
			return false
		}
		for _, t := range n.up {
			gain += t.gain(-by)
		}
		for _, t := range n.down {
			gain += t.gain(by)
		}
	}
	if gain < upright {
		return false
	}
	for _, n := range run {
		n.x += by
	}
	return true
}

// gather is the run around n, whose nodes get its number.
func (n *node) gather(number int) []*node {
	n.run = number
	run := []*node{n}
	add := func(t *tie, o *node) {
		if o.run != number && math.Abs(t.slant()) < upright {
			o.run = number
			run = append(run, o)
		}
	}
	for i := 0; i < len(run); i++ {
		for _, t := range run[i].up {
			add(t, t.upper)
		}
		for _, t := range run[i].down {
			add(t, t.lower)
		}
	}
	return run
}

// gain is how much more upright a tie gets if its slant grows by so much, because one end moves with its run. One in the run stays.
func (t *tie) gain(by float64) float64 {
	if t.upper.run == t.lower.run {
		return 0
	}
	return t.weight() * (math.Abs(t.slant()) - math.Abs(t.slant()+by))
}

// apart is the least distance of the centres of neighbours in a row.
func apart(a, b *node) float64 {
	gap := gapX
	if a.bend || b.bend {
		gap = gapBend
	}
	return (a.w+b.w)/2 + gap
}

func (c *chart) xs() map[*node]float64 {
	xs := map[*node]float64{}
	for _, row := range c.rows {
		for _, n := range row {
			xs[n] = n.x
		}
	}
	return xs
}

// slant is how far from upright the links are, in all.
func (c *chart) slant() (sum float64) {
	for _, row := range c.rows {
		for _, n := range row {
			for _, t := range n.down {
				sum += t.weight() * math.Abs(t.slant())
			}
		}
	}
	return sum
}

// weight is how much it matters that the tie is upright: a long link's middle most.
func (t *tie) weight() float64 {
	switch {
	case t.upper.bend && t.lower.bend:
		return 8
	case t.link.light:
		return .25
	case t.upper.bend || t.lower.bend:
		return 1
	}
	return 4
}

// wish is where a tie would have a node.
type wish struct{ x, weight float64 }

// group is a run of a row's nodes that stand as near as they may. Its wishes are for its first node.
type group struct {
	nodes  []*node
	widths []float64 // of each node's centre from the first's
	wishes []wish
	x      float64
}

// settle moves a row's nodes to where the sum of the distances to what their ties wish is least, in the order that they have: nodes
// that would meet become a group, which goes to the median of all of its wishes.
func settle(row []*node, ties func(*node) []*tie) {
	var groups []*group
	for _, n := range row {
		g := &group{nodes: []*node{n}, widths: []float64{0}}
		for _, t := range ties(n) {
			at := t.upper.x + t.upper.out - n.in
			if t.upper == n {
				at = t.lower.x + t.lower.in - n.out
			}
			g.wishes = append(g.wishes, wish{at, t.weight()})
		}
		if len(g.wishes) == 0 {
			g.wishes = []wish{{n.x, .1}}
		}
		g.x = median(g.wishes)
		for len(groups) > 0 && groups[len(groups)-1].end(g.nodes[0]) > g.x {
			last := groups[len(groups)-1]
			last.take(g)
			groups, g = groups[:len(groups)-1], last
		}
		groups = append(groups, g)
	}
	for _, g := range groups {
		for i, n := range g.nodes {
			n.x = g.x + g.widths[i]
		}
	}
}

// end is the least x for a node that follows the group.
func (g *group) end(next *node) float64 {
	last := len(g.nodes) - 1
	return g.x + g.widths[last] + apart(g.nodes[last], next)
}

// take adds another group to the right.
func (g *group) take(right *group) {
	width := g.end(right.nodes[0]) - g.x
	for _, w := range right.widths {
		g.widths = append(g.widths, w+width)
	}
	for _, w := range right.wishes {
		g.wishes = append(g.wishes, wish{w.x - width, w.weight})
	}
	g.nodes = append(g.nodes, right.nodes...)
	g.x = median(g.wishes)
}

// median is the middle of the wishes by weight, or half way where two are the middle.
func median(wishes []wish) float64 {
	sorted := slices.SortedStableFunc(slices.Values(wishes), func(a, b wish) int { return cmp.Compare(a.x, b.x) })
	total, sum := 0., 0.
	for _, w := range sorted {
		total += w.weight
	}
	for i, w := range sorted {
		sum += w.weight
		if sum == total/2 && i+1 < len(sorted) {
			return (w.x + sorted[i+1].x) / 2
		}
		if sum > total/2 {
			return w.x
		}
	}
	return sorted[len(sorted)-1].x
}

// attach puts the ends of a node's links beside each other on its edge, in the order of where they come from: an upright one in the
// middle if there is one.
func (c *chart) attach() {
	for _, row := range c.rows {
		for _, n := range row {
			n.spread(n.up, n.in, func(t *tie) (x float64, end *float64) { return t.upper.x + t.upper.out, &t.link.ends[1] })
			n.spread(n.down, n.out, func(t *tie) (x float64, end *float64) { return t.lower.x + t.lower.in, &t.link.ends[0] })
		}
	}
}

func (n *node) spread(ties []*tie, middle float64, other func(*tie) (x float64, end *float64)) {
	if n.bend {
		return
	}
	ties = slices.SortedStableFunc(slices.Values(ties), func(a, b *tie) int {
		xa, _ := other(a)
		xb, _ := other(b)
		return cmp.Compare(xa, xb)
	})
	centre := float64(len(ties)-1) / 2
	for i, t := range ties {
		if x, _ := other(t); math.Abs(x-n.x-middle) < 1 {
			centre = float64(i)
		}
	}
	step := min(14, n.w*.4/max(1, centre, float64(len(ties)-1)-centre))
	if n.fixed {
		step = 0
	}
	for i, t := range ties {
		_, end := other(t)
		*end = middle + (float64(i)-centre)*step
	}
}

// stack puts the rows below each other, with more room between them where links go far to the side.
func (c *chart) stack() {
	y := 0.
	for _, row := range c.rows {
		height, far := 0., 0.
		for _, n := range row {
			height = max(height, n.h)
		}
		for _, n := range row {
			n.y, n.top, n.bottom = y+(height-n.h)/2, y, y+height
			for _, t := range n.down {
				far = max(far, math.Abs(n.x-t.lower.x))
			}
		}
		y += height + gapY + min(40, far/12)
	}
}
