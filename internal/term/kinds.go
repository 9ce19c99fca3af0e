package term

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Named is a value that knows the name of its kind. Its exported fields are its arguments, in order. If it is a slice, its elements are: each is an
// argument if the elements are slices, and otherwise the argument is a sequence of them. The entries of a map are arguments with the map's keys,
// which are text. A value with none of these is a constant.
//
// A field's key is its name in lower case. The tag `term:"key,option,option"` gives another key, or "-" for a field that is not an argument. The
// options are
//
//   - required: the argument must be given, and is printed without its key;
//   - always: it is printed even if it is 0;
//   - positive: a number that is 0 only if it is not given;
//   - not: a bool that is written as its opposite;
//   - free: a string that may be any text, and is not read as a term;
//   - inline: for the first field of a struct that is not Named; the other fields are arguments of this field's term;
//   - by=Field: a number that may be followed by an x and a second number, as in 3x1. The second one belongs to Field, which is not an argument
//     itself. It is 0 if it is not given, and 3x3 is the same as 3;
//   - word=number: a name for a number, as in same=-1.
//
// If the value has a method Check() error, text gives no value for which Check returns an error.
type Named interface{ Kind() string }

// A Kind gives values of one type a name in texts. Its Value is one of these: a Named, which keeps what a text does not set; a function
// that returns a value, without arguments or with a struct that is read like a Named; or any other value, which is a constant. Constants and
// the results of functions are printed by their String method.
type Kind = struct {
	Name  string
	Value any
}

// Kinds lists the names that texts may use.
type Kinds []Kind

// Of returns the kinds of values that know their names. Reading a text keeps whatever is not an argument of these values.
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

// clone returns a copy of v, and of what it points to, that can be changed.
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

// find returns the kind of that name whose values have type t.
func (k Kinds) find(name string, t reflect.Type) (Kind, bool) {
	for _, c := range k {
		if c.Name == name && result(c).AssignableTo(t) {
			return c, true
		}
	}
	return Kind{}, false
}

// result returns the type of a kind's values.
func result(c Kind) reflect.Type {
	t := reflect.TypeOf(c.Value)
	if t.Kind() == reflect.Func {
		return t.Out(0)
	}
	return t
}

// arguments returns the fields that are a kind's arguments.
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

// Signatures returns how the kinds whose values have type T are written: conv(out,kernel,stride).
func Signatures[T any](k Kinds) []string {
	var all []string
	for _, c := range k {
		if result(c).AssignableTo(reflect.TypeFor[T]()) {
			all = append(all, signature(c))
		}
	}
	return all
}

// signature returns how a kind is written: conv(out,kernel,stride), or reshape(NxN) if an argument is a list of whole numbers.
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
	each    bool // each of the elements is an argument
	list    bool // it is a list of whole numbers
	by      int  // the field of a second number; −1: none
	options []string
}

// of returns the argument in v.
func (f field) of(v reflect.Value) reflect.Value {
	if f.index < 0 {
		return v
	}
	return v.Field(f.index)
}

func (f field) is(option string) bool { return slices.Contains(f.options, option) }

// words calls do for each name of a number.
func (f field) words(do func(name string, number int64)) {
	for _, option := range f.options {
		name, number, _ := strings.Cut(option, "=")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			do(name, n)
		}
	}
}

// fields returns the arguments in a struct or a slice, or in what t points to.
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

// second returns the index of the field that the option by names; −1 if there is none.
func second(t reflect.Type, options []string) int {
	for _, option := range options {
		if name, ok := strings.CutPrefix(option, "by="); ok {
			f, _ := t.FieldByName(name)
			return f.Index[0]
		}
	}
	return -1
}

// inline reports whether a struct's first field is inline.
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

// noun returns a word for values of type t.
func noun(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.ToLower(t.Name())
}
