package kernel

import "testing"

// TestMulAdd counts the multiply-adds of some rounds and threads.
func TestMulAdd(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) { countsMulAdds(t, s) })
	for _, r := range rows {
		if r.ok {
			countsMulAdds(t, &r.wide)
		}
	}
	if got, want := mulAdds[float32](3, 100), 3*2*For[float32]().MulAdd(100, 1); got.flops != want || got.elapsed <= 0 {
		t.Errorf("%d operations in %v on 3 threads, want %d", got.flops, got.elapsed, want)
	}
}

func countsMulAdds[T Float](t *testing.T, s *Set[T]) {
	t.Helper()
	if one, many := s.MulAdd(1, .5), s.MulAdd(1000, .5); one < 8 || many != 1000*one {
		t.Errorf("%d multiply-adds in a round, %d in 1000", one, many)
	}
}
