package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A target is an instruction set as the products see it: its vectors, and how many of them its registers hold.
type target struct {
	name    string
	lanes   int // float32 values in a vector
	vector  func() reg.VecVirtual
	mulRows int           // highest tile of Mul, two vectors wide
	dotRows int           // highest tile of MulT
	dotCols int           // widest tile of MulT
	wide    [together]int // vectors that the sparse kernels hold of each row, by the number of rows
}

// The tiles fill the registers with sums: 12 of 16, and 24 of 32.
var (
	avx2   = target{"AVX2", 8, YMM, 6, 6, 2, [together]int{3, 3, 3}}
	avx512 = target{"AVX512", 16, ZMM, 12, 6, 4, [together]int{7, 7, 7}}
)

// bytes is the size of a vector.
func (t target) bytes() int { return 4 * t.lanes }

// vectors are n new registers.
func (t target) vectors(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = t.vector()
	}
	return v
}

// zeros are n new registers, set to zero.
func (t target) zeros(n int) []reg.VecVirtual {
	v := t.vectors(n)
	for _, z := range v {
		VXORPS(z, z, z)
	}
	return v
}

// sums are a tile of new registers, set to zero.
func (t target) sums(height, width int) [][]reg.VecVirtual {
	s := make([][]reg.VecVirtual, height)
	for i := range s {
		s[i] = t.zeros(width)
	}
	return s
}

// A mask chooses the first elements of a vector; nil chooses all.
type mask reg.Register

// tail is the mask of the first count elements; count is used up.
func (t target) tail(count reg.Register) mask {
	table := GP64()
	if t.lanes == 16 {
		LEAQ(tail512, table)
		m := K()
		KMOVW(Mem{Base: table, Index: count, Scale: 2}, m)
		return m
	}
	LEAQ(tail256, table)
	SHLQ(U8(2), count)
	SUBQ(count, table)
	m := YMM()
	VMOVUPS(Mem{Base: table, Disp: 32}, m)
	return m
}

// tail512[i] chooses the first i of 16 elements; what begins 4i bytes before the middle of tail256, the first i of 8.
var tail512, tail256 = tails()

func tails() (Mem, Mem) {
	bits := GLOBL("tail512", RODATA|NOPTR)
	for i := range 17 {
		DATA(2*i, U16(1<<i-1))
	}
	words := GLOBL("tail256", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(i/8)-1))
	}
	return bits, words
}

// load is dst = the chosen elements of src, and zeros.
func (t target) load(src Mem, m mask, dst reg.VecVirtual) {
	switch {
	case m == nil:
		VMOVUPS(src, dst)
	case t.lanes == 16:
		VMOVUPS_Z(src, m, dst)
	default:
		VMASKMOVPS(src, m, dst)
	}
}

// store writes the chosen elements of src.
func (t target) store(src reg.VecVirtual, m mask, dst Mem) {
	switch {
	case m == nil:
		VMOVUPS(src, dst)
	case t.lanes == 16:
		VMOVUPS(src, m, dst)
	default:
		VMASKMOVPS(src, m, dst)
	}
}

// loadBytes loads a distance that is given in elements.
func loadBytes(name string) reg.GPVirtual {
	d := GP64()
	Load(Param(name), d)
	SHLQ(U8(2), d)
	return d
}

// param is the place of an argument.
func param(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// jumpIfZero jumps if an argument of type float32 is 0 or −0.
func jumpIfZero(name, label string) {
	bits := GP32()
	MOVL(param(name), bits)
	ADDL(bits, bits)
	JZ(LabelRef(label))
}

// A pitch is the distance between rows in bytes, once and thrice.
type pitch struct{ once, thrice reg.GPVirtual }

func loadPitch(name string) pitch {
	p := pitch{loadBytes(name), GP64()}
	LEAQ(Mem{Base: p.once, Index: p.once, Scale: 2}, p.thrice)
	return p
}

// rows are places in several rows: a pointer for every four.
type rows struct {
	pointers []reg.GPVirtual
	pitch
}

// rowsAt are n rows beginning at base.
func rowsAt(base reg.Register, p pitch, n int) rows {
	r := rows{pitch: p}
	for i := 0; i < n; i += 4 {
		next := GP64()
		if i == 0 {
			MOVQ(base, next)
		} else {
			LEAQ(Mem{Base: base, Index: p.once, Scale: 4}, next)
		}
		r.pointers = append(r.pointers, next)
		base = next
	}
	return r
}

// at is the place in row i.
func (r rows) at(i int) Mem {
	m := Mem{Base: r.pointers[i/4]}
	switch i % 4 {
	case 1, 2:
		m.Index, m.Scale = r.once, uint8(i%4)
	case 3:
		m.Index, m.Scale = r.thrice, 1
	}
	return m
}

// advance moves all places by step bytes.
func (r rows) advance(step Op) {
	for _, p := range r.pointers {
		ADDQ(step, p)
	}
}
