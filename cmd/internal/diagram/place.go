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

// How often all rows settle by squares, down and up, and then by distances. A thousand sweeps make the links of resnet, the largest of the
// catalogue, 7 % more upright.
const (
	sweeps   = 200
	polishes = 4
)

// place finds where in its row each node is, so that links are as upright as may be. Sums of squares come first, softly weighed so that
// they turn into sums of distances: these let long chains move as one, where medians alone would leave them as stairs.
func (c *chart) place() {
	for _, row := range c.rows {
		for i, n := range row[1:] {
			n.x = row[i].x + apart(row[i], n)
		}
	}
	for i := range sweeps {
		soft := max(2, 200/float64(i+1))
		for _, row := range c.rows {
			settle(row, soft)
		}
		for _, row := range slices.Backward(c.rows) {
			settle(row, soft)
		}
	}
	for range polishes {
		for _, row := range c.rows {
			settle(row, 0)
		}
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

// apart is the least distance of the centers of neighbors in a row.
func apart(a, b *node) float64 {
	gap := gapX
	if a.bend || b.bend {
		gap = gapBend
	}
	return (a.w+b.w)/2 + gap
}

// weight is how much it matters that the tie is upright: a long link's middle most.
func (t *tie) weight() float64 {
	switch {
	case t.link.light && t.upper.bend && t.lower.bend:
		return 1
	case t.link.light:
		return .1
	case t.upper.bend && t.lower.bend:
		return 4
	case t.upper.bend || t.lower.bend:
		return 1
	}
	return 16
}

// wish is where a tie would have a node.
type wish struct{ x, weight float64 }

// group is a run of a row's nodes that stand as near as they may. Its wishes are for its first node.
type group struct {
	nodes  []*node
	widths []float64 // of each node's center from the first's
	wishes []wish
	soft   bool
	x      float64
}

// settle moves a row's nodes, in the order that they have, to where the ties around them are shortest: by the sum of their slants, or if
// soft is above 0 by the sum of the squares, each over the slant that it has now and soft pixels. Nodes that would meet become a group,
// which goes to the middle of all of its wishes.
func settle(row []*node, soft float64) {
	var groups []*group
	for _, n := range row {
		g := &group{nodes: []*node{n}, widths: []float64{0}, soft: soft > 0}
		add := func(t *tie, at float64) {
			weight := t.weight()
			if soft > 0 {
				weight /= math.Abs(t.slant()) + soft
			}
			g.wishes = append(g.wishes, wish{at, weight})
		}
		for _, t := range n.up {
			add(t, t.upper.x+t.upper.out-n.in)
		}
		for _, t := range n.down {
			add(t, t.lower.x+t.lower.in-n.out)
		}
		if len(g.wishes) == 0 {
			g.wishes = []wish{{n.x, .1}}
		}
		g.x = g.middle()
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
	g.x = g.middle()
}

// middle is the mean of the wishes by weight, or if they are not soft the median, half way where two are that.
func (g *group) middle() float64 {
	total, sum := 0., 0.
	for _, w := range g.wishes {
		total += w.weight
		sum += w.weight * w.x
	}
	if g.soft {
		return sum / total
	}
	sorted := slices.SortedStableFunc(slices.Values(g.wishes), func(a, b wish) int { return cmp.Compare(a.x, b.x) })
	sum = 0
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
	center := float64(len(ties)-1) / 2
	for i, t := range ties {
		if x, _ := other(t); math.Abs(x-n.x-middle) < 1 {
			center = float64(i)
		}
	}
	step := min(14, n.w*.4/max(1, center, float64(len(ties)-1)-center))
	if n.fixed {
		step = 0
	}
	for i, t := range ties {
		_, end := other(t)
		*end = middle + (float64(i)-center)*step
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
