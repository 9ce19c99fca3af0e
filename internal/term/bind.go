package term

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Parse reads a text into the value that to points to. Where that is a slice, the text is a sequence. Errors begin with the column.
func (k Kinds) Parse(text string, to any) error {
	terms, err := Read(text, itself)
	if err == nil {
		err = k.Bind(terms, to)
	}
	return locate(text, err)
}

// Bind is Parse of terms; errors are of type [*Error].
func (k Kinds) Bind(terms []Term, to any) error {
	return k.set(reflect.ValueOf(to).Elem(), Arg{Value: terms}, "")
}

// set gives v the value of an argument. Errors are about the argument called what.
func (k Kinds) set(v reflect.Value, a Arg, what string) error {
	if v.Kind() == reflect.Slice {
		if len(a.Value) == 1 {
			if kind, ok := k.find(a.Value[0].Name, v.Type()); ok {
				return k.build(v, kind, a.Value[0])
			}
		}
		return k.elements(v, a.Value, what)
	}
	switch len(a.Value) {
	case 0:
		return Errorf(a.Pos, "%sis empty; use a %s", what, noun(v.Type()))
	case 1:
		return k.value(v, a.Value[0], what)
	}
	return Errorf(a.Value[1].Pos, "%s%s; use one %s, and commas between arguments", what, String(a.Value), noun(v.Type()))
}

// elements makes a slice of a sequence. Whole numbers may stand with an x between them: 1x28x28.
func (k Kinds) elements(v reflect.Value, terms []Term, what string) error {
	if isInt(v.Type().Elem()) && len(terms) == 1 {
		terms = split(terms[0])
	}
	s := reflect.New(v.Type()).Elem()
	for i, t := range terms {
		s.Set(reflect.Append(s, reflect.Zero(v.Type().Elem())))
		if err := k.value(s.Index(i), t, what); err != nil {
			return err
		}
	}
	v.Set(s)
	return nil
}

func isInt(t reflect.Type) bool { return reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64 }

func split(t Term) []Term {
	var terms []Term
	for part := range strings.SplitSeq(t.Name, "x") {
		terms = append(terms, Term{Name: part, Pos: t.Pos, Args: t.Args})
	}
	return terms
}

// value gives v the value of one term.
func (k Kinds) value(v reflect.Value, t Term, what string) error {
	if isKind(v.Type()) || v.Kind() == reflect.Slice {
		kind, ok := k.find(t.Name, v.Type())
		if !ok {
			return Errorf(t.Pos, "%s%w", what, Unknown(noun(v.Type()), t.Name, k.only(v.Type()).names()))
		}
		return k.build(v, kind, t)
	}
	if v.Kind() == reflect.String {
		v.SetString(t.String())
		return nil
	}
	if len(t.Args) > 0 {
		return Errorf(t.Pos, "%s%s has arguments; use %s", what, t.Name, expected(v.Kind()))
	}
	if !atom(v, t.Name) {
		return Errorf(t.Pos, "%s%q; use %s", what, t.Name, expected(v.Kind()))
	}
	return nil
}

// atom gives v the value of a word or number, and says whether it is one of v's type.
func atom(v reflect.Value, text string) bool {
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(text == "true")
		return text == "true" || text == "false"
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(n)
		return err == nil
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(n)
		return err == nil
	case v.CanFloat():
		x, err := strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(x)
		return err == nil && !math.IsNaN(x) && !math.IsInf(x, 0) && strings.IndexFunc(text, notDecimal) < 0
	}
	return false
}

func notDecimal(c rune) bool { return !strings.ContainsRune("0123456789.+-eE", c) }

func expected(kind reflect.Kind) string {
	switch {
	case kind == reflect.Bool:
		return "true or false"
	case reflect.Int <= kind && kind <= reflect.Int64:
		return "a whole number"
	case reflect.Uint <= kind && kind <= reflect.Uint64:
		return "a whole number from 0"
	case kind == reflect.Float32 || kind == reflect.Float64:
		return "a number"
	}
	return "something else; it has no text form"
}

// find is the kind of that name whose values have type t.
func (k Kinds) find(name string, t reflect.Type) (kind, bool) {
	for _, c := range k {
		if c.Name == name && kind(c).result().AssignableTo(t) {
			return kind(c), true
		}
	}
	return kind{}, false
}

// Only are the kinds whose values have type T.
func Only[T any](k Kinds) Kinds { return k.only(reflect.TypeFor[T]()) }

func (k Kinds) only(t reflect.Type) Kinds {
	return slices.DeleteFunc(slices.Clone(k), func(c Kind) bool { return !kind(c).result().AssignableTo(t) })
}

