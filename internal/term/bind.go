package term

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads a text into the value that to points to. If that is a slice, the text is a sequence. Errors begin with the column, counted from 1 in
// characters.
func (k Kinds) Parse(text string, to any) error {
	terms, err := Read(text, itself)
	if err == nil {
		err = k.Bind(terms, to)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return fmt.Errorf("column %d: %w", utf8.RuneCountInString(text[:min(e.Pos, len(text))])+1, err)
	}
	return err
}

// Bind is Parse for terms. Errors are of type [*Error].
func (k Kinds) Bind(terms []Term, to any) error {
	return k.set(reflect.ValueOf(to).Elem(), Arg{Value: terms}, "")
}

// set gives v the value of an argument, which errors call what.
func (k Kinds) set(v reflect.Value, a Arg, what string) error {
	if v.Kind() == reflect.Slice {
		if len(a.Value) == 1 {
			if c, ok := k.find(a.Value[0].Name, v.Type()); ok {
				return k.build(v, c, a.Value[0])
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

// elements makes a slice of a sequence. Whole numbers may be joined by an x: 1x28x28.
func (k Kinds) elements(v reflect.Value, terms []Term, what string) error {
	if isInt(v.Type().Elem()) && len(terms) == 1 {
		t := terms[0]
		terms = nil
		for part := range strings.SplitSeq(t.Name, "x") {
			terms = append(terms, Term{Name: part, Pos: t.Pos, Args: t.Args})
		}
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

// value gives v the value of a single term.
func (k Kinds) value(v reflect.Value, t Term, what string) error {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Struct, reflect.Slice, reflect.Map:
		c, ok := k.find(t.Name, v.Type())
		if list := fields(v.Type()); !ok && inline(list) {
			return k.around(v, list, t)
		}
		if !ok {
			if what != "" {
				what = strings.TrimSpace(what) + ": "
			}
			return Errorf(t.Pos, "%s%w", what, Unknown(noun(v.Type()), t.Name, k.names(v.Type())))
		}
		return k.build(v, c, t)
	case reflect.String:
		v.SetString(t.String())
		return nil
	}
	use := atom(v, t.String())
	if use != "" {
		return Errorf(t.Pos, "%s%q; use %s", what, t, use)
	}
	return nil
}

// around sets the first field of v to the term, without those arguments that belong to the other fields.
func (k Kinds) around(v reflect.Value, list []field, t Term) error {
	rest := Term{Name: t.Name, Pos: t.Pos}
	t.Args = slices.DeleteFunc(slices.Clone(t.Args), func(a Arg) bool {
		mine := slices.Contains(keys(list[1:]), a.Key)
		if mine {
			rest.Args = append(rest.Args, a)
		}
		return mine
	})
	if err := k.value(list[0].of(v), t, ""); err != nil {
		return err
	}
	return k.arguments(v, Kind{}, list, rest)
}

// names returns the names of the kinds whose values have type t.
func (k Kinds) names(t reflect.Type) (names []string) {
	for _, c := range k {
		if result(c).AssignableTo(t) {
			names = append(names, c.Name)
		}
	}
	return names
}

// atom gives v the value of a word or a number. If that fails, it returns what to use instead.
func atom(v reflect.Value, text string) (use string) {
	ok := false
	switch {
	case v.Kind() == reflect.Bool:
		use, ok = "true or false", text == "true" || text == "false"
		v.SetBool(text == "true")
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		use, ok = "a whole number", err == nil
		v.SetInt(n)
	case v.CanFloat():
		x, err := strconv.ParseFloat(text, v.Type().Bits())
		use, ok = "a number", err == nil && !math.IsNaN(x) && !math.IsInf(x, 0) && strings.Trim(text, "0123456789.+-eE") == ""
		v.SetFloat(x)
	default:
		use = "something else; it has no text form"
	}
	if ok {
		return ""
	}
	return use
}

// build makes a value of a kind from the term's arguments.
func (k Kinds) build(v reflect.Value, c Kind, t Term) error {
	value := reflect.ValueOf(c.Value)
	made, list := value, arguments(c)
	var in []reflect.Value
	switch {
	case value.Kind() == reflect.Func && value.Type().NumIn() > 0:
		made = reflect.New(value.Type().In(0)).Elem()
		in = append(in, made)
	case value.Kind() == reflect.Map && len(t.Args) > 0:
		made = reflect.MakeMap(value.Type())
	case len(list) > 0:
		made = clone(value) // a slice's clone is empty
	}
	if err := k.arguments(reflect.Indirect(made), c, list, t); err != nil {
		return err
	}
	if err := check(made, t); err != nil {
		return err
	}
	if value.Kind() == reflect.Func {
		made = value.Call(in)[0]
	}
	v.Set(made)
	return nil
}

// check runs a value's own Check. If the error knows its field, its place is the field's.
func check(v reflect.Value, t Term) error {
	c, ok := v.Interface().(interface{ Check() error })
	if !ok {
		return nil
	}
	err := c.Check()
	if err == nil {
		return nil
	}
	pos := t.Pos
	if f, ok := errors.AsType[fielded](err); ok {
		for _, a := range t.Args {
			if a.Key == f.Field() {
				pos = a.Pos
			}
		}
	}
	return Errorf(pos, "%s: %w", t.Name, err)
}

type fielded interface {
	error
	Field() string
}

// entries sets the entries of a map. Each is an argument with a key.
func (k Kinds) entries(v reflect.Value, t Term) error {
	for _, a := range t.Args {
		key, value := reflect.ValueOf(a.Key), reflect.New(v.Type().Elem()).Elem()
		switch {
		case a.Key == "":
			return Errorf(a.Pos, "%s: %s; use name=value", t.Name, String(a.Value))
		case v.MapIndex(key).IsValid():
			return Errorf(a.Pos, "%s: %s is given twice; leave one out", t.Name, a.Key)
		}
		if err := k.set(value, a, t.Name+": "+a.Key+" "); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

// arguments sets the fields of a struct, or the elements of a slice or a map.
func (k Kinds) arguments(v reflect.Value, c Kind, list []field, t Term) error {
	if v.Kind() == reflect.Map {
		return k.entries(v, t)
	}
	given := make([]bool, len(list))
	for i, a := range t.Args {
		switch {
		case a.Key != "":
			i = slices.IndexFunc(list, func(f field) bool { return f.key == a.Key })
			if i < 0 {
				return Errorf(a.Pos, "%s: %w", t.Name, Unknown("key", a.Key, keys(list)))
			}
		case len(list) == 1 && list[0].each:
			i = 0
		case i > 0 && t.Args[i-1].Key != "":
			return Errorf(a.Pos, "%s: an argument without a key after one with a key; use %s", t.Name, signature(c))
		case i >= len(list):
			return Errorf(a.Pos, "%s: %d arguments; use %s", t.Name, len(t.Args), signature(c))
		}
		if given[i] && !list[i].each {
			return Errorf(a.Pos, "%s: %s is given twice; leave one out", t.Name, list[i].key)
		}
		given[i] = true
		if err := k.field(v, list[i], a, t.Name); err != nil {
			return err
		}
	}
	for i, f := range list {
		if f.is("required") && !given[i] {
			return Errorf(t.Pos, "%s: no %s; use %s", t.Name, f.key, signature(c))
		}
	}
	return nil
}

// split sets two fields to the numbers of a term such as 3x1, if it is one.
func split(v reflect.Value, f field, terms []Term) bool {
	first, second, ok := strings.Cut(String(terms), "x")
	m, errM := strconv.Atoi(first)
	n, errN := strconv.Atoi(second)
	if !ok || errM != nil || errN != nil || n < 1 {
		return false
	}
	f.of(v).SetInt(int64(m))
	if n != m {
		v.Field(f.by).SetInt(int64(n))
	}
	return true
}

// field sets one field, to the number that one of its words stands for or to the argument's value.
func (k Kinds) field(v reflect.Value, f field, a Arg, name string) error {
	switch {
	case f.each:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		return k.set(v.Index(v.Len()-1), a, "")
	case f.index < 0:
		return k.elements(v, a.Value, "")
	}
	if f.by >= 0 && split(v, f, a.Value) {
		return nil
	}
	v = f.of(v)
	word, or := false, ""
	f.words(func(name string, number int64) {
		or += " or " + name
		if len(a.Value) == 1 && a.Value[0].String() == name {
			v.SetInt(number)
			word = true
		}
	})
	if word {
		return nil
	}
	err := k.set(v, a, name+": "+f.key+" ")
	if f.by >= 0 {
		or += ", or two as in 3x1"
	}
	if e, ok := errors.AsType[*Error](err); ok {
		e.Err = fmt.Errorf("%w%s", e.Err, or)
	}
	switch {
	case err != nil:
		return err
	case f.is("positive") && v.IsZero():
		return Errorf(a.Pos, "%s: %s 0; use more, or leave it out", name, f.key)
	case f.is("not"):
		v.SetBool(!v.Bool())
	}
	return nil
}
