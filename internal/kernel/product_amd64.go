//go:build !purego

package kernel

func productAVX2(s *Set[float32])   {}
func productAVX512(s *Set[float32]) {}
