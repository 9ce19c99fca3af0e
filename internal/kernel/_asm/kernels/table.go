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
	"ln2rest":   F32(math.Ln2 - float64(float32(math.Ln2))), // what float32 loses of ln 2
	"round":     F32(3 << 22),                               // adding it rounds to an integer, which is then in the low bits
	"least":     F32(-88),                                   // below it e^x is 0
	"most":      F32(89),                                    // and above it +Inf
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

// constants prepares the named values: broadcast into AVX-512's many registers, and left in memory for AVX2.
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

// table is the read-only data of the given name, n elements, created at first use.
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

// repeated is a table of n times c.
func repeated(name string, c Constant, n int) Mem {
	return table(name, n, func(int) Constant { return c })
}
