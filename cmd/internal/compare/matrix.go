package compare

import (
	"slices"
)

// Matrices are row-major.

// product is a b for a (m, k), b (k, n).
func product(a, b []float64, m int) []float64 {
	k := len(a) / m
	n := len(b) / k
	y := make([]float64, m*n)
	for i, row := range rows(a, m) {
		for c, v := range row {
			if v != 0 {
				axpy(y[i*n:i*n+n], v, b[c*n:c*n+n])
			}
		}
	}
	return y
}

// turned is the transpose of a matrix with that many rows.
func turned(w []float64, m int) []float64 {
	n := len(w) / m
	t := make([]float64, len(w))
	for k, v := range w {
		t[k%n*m+k/n] = v
	}
	return t
}

// rows are the m rows of x.
func rows(x []float64, m int) [][]float64 {
	n := len(x) / m
	all := make([][]float64, m)
	for i := range all {
		all[i] = x[i*n : i*n+n]
	}
	return all
}

// columns are the sums of the columns of x, each row of n.
func columns(x []float64, n int) []float64 {
	sum := make([]float64, n)
	for k, v := range x {
		sum[k%n] += v
	}
	return sum
}

func total(x []float64) float64 { return columns(x, 1)[0] }

// axpy is y += s x.
func axpy(y []float64, s float64, x []float64) {
	y = y[:len(x)] // once for all elements
	for i, v := range x {
		y[i] += s * v
	}
}

// plus is y + s x.
func plus(y []float64, s float64, x []float64) []float64 {
	y = slices.Clone(y)
	axpy(y, s, x)
	return y
}

func scaled(x []float64, by float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = by * v
	}
	return y
}

// scaledAll is tensors times a number; nil stays nil.
func scaledAll(x [][]float64, by float64) [][]float64 {
	y := make([][]float64, len(x))
	for i := range x {
		if x[i] != nil {
			y[i] = scaled(x[i], by)
		}
	}
	return y
}

// hadamard is x ⊙ mask, and x without one.
func hadamard(x, mask []float64) []float64 {
	if mask == nil {
		return x
	}
	y := make([]float64, len(x))
	for i := range x {
		y[i] = x[i] * mask[i]
	}
	return y
}

func dot(x, y []float64) float64 {
	sum := 0.
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

// solve is the x of a x = b, for rows of a symmetric a (n, n) with those of b after them, or nil if there is none. It overwrites them.
func solve(ab [][]float64) []float64 {
	n, size := len(ab), 0.
	for i, row := range ab {
		size = max(size, row[i])
	}
	for c, pivot := range ab {
		if pivot[c] <= 1e-12*size {
			return nil
		}
		for i, row := range ab {
			if i != c {
				axpy(row, -row[c]/pivot[c], pivot)
			}
		}
	}
	var x []float64
	for i, row := range ab {
		x = append(x, scaled(row[n:], 1/row[i])...)
	}
	return x
}
