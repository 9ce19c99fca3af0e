//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// machineRows returns the Go row with functions replaced by assembly.
func machineRows() []row {
	avx2, avx512 := loop32, loop32
	wide2, wide512 := loop64, loop64
	doubleAVX2(&wide2)
	doubleAVX512(&wide512)
	productAVX2(&avx2)
	vectorAVX2(&avx2)
	productAVX512(&avx512)
	vectorAVX512(&avx512)
	x := cpu.X86
	hasAVX2 := x.HasAVX2 && x.HasFMA
	return []row{
		{"avx512", hasAVX2 && x.HasAVX512F && x.HasAVX512VL && x.HasAVX512BW && x.HasAVX512DQ, avx512, wide512},
		{"avx2", hasAVX2, avx2, wide2},
	}
}
