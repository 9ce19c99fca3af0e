package term

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Print is the text of a value, which Parse reads again: the one way to write it, without what is as the kind has it. It is an error
// if a part of the value has no kind.
func (k Kinds) Print(v any) (string, error) {
	terms, err := k.Terms(v)
	return String(terms), err
}

// Terms is Print as terms.
func (k Kinds) Terms(v any) ([]Term, error) {
	if v == nil {
		return nil, fmt.Errorf("nil has no text form")
	}
	return k.sequence(reflect.ValueOf(v))
}

// sequence is the terms of an argument. A slice is a sequence, but by its kind if that would be empty, or be read as another.
func (k Kinds) sequence(v reflect.Value) ([]Term, error) {
	if v.Kind() != reflect.Slice {
		t, err := k.term(v)
		return []Term{t}, err
	}
	if isInt(v.Type().Elem()) {
		return numbers(v), nil
	}
	if _, ok := k.kind(v); ok && (v.Len() == 0 || v.Len() == 1 && concrete(v.Index(0)).Type() == v.Type()) {
		t, err := k.term(v)
		return []Term{t}, err
	}
	return k.each(v)
}

// numbers is whole numbers with an x between them.
func numbers(v reflect.Value) []Term {
	if v.Len() == 0 {
		return nil
	}
	text := make([]string, v.Len())
	for i := range text {
		text[i] = fmt.Sprint(v.Index(i))
	}
	return []Term{{Name: strings.Join(text, "x")}}
}

func (k Kinds) each(v reflect.Value) ([]Term, error) {
	terms := make([]Term, v.Len())
	for i := range terms {
		var err error
		if terms[i], err = k.term(v.Index(i)); err != nil {
			return nil, err
		}
	}
	return terms, nil
}

// concrete is v, or what is in it if it is an interface.
func concrete(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface && !v.IsNil() {
		return v.Elem()
	}
	return v
}

// term is a value that is not a sequence.
func (k Kinds) term(v reflect.Value) (Term, error) {
	v = concrete(v)
	if kind, ok := k.kind(v); ok {
		return k.unbuild(v, kind)
	}
	switch {
	case v.Kind() == reflect.String:
		if terms, err := Read(v.String(), itself); err == nil && len(terms) == 1 {
			return terms[0], nil
		}
		return Term{}, fmt.Errorf("%q has no text form; use a name", v.String())
	case v.Kind() == reflect.Bool, v.CanInt(), v.CanUint():
		return Term{Name: fmt.Sprint(v)}, nil
	case v.CanFloat():
		return Term{Name: strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())}, nil
	}
	return Term{}, fmt.Errorf("%v has no text form", v.Type())
}

// kind is the kind of a value.
func (k Kinds) kind(v reflect.Value) (kind, bool) {
	if !v.IsValid() || v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && v.IsNil() {
		return kind{}, false
	}
	if v.CanInterface() {
		if n, ok := v.Interface().(Named); ok {
			return kind(Of(n)), true
		}
	}
	for _, c := range k {
		kind, value := kind(c), reflect.ValueOf(c.Value)
		switch {
		case value.Kind() == reflect.Func:
			if t, ok := spelled(v, kind); ok && t.Name == kind.Name {
				return kind, true
			}
		case value.Type() != v.Type():
		case len(kind.fields()) > 0, value.Kind() == reflect.Slice, v.Comparable() && v.Equal(value):
			return kind, true
		}
	}
	return kind{}, false
}

// spelled is a value made by a kind's function, as its String method writes it.
func spelled(v reflect.Value, kind kind) (Term, bool) {
	s, ok := v.Interface().(fmt.Stringer)
	if !ok || v.Type() != kind.result() {
		return Term{}, false
	}
	terms, err := Read(s.String(), itself)
	if err != nil || len(terms) != 1 {
		return Term{}, false
	}
	for i, f := range kind.fields() {
		if a := terms[0].Args; i < len(a) && a[i].Key == "" {
			a[i].Key, a[i].Bare = f.key, true
		}
	}
	return terms[0], true
}

// unbuild is the opposite of build.
func (k Kinds) unbuild(v reflect.Value, kind kind) (Term, error) {
	t := Term{Name: kind.Name}
	if reflect.TypeOf(kind.Value).Kind() == reflect.Func {
		t, _ = spelled(v, kind)
		return t, nil
	}
	if v.Kind() == reflect.Slice {
		args, err := k.unslice(v)
		t.Args = args
		return t, err
	}
	v, template := reflect.Indirect(v), reflect.Indirect(reflect.ValueOf(kind.Value))
	bare := true
	for _, f := range kind.fields() {
		bare = bare && f.required
		x := v.Field(f.index)
		if !f.required && reflect.DeepEqual(x.Interface(), template.Field(f.index).Interface()) {
			continue
		}
		value, err := k.unset(x, f)
		if err != nil {
			return t, fmt.Errorf("%s: %s: %w", kind.Name, f.key, err)
		}
		if len(value) > 0 {
			t.Args = append(t.Args, Arg{Key: f.key, Value: value, Bare: bare})
		}
	}
	return t, nil
}

func (k Kinds) unslice(v reflect.Value) ([]Arg, error) {
	if v.Type().Elem().Kind() != reflect.Slice {
		value, err := k.each(v)
		if err != nil || len(value) == 0 {
			return nil, err
		}
		return []Arg{{Key: noun(v.Type().Elem()), Value: value, Bare: true}}, nil
	}
	var args []Arg
	for i := range v.Len() {
		value, err := k.sequence(v.Index(i))
		if err != nil {
			return nil, err
		}
		args = append(args, Arg{Value: value})
	}
	return args, nil
}

// unset is the opposite of field.
func (k Kinds) unset(v reflect.Value, f field) ([]Term, error) {
	for _, w := range f.words {
		if v.Int() == w.number {
			return []Term{{Name: w.name}}, nil
		}
	}
	if f.not {
		return []Term{{Name: fmt.Sprint(!v.Bool())}}, nil
	}
	return k.sequence(v)
}
