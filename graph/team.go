package graph

import "github.com/stheno-ml/stheno/internal/team"

func (n *Net) Aside(parts int, f func(member, part int)) (finish func()) {
	return team.Aside(parts, n.threads, f)
}
func (n *Net) Parallel(parts int, f func(part int)) {
	team.Do(&team.Job{Parts: parts, Run: f}, n.threads0())
}
func (n *Net) Members() int  { return team.Size(n.threads) }
func (n *Net) threads0() int { return team.Size(n.threads) }
