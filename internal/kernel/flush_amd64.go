//go:build !purego

package kernel

// flushing says whether the float32 arithmetic in assembly treats subnormal numbers, those below 2⁻¹²⁶, as 0. Saturated networks have many of
// them. On Intel's processors each costs about 150 cycles. On AMD's they cost less than changing the mode in every kernel.
var flushing = vendor() == 'G'|'e'<<8|'n'<<16|'u'<<24

// vendor returns the first four bytes of the processor's vendor: GenuineIntel, AuthenticAMD.
func vendor() uint32
