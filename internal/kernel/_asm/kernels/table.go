package kernels

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// values are the constants by name.
var values = map[string]Constant{
	"one":       F32(1), // also 127<<23: the exponent of 1
	"two":       F32(2),
	"sign":      U32(1 << 31),
	"infinity":  U32(0xff800000), // −∞
	"infinite":  U32(0x7f800000), // +∞
	"pixel":     F32(1.0 / 256),
	"parts":     F32(256),
	"half":      F32(0.5),
	"byte":      U32(255),
	"unit":      U32(256),
	"inverse24": F32(1.0 / (1 << 24)),
	"log2e":     F32(math.Log2E),
	"ln2":       F32(math.Ln2),
	"ln2rest":   F32(math.Ln2 - float64(float32(math.Ln2))), // what float32 leaves of ln 2
	"round":     F32(3 << 22),                               // adding it rounds to an integer, which then is the low bits
	"least":     F32(-88),                                   // e^x is 0 below it
	"most":      F32(89),                                    // and +Inf above it
	"fifteen":   F32(15),
	"rootHalf":  F32(math.Sqrt2 / 2),

	"inverse2": F32(1.0 / 2), "inverse3": F32(1.0 / 3), "inverse5": F32(1.0 / 5), "inverse7": F32(1.0 / 7), "inverse9": F32(1.0 / 9),
	"inverse11": F32(1.0 / 11), "inverse13": F32(1.0 / 13), "inverse15": F32(1.0 / 15),
	"factorial3": F32(1.0 / 6), "factorial4": F32(1.0 / 24), "factorial5": F32(1.0 / 120), "factorial6": F32(1.0 / 720),
	"factorial7": F32(1.0 / 5040), // the inverses of 3!, 4!, …

	"four": F32(4), "far": F32(-14), "density": F32(0.3989422804014327), // 1/√(2π)
}

// constants are operands by name.
type constants map[string]Op

// constants makes the named values ready: broadcast into AVX-512's many registers, left in memory for AVX2.
func (v isa) constants(names ...string) constants {
	c := constants{}
	for _, name := range names {
		if c[name] != nil {
			continue
		}
		m := repeated(name, values[name], avx2.lanes)
		c[name] = m
		if v == avx512 {
			c[name] = v.spread(m)
		}
	}
	return c
}

var tables = map[string]Mem{}

// table is the read-only data of this name, n elements, which is made when it is first asked for.
func table(name string, n int, element func(i int) Constant) Mem {
	m, ok := tables[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range n {
			c := element(i)
			DATA(i*c.Bytes(), c)
		}
		tables[name] = m
	}
	return m
}

// repeated is the table of n times c.
func repeated(name string, c Constant, n int) Mem {
	return table(name, n, func(int) Constant { return c })
}
