package train

import (
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// clip scales the gradients down to the norm most if theirs, of all parameters together, is larger; false if that is not finite.
func clip(params []*graph.Param, most float64) bool {
	square := 0.0
	for _, p := range params {
		switch g := p.Grad.(type) {
		case []float32:
			square += squares(g)
		case []float64:
			square += squares(g)
		}
	}
	norm := math.Sqrt(square)
	if norm <= most || !finite(norm) {
		return finite(norm)
	}
	for _, p := range params {
		switch g := p.Grad.(type) {
		case []float32:
			kernel.For[float32]().SGD(g, g, float32(most/norm), 0)
		case []float64:
			kernel.For[float64]().SGD(g, g, most/norm, 0)
		}
	}
	return true
}

// squares is Σx², summed in float64 from stretches that are short enough for float32.
func squares[T kernel.Float](x []T) float64 {
	var sum [1]T
	total := 0.0
	for len(x) > 0 {
		n := min(len(x), 4096)
		kernel.For[T]().MulT(sum[:], 1, x, n, x, n, 1, 1, n, 1, 0)
		total += float64(sum[0])
		x = x[n:]
	}
	return total
}
