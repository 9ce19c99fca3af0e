package term

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Print returns the text of a value, which Parse can read again. There is exactly one text for each value, and it leaves out what is 0. If a part
// of the value is not of these kinds and has no name of its own, Print returns an error.
func (k Kinds) Print(v any) (string, error) {
	terms, err := k.Terms(v)
	return String(terms), err
}

// Terms is Print in the form of terms.
func (k Kinds) Terms(v any) ([]Term, error) { return printer{kinds: k}.sequence(reflect.ValueOf(v)) }

// Label returns the text of a value that knows its name, leaving out the argument with the key without.
func Label(v any, without string) (string, error) {
	t, err := printer{without: without}.term(reflect.ValueOf(v))
	return t.String(), err
}

type printer struct {
	kinds   Kinds
	without string
}

// named returns v as a value that knows its name, unless another kind has that name, too.
func (p printer) named(v reflect.Value) (Named, bool) {
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.IsValid() {
		return nil, false
	}
	n, ok := v.Interface().(Named)
	return n, ok && !slices.ContainsFunc(p.kinds, func(c Kind) bool { return c.Name == n.Kind() && result(c) != v.Type() })
}

// sequence returns the terms of an argument. A slice becomes a sequence, or a term with its kind's name if the sequence would be empty or read as
// something else.
func (p printer) sequence(v reflect.Value) ([]Term, error) {
	if v.Kind() != reflect.Slice {
		t, err := p.term(v)
		return []Term{t}, err
	}
	if _, ok := p.named(v); ok && (v.Len() == 0 || v.Len() == 1 && concrete(v.Index(0)).Type() == v.Type()) {
		t, err := p.term(v)
		return []Term{t}, err
	}
	terms, err := p.each(v)
	if isInt(v.Type().Elem()) && len(terms) > 1 {
		return []Term{{Name: strings.ReplaceAll(String(terms), " ", "x")}}, nil
	}
	return terms, err
}

func (p printer) each(v reflect.Value) ([]Term, error) {
	terms := make([]Term, v.Len())
	for i := range terms {
		var err error
		if terms[i], err = p.term(v.Index(i)); err != nil {
			return nil, err
		}
	}
	return terms, nil
}

// concrete returns v, or what it contains if it is an interface.
func concrete(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface && !v.IsNil() {
		return v.Elem()
	}
	return v
}

// term returns the term for a value that is not a sequence.
func (p printer) term(v reflect.Value) (Term, error) {
	v = concrete(v)
	if n, ok := p.named(v); ok {
		t := Term{Name: n.Kind()}
		var err error
		t.Args, err = p.fields(reflect.Indirect(v))
		return t, err
	}
	switch {
	case !v.IsValid():
		return Term{}, fmt.Errorf("nil has no text form")
	case v.Kind() == reflect.Struct && inline(fields(v.Type())):
		return p.around(v)
	case v.Kind() == reflect.String:
		if terms, err := Read(v.String(), itself); err == nil && len(terms) == 1 {
			return terms[0], nil
		}
		return Term{}, fmt.Errorf("%q has no text form; use a name", v.String())
	case v.Kind() == reflect.Bool, v.CanInt():
		return Term{Name: fmt.Sprint(v)}, nil
	case v.CanFloat():
		return Term{Name: strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())}, nil
	}
	if s, ok := v.Interface().(fmt.Stringer); ok && p.kinds.Parse(fmt.Sprint(s), reflect.New(v.Type()).Interface()) == nil {
		terms, err := Read(s.String(), itself)
		return terms[0], err
	}
	return Term{}, fmt.Errorf("%v has no text form; use one that has, or a type with a method Kind() string", v.Type())
}

// around returns the term of a struct's first field, with the other fields as arguments.
func (p printer) around(v reflect.Value) (Term, error) {
	t, err := p.term(v.Field(0))
	if err != nil {
		return t, err
	}
	args, err := p.fields(v)
	for _, a := range t.Args {
		if slices.ContainsFunc(fields(v.Type())[1:], func(f field) bool { return f.key == a.Key }) {
			return t, fmt.Errorf("%s: its key %s is taken here; give the field another one by a tag", t.Name, a.Key)
		}
	}
	t.Args = append(t.Args, args...)
	return t, err
}

// fields returns the arguments of a struct or a slice.
func (p printer) fields(v reflect.Value) ([]Arg, error) {
	var args []Arg
	if v.Kind() == reflect.Map {
		for _, key := range slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) }) {
			value, err := p.sequence(v.MapIndex(key))
			if err != nil {
				return nil, err
			}
			args = append(args, Arg{Key: key.String(), Value: value})
		}
		return args, nil
	}
	bare := true
	for _, f := range fields(v.Type()) {
		if f.is("inline") {
			continue
		}
		if f.each {
			for i := range v.Len() {
				value, err := p.sequence(v.Index(i))
				if err != nil {
					return nil, err
				}
				args = append(args, Arg{Value: value})
			}
			continue
		}
		bare = bare && f.is("required") || f.index < 0
		x := f.of(v)
		if x.IsZero() && !f.is("required") && !f.is("always") || f.key == p.without {
			continue
		}
		value, err := p.field(x, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.key, err)
		}
		if f.by >= 0 {
			if n := v.Field(f.by); !n.IsZero() && n.Int() != x.Int() {
				value = []Term{{Name: fmt.Sprint(x, "x", n)}}
			}
		}
		if len(value) > 0 {
			args = append(args, Arg{Key: f.key, Value: value, Bare: bare})
		}
	}
	return args, nil
}

func (p printer) field(v reflect.Value, f field) (value []Term, err error) {
	if f.index < 0 {
		return p.each(v)
	}
	f.words(func(name string, number int64) {
		if v.Int() == number {
			value = []Term{{Name: name}}
		}
	})
	switch {
	case value != nil:
		return value, nil
	case f.is("free"):
		return []Term{{Name: v.String()}}, nil
	case f.is("not"):
		return []Term{{Name: fmt.Sprint(!v.Bool())}}, nil
	}
	return p.sequence(v)
}
