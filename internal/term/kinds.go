package term

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Named is a value that knows the name of its kind. Its exported fields are the arguments, in their order, or its elements, if it is a
// slice: each is an argument, if they are slices, or else a sequence of them is the argument. The entries of a map are arguments with its
// keys, which are texts. Without any of those it is a constant.
//
// A field's key is its name in small letters. The tag `term:"key,option,option"` gives another key, or "-" for a field that is no argument.
// Its options are
//
//   - required: it must be given, and is printed without its key;
//   - always: it is printed even if it is 0;
//   - positive: a number that is 0 only where it is not given;
//   - not: a bool that is written as its opposite;
//   - free: a string that is any text, and no term;
//   - inline: of a struct that is no Named, the first field; the others are arguments of its term;
//   - by=Field: a number that may have a second one behind an x, as in 3x1, which is the Field, no argument by itself. The second is 0
//     where there is none, and 3 is as good as 3x3;
//   - word=number: the name of a number, as in same=-1.
//
// If the value has a method Check() error, a text gives no value for which it reports an error.
type Named interface{ Kind() string }

// A Kind gives values of one type a name in texts. Its Value is a Named, of which what a text does not give stays as it is; a function of
// nothing or of a struct, which is read like a Named, to a value; or any other value, which is a constant. Constants and what functions
// return are printed by their String method.
type Kind = struct {
	Name  string
	Value any
}

// Kinds lists the names that texts may have.
type Kinds []Kind

// Of are the kinds of values that know their names; what is no argument in them stays as it is.
func Of(values ...Named) Kinds {
	var k Kinds
	for _, v := range values {
		c := clone(reflect.ValueOf(v))
		for _, f := range fields(c.Type()) {
			f.of(reflect.Indirect(c)).SetZero()
		}
		k = append(k, Kind{v.Kind(), c.Interface()})
	}
	return k
}

// clone is a copy of v, also of what it points to, that can be changed.
func clone(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		c.Set(reflect.New(v.Type().Elem()))
		c.Elem().Set(v.Elem())
		return c
	}
	c.Set(v)
	return c
}

// find is the kind of that name whose values have type t.
func (k Kinds) find(name string, t reflect.Type) (Kind, bool) {
	for _, c := range k {
		if c.Name == name && result(c).AssignableTo(t) {
			return c, true
		}
	}
	return Kind{}, false
}

// result is the type of a kind's values.
func result(c Kind) reflect.Type {
	t := reflect.TypeOf(c.Value)
	if t.Kind() == reflect.Func {
		return t.Out(0)
	}
	return t
}

// arguments are the fields that are a kind's arguments.
func arguments(c Kind) []field {
	t := reflect.TypeOf(c.Value)
	if t.Kind() == reflect.Func && t.NumIn() > 0 {
		return fields(t.In(0))
	}
	if _, ok := c.Value.(Named); !ok {
		return nil
	}
	return fields(t)
}

// Signatures are how the kinds whose values have type T are written: conv(out,kernel,stride).
func Signatures[T any](k Kinds) []string {
	var all []string
	for _, c := range k {
		if result(c).AssignableTo(reflect.TypeFor[T]()) {
			all = append(all, signature(c))
		}
	}
	return all
}

// signature is how a kind is written: conv(out,kernel,stride), and reshape(NxN) where an argument is some whole numbers.
func signature(c Kind) string {
	list := arguments(c)
	switch {
	case len(list) == 0:
		return c.Name
	case list[0].index < 0:
		return c.Name + "(…)"
	}
	keys := keys(list)
	for i, f := range list {
		if f.list {
			keys[i] = "NxN"
		}
	}
	return c.Name + "(" + strings.Join(keys, ",") + ")"
}

// field is an argument: a field of a struct, or the elements of a slice.
type field struct {
	index   int // −1: the elements
	key     string
	each    bool // of the elements is an argument
	list    bool // of whole numbers
	by      int  // the field of a second number; −1: there is none
	options []string
}

// of is the argument in v.
func (f field) of(v reflect.Value) reflect.Value {
	if f.index < 0 {
		return v
	}
	return v.Field(f.index)
}

func (f field) is(option string) bool { return slices.Contains(f.options, option) }

// words calls do with the names that a number has.
func (f field) words(do func(name string, number int64)) {
	for _, option := range f.options {
		name, number, _ := strings.Cut(option, "=")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			do(name, n)
		}
	}
}

// fields are the arguments in a struct or a slice, or in what t points to.
func fields(t reflect.Type) []field {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Slice {
			return []field{{index: -1, each: true, by: -1}}
		}
		elem := t.Elem()
		if list := fields(elem); elem.Kind() == reflect.Struct && inline(list) {
			elem = elem.Field(0).Type
		}
		return []field{{index: -1, key: noun(elem), by: -1}}
	case reflect.Struct:
	default:
		return nil
	}
	var list []field
	for i := range t.NumField() {
		sf := t.Field(i)
		options := strings.Split(sf.Tag.Get("term"), ",")
		if !sf.IsExported() || options[0] == "-" {
			continue
		}
		key := options[0]
		if key == "" {
			key = strings.ToLower(sf.Name)
		}
		list = append(list, field{i, key, false, sf.Type.Kind() == reflect.Slice && isInt(sf.Type.Elem()), second(t, options), options[1:]})
	}
	return list
}

// second is the field that the option by names; −1 if there is none.
func second(t reflect.Type, options []string) int {
	for _, option := range options {
		if name, ok := strings.CutPrefix(option, "by="); ok {
			f, _ := t.FieldByName(name)
			return f.Index[0]
		}
	}
	return -1
}

// inline says that a struct's first field is inline.
func inline(list []field) bool { return len(list) > 0 && list[0].is("inline") }

func keys(list []field) (keys []string) {
	for _, f := range list {
		if !f.each {
			keys = append(keys, f.key)
		}
	}
	return keys
}

func isInt(t reflect.Type) bool { return reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64 }

// noun is a word for the values of type t.
func noun(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.ToLower(t.Name())
}
