package team_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stheno-ml/stheno/internal/team"
)

// TestDo: every part is done once, whatever the number of threads.
func TestDo(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 5} {
		for _, parts := range []int{0, 1, 2, 100} {
			done := make([]int, parts)
			team.Do(&team.Job{Parts: parts, Run: func(i int) { done[i]++ }}, team.Size(threads))
			for i, times := range done {
				if times != 1 {
					t.Errorf("%d threads: part %d of %d was done %d times", threads, i, parts, times)
				}
			}
		}
	}
}

// TestBackground: every part is done once, and each member does one at a time, even if two callers have background work and jobs of their own.
func TestBackground(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 5} {
		var callers sync.WaitGroup
		for range 2 {
			callers.Go(func() {
				for _, parts := range []int{0, 1, 2, 100} {
					done, busy := make([]atomic.Int32, parts), make([]atomic.Bool, team.Size(threads))
					finish := team.Background(parts, threads, func(member, i int) {
						if busy[member].Swap(true) {
							t.Errorf("%d threads: member %d does two parts at once", threads, member)
						}
						done[i].Add(1)
						busy[member].Store(false)
					})
					for range 20 {
						team.Do(&team.Job{Parts: 3, Run: func(int) {}}, team.Size(threads))
					}
					finish()
					for i := range done {
						if times := done[i].Load(); times != 1 {
							t.Errorf("%d threads: part %d of %d was done %d times", threads, i, parts, times)
						}
					}
				}
			})
		}
		callers.Wait()
	}
}

// TestClosed: a worker that still sees the last job does not take a part of the next job for it, which would then be done twice.
func TestClosed(t *testing.T) {
	counts := make([]atomic.Int32, 64)
	small := team.Job{Parts: 2, Run: func(int) {}}
	large := team.Job{Parts: len(counts), Run: func(i int) { counts[i].Add(1) }}
	for round := range int32(100000) {
		team.Do(&small, 2)
		team.Do(&large, 2)
		for i := range counts {
			if n := counts[i].Load(); n != round+1 {
				t.Fatalf("round %d: part %d was done %d times", round, i, n)
			}
		}
	}
}
