//go:build !purego

package kernel

// flushing says whether the float32 arithmetic in assembly takes subnormal numbers, those below 2⁻¹²⁶, for zeros. Saturated networks have many.
// On Intel's processors each of them costs some 150 cycles. On AMD's they cost so little that changing the mode in every kernel takes longer.
var flushing = vendor() == 'G'|'e'<<8|'n'<<16|'u'<<24

// vendor is the first four bytes of the name that the processor gives its maker: GenuineIntel, AuthenticAMD.
func vendor() uint32