// Names are the names of the kinds whose values have type T.
func Names[T any](k Kinds) []string { return Only[T](k).names() }

func (k Kinds) names() []string {
	names := make([]string, len(k))
	for i, c := range k {
		names[i] = c.Name
	}
	return names
}

// build makes a value of a kind by the term's arguments.
func (k Kinds) build(v reflect.Value, kind kind, t Term) error {
	value := reflect.ValueOf(kind.Value)
	switch value.Kind() {
	case reflect.Func:
		return k.call(v, kind, t)
	case reflect.Slice:
		return k.slice(v, kind, t)
	}
	list := kind.fields()
	if len(list) > 0 {
		c := reflect.New(value.Type()).Elem()
		if c.Set(value); c.Kind() == reflect.Pointer {
			c.Set(reflect.New(value.Type().Elem()))
			c.Elem().Set(value.Elem())
		}
		value = c
	}
	if err := k.arguments(reflect.Indirect(value), kind, list, t); err != nil {
		return err
	}
	v.Set(value)
	return nil
}

func (k Kinds) call(v reflect.Value, kind kind, t Term) error {
	f := reflect.ValueOf(kind.Value)
	var in []reflect.Value
	var args reflect.Value
	if f.Type().NumIn() > 0 {
		args = reflect.New(f.Type().In(0)).Elem()
		in = append(in, args)
	}
	if err := k.arguments(args, kind, kind.fields(), t); err != nil {
		return err
	}
	out := f.Call(in)
	if len(out) > 1 && !out[1].IsNil() {
		return Errorf(t.Pos, "%s: %w", t.Name, out[1].Interface().(error))
	}
	v.Set(out[0])
	return nil
}

func (k Kinds) slice(v reflect.Value, kind kind, t Term) error {
	s := reflect.New(reflect.TypeOf(kind.Value)).Elem()
	elem := s.Type().Elem()
	for i, a := range t.Args {
		switch {
		case elem.Kind() == reflect.Slice && a.Key == "":
			s.Set(reflect.Append(s, reflect.Zero(elem)))
			if err := k.set(s.Index(i), a, ""); err != nil {
				return err
			}
		case elem.Kind() != reflect.Slice && (a.Key == "" || a.Key == noun(elem)):
			if i > 0 {
				return Errorf(a.Pos, "%s: %d arguments; use spaces between what follows each other", t.Name, len(t.Args))
			}
			if err := k.elements(s, a.Value, ""); err != nil {
				return err
			}
		default:
			return Errorf(a.Pos, "%s: unknown key %q; leave it out", t.Name, a.Key)
		}
	}
	v.Set(s)
	return nil
}

// arguments sets the fields of a struct.
func (k Kinds) arguments(v reflect.Value, kind kind, list []field, t Term) error {
	given := make([]bool, len(list))
	for i, a := range t.Args {
		switch {
		case a.Key != "":
			i = slices.IndexFunc(list, func(f field) bool { return f.key == a.Key })
			if i < 0 {
				return Errorf(a.Pos, "%s: %w", t.Name, Unknown("key", a.Key, keys(list)))
			}
		case i > 0 && t.Args[i-1].Key != "":
			return Errorf(a.Pos, "%s: an argument without a key behind one with a key; use %s", t.Name, kind.signature())
		case i >= len(list):
			return Errorf(a.Pos, "%s: %d arguments; use %s", t.Name, len(t.Args), kind.signature())
		}
		if given[i] {
			return Errorf(a.Pos, "%s: %s is given twice; leave one out", t.Name, list[i].key)
		}
		given[i] = true
		if err := k.field(v, list[i], a, t.Name); err != nil {
			return err
		}
	}
	for i, f := range list {
		if f.required && !given[i] {
			return Errorf(t.Pos, "%s: no %s; use %s", t.Name, f.key, kind.signature())
		}
	}
	return nil
}

// field sets one field, to the number behind one of its words, or to what the argument says.
func (k Kinds) field(v reflect.Value, f field, a Arg, name string) error {
	v = v.Field(f.index)
	for _, w := range f.words {
		if len(a.Value) == 1 && a.Value[0].String() == w.name {
			v.SetInt(w.number)
			return nil
		}
	}
	err := k.set(v, a, name+": "+f.key+" ")
	if e, ok := errors.AsType[*Error](err); ok {
		for _, w := range f.words {
			e.Err = fmt.Errorf("%w or %s", e.Err, w.name)
		}
	}
	if f.positive && err == nil && v.IsZero() {
		return Errorf(a.Pos, "%s: %s 0; use more, or leave it out", name, f.key)
	}
	if f.not && err == nil {
		v.SetBool(!v.Bool())
	}
	return err
}
