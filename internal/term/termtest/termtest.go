// Package termtest makes random values and texts for tests of kinds.
package termtest

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/internal/term"
)

// Fill sets what to points to to a random value of the given kinds.
func Fill(r *rand.Rand, kinds term.Kinds, to any) {
	f := filler{r, kinds}
	f.fill(reflect.ValueOf(to).Elem(), 4)
}

type filler struct {
	*rand.Rand
	kinds term.Kinds
}

// fill sets v to a value with at most depth nested values.
func (f filler) fill(v reflect.Value, depth int) {
	switch {
	case v.Kind() == reflect.Slice:
		f.slice(v, depth)
	case v.Kind() == reflect.String:
		v.SetString([]string{"left", "right-2", "b_3"}[f.IntN(3)])
	case v.Kind() == reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case v.CanInt():
		v.SetInt(f.Int64N(100) - 1)
	case v.CanFloat():
		v.SetFloat(float64(float32(math.Exp(10 * f.NormFloat64()))))
	case v.Kind() == reflect.Interface, v.Kind() == reflect.Pointer:
		f.kind(v, depth)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if sf := v.Type().Field(i); sf.IsExported() && sf.Tag.Get("term") != "-" {
				f.fill(v.Field(i), depth)
				f.second(v, i)
			}
		}
	}
}

// second sets the field for the second number of v's field i, if there is one, to something other than the first number.
func (f filler) second(v reflect.Value, i int) {
	_, by, ok := strings.Cut(v.Type().Field(i).Tag.Get("term"), "by=")
	if n := f.Int64N(5); ok && n != v.Field(i).Int() {
		v.FieldByName(by).SetInt(n)
	}
}

func (f filler) slice(v reflect.Value, depth int) {
	n := f.IntN(4)
	if depth <= 0 {
		n = 0
	}
	if v.Type().Elem().Kind() == reflect.Int {
		n = max(n, 1) // a shape
	}
	v.SetZero()
	for i := range n {
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		f.fill(v.Index(i), depth)
	}
}

// kind sets v to a value of a random kind that fits, or to nil.
func (f filler) kind(v reflect.Value, depth int) {
	for range 100 {
		k := reflect.ValueOf(f.kinds[f.IntN(len(f.kinds))].Value)
		switch {
		case k.Kind() == reflect.Func && k.Type().Out(0).AssignableTo(v.Type()):
			f.call(v, k)
			return
		case !k.Type().AssignableTo(v.Type()):
		case !k.Type().Implements(reflect.TypeFor[term.Named]()):
			v.Set(k)
			return
		case k.Kind() == reflect.Pointer:
			v.Set(reflect.New(k.Type().Elem()))
			f.fill(v.Elem(), depth-1)
			return
		default:
			c := reflect.New(k.Type()).Elem()
			c.Set(k)
			f.fill(c, depth-1)
			v.Set(c)
			return
		}
	}
}

func (f filler) call(v, function reflect.Value) {
	var in []reflect.Value
	if function.Type().NumIn() > 0 {
		in = append(in, reflect.New(function.Type().In(0)).Elem())
		f.fill(in[0], 0)
	}
	if out := function.Call(in); len(out) == 1 || out[1].IsNil() {
		v.Set(out[0])
	}
}

// Mutate makes one to four small changes to a text: it replaces, removes or inserts bytes, or copies a piece to another place.
func Mutate(r *rand.Rand, text []byte) []byte {
	const bytes = "0123456789abcxyz()[]{}=,.-+\"' \n\x00\xff\xc3"
	text = slices.Clone(text)
	for range 1 + r.IntN(4) {
		i, c := r.IntN(len(text)), bytes[r.IntN(len(bytes))]
		j := min(len(text), i+r.IntN(20))
		switch r.IntN(4) {
		case 0:
			text[i] = c
		case 1:
			text = slices.Delete(text, i, min(j, len(text)-1))
		case 2:
			text = slices.Insert(text, i, c)
		case 3:
			text = slices.Insert(text, r.IntN(len(text)), text[i:j]...)
		}
	}
	return text
}
