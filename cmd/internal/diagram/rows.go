package diagram

import (
	"cmp"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
)

// chart is a graph without cycles, drawn in rows with links from upper rows to lower ones: the layered drawing of Sugiyama, Tagawa and Toda
// (1981).
type chart struct {
	nodes []*node
	links []*link
	rows  [][]*node
	runs  int // the number of runs that were tried
}

// node is a rectangle in a chart, or a bend: the place where a link passes a row.
type node struct {
	w, h  float64
	in    float64 // where links end on the upper edge and begin on the lower edge, from the center
	out   float64
	fixed bool // all links meet the edges at in; otherwise they are side by side
	bend  bool
	first bool // above all others
	last  bool // below all others
	class int  // in a row, nodes of lower classes are to the left

	row      int
	x, y     float64 // the center and the upper edge
	top      float64 // of the row
	bottom   float64
	up, down []*tie
	order    float64 // in the row
	run      int     // the number of the last run that it was in
}

// link joins two nodes, the first above the second.
type link struct {
	from, to *node
	light    bool       // it gives way to other links
	back     bool       // its arrow points upwards, from the second node to the first
	role     graph.Role // of the box where its arrow begins

	bends []*node
	ends  [2]float64 // where it meets the lower edge of from and the upper edge of to, from their centers
}

// tie is the part of a link between two neighboring rows.
type tie struct {
	upper, lower *node
	link         *link
}

// arrange places all nodes and links.
func (c *chart) arrange() {
	order := c.rank()
	c.tighten(order)
	c.ends()
	c.split()
	c.sort()
	c.place()
	c.attach()
	c.stack()
}

// rank puts each node into the row below its lowest predecessor, and returns the nodes from top to bottom.
func (c *chart) rank() (order []*node) {
	above := map[*node]int{}
	below := map[*node][]*node{}
	for _, l := range c.links {
		above[l.to]++
		below[l.from] = append(below[l.from], l.to)
	}
	for _, n := range c.nodes {
		if above[n] == 0 {
			order = append(order, n)
		}
	}
	for i := 0; i < len(order); i++ {
		for _, n := range below[order[i]] {
			n.row = max(n.row, order[i].row+1)
			if above[n]--; above[n] == 0 {
				order = append(order, n)
			}
		}
	}
	return order
}

// tighten moves nodes to the row where their links are shortest, as far as their neighbors allow.
func (c *chart) tighten(order []*node) {
	up, down := map[*node][]*node{}, map[*node][]*node{}
	for _, l := range c.links {
		up[l.to] = append(up[l.to], l.from)
		down[l.from] = append(down[l.from], l.to)
	}
	for range 4 {
		for _, n := range slices.Backward(order) {
			lowest := math.MaxInt
			for _, d := range down[n] {
				lowest = min(lowest, d.row-1)
			}
			if len(down[n]) > len(up[n]) {
				n.row = lowest
			}
		}
	}
}

// ends puts first and last nodes into their rows, and numbers the rows from 0.
func (c *chart) ends() {
	top, bottom := math.MaxInt, math.MinInt
	for _, n := range c.nodes {
		if !n.first && !n.last {
			top, bottom = min(top, n.row), max(bottom, n.row)
		}
	}
	for _, n := range c.nodes {
		switch {
		case n.first:
			n.row = 0
		case n.last:
			n.row = bottom - top + 2
		default:
			n.row -= top - 1
		}
	}
}

// split puts a bend into each row that a link passes, and makes the ties.
func (c *chart) split() {
	for _, n := range c.nodes {
		for n.row >= len(c.rows) {
			c.rows = append(c.rows, nil)
		}
		c.rows[n.row] = append(c.rows[n.row], n)
	}
	for _, l := range c.links {
		last := l.from
		for row := l.from.row + 1; row < l.to.row; row++ {
			b := &node{bend: true, row: row, class: max(l.from.class, l.to.class)}
			c.rows[row] = append(c.rows[row], b)
			l.bends = append(l.bends, b)
			last = join(last, b, l)
		}
		join(last, l.to, l)
	}
	c.rows = slices.DeleteFunc(c.rows, func(row []*node) bool { return len(row) == 0 })
	for i, row := range c.rows {
		for _, n := range row {
			n.row = i
		}
	}
}

func join(upper, lower *node, l *link) *node {
	t := &tie{upper, lower, l}
	upper.down, lower.up = append(upper.down, t), append(lower.up, t)
	return lower
}

// sort orders each row so that few links cross. It puts nodes near the middle of their neighbors, alternately from above and from below.
func (c *chart) sort() {
	for _, row := range c.rows {
		slices.SortStableFunc(row, func(a, b *node) int { return a.class - b.class })
	}
	best, least := c.copyRows(), c.crossings()
	for i := range 24 {
		if least == 0 {
			break
		}
		for j := range c.rows {
			if i%2 == 0 {
				c.sortRow(j, func(n *node) []*tie { return n.up })
			} else {
				c.sortRow(len(c.rows)-1-j, func(n *node) []*tie { return n.down })
			}
		}
		c.exchange()
		if n := c.crossings(); n < least {
			best, least = c.copyRows(), n
		}
	}
	c.rows = best
}

// exchange swaps neighbors in a row if their links then cross less often.
func (c *chart) exchange() {
	c.number()
	for range 4 {
		better := false
		for _, row := range c.rows {
			for i := 1; i < len(row); i++ {
				a, b := row[i-1], row[i]
				if a.class == b.class && cross(b, a) < cross(a, b) {
					row[i-1], row[i], a.order, b.order = b, a, b.order, a.order
					better = true
				}
			}
		}
		if !better {
			return
		}
	}
}

// cross counts the crossings of links of a with links of b, if a is to the left of b.
func cross(a, b *node) (crossings int) {
	for _, t := range a.up {
		for _, u := range b.up {
			if t.upper.order > u.upper.order {
				crossings++
			}
		}
	}
	for _, t := range a.down {
		for _, u := range b.down {
			if t.lower.order > u.lower.order {
				crossings++
			}
		}
	}
	return crossings
}

func (c *chart) copyRows() [][]*node {
	rows := make([][]*node, len(c.rows))
	for i, row := range c.rows {
		rows[i] = slices.Clone(row)
	}
	return rows
}

// number records each node's place in its row.
func (c *chart) number() {
	for _, row := range c.rows {
		for i, n := range row {
			n.order = float64(i)
		}
	}
}

// sortRow orders a row by the mean place of each node's neighbors in the next row.
func (c *chart) sortRow(row int, ties func(*node) []*tie) {
	c.number()
	mean := map[*node]float64{}
	for _, n := range c.rows[row] {
		mean[n] = n.order
		if t := ties(n); len(t) > 0 {
			sum := 0.
			for _, t := range t {
				sum += t.other(n).order
			}
			mean[n] = sum / float64(len(t))
		}
	}
	slices.SortStableFunc(c.rows[row], func(a, b *node) int {
		return cmp.Or(a.class-b.class, cmp.Compare(mean[a], mean[b]))
	})
}

func (t *tie) other(n *node) *node {
	if t.upper == n {
		return t.lower
	}
	return t.upper
}

// crossings counts the pairs of links that cross.
func (c *chart) crossings() (crossings int) {
	c.number()
	for _, row := range c.rows {
		var ties []*tie
		for _, n := range row {
			for _, t := range n.down {
				for _, u := range ties {
					if (t.upper.order-u.upper.order)*(t.lower.order-u.lower.order) < 0 {
						crossings++
					}
				}
				ties = append(ties, t)
			}
		}
	}
	return crossings
}
