package term

import (
	"reflect"
	"strconv"
	"strings"
)

// A Kind gives values of one type a name in texts. Its Value is one of
//
//   - a struct, or a pointer to one: its exported fields are the arguments, in their order, and what is not given stays as it is here;
//     without such fields, the value is a constant;
//   - a slice: its elements are the arguments, if they are slices, or else a sequence of them is the argument;
//   - a function of nothing or of a struct, which is bound like one, to a value, or to a value and an error; such a value has a
//     String method that is its text.
//
// A field's key is its name in small letters; a string is the text of any one term. The tag `term:"key,option,option"` gives another key,
// or "-" for a field that is no argument. Its options are "required", for what must be given and is printed without its key; "positive", for
// a number that is 0 only where it is not given; "not", for a bool written as its opposite; and word=number, for a number that has a name, as in `term:",same=-1"`.
type Kind = struct {
	Name  string
	Value any
}

// Kinds lists the names that texts may have.
type Kinds []Kind

// kind is Kind with methods; that Kind has none spares its users the names of the fields in literals.
type kind Kind

// Named is a value that knows the name of its kind, and needs none in a list to be printed.
type Named interface{ Kind() string }

// Of is the kind of a value that knows its name: its exported fields are arguments, and the others are as in v.
func Of(v Named) Kind {
	old := reflect.ValueOf(v)
	if len(fields(old.Type())) == 0 {
		return Kind{v.Kind(), v}
	}
	if old.Kind() == reflect.Pointer && !old.IsNil() {
		p := reflect.New(old.Type().Elem())
		p.Elem().Set(blank(old.Elem()))
		return Kind{v.Kind(), p.Interface()}
	}
	return Kind{v.Kind(), blank(old).Interface()}
}

// blank is a copy of v with zeros in the fields that are arguments.
func blank(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	for _, f := range fields(v.Type()) {
		c.Field(f.index).SetZero()
	}
	return c
}

// result is the type of the kind's values.
func (k kind) result() reflect.Type {
	t := reflect.TypeOf(k.Value)
	if t.Kind() == reflect.Func {
		return t.Out(0)
	}
	return t
}

// fields are the arguments, where they are a struct's.
func (k kind) fields() []field {
	t := reflect.TypeOf(k.Value)
	if t.Kind() == reflect.Func && t.NumIn() > 0 {
		t = t.In(0)
	}
	return fields(t)
}

// Signatures are how the kinds are written: conv(out,kernel,stride).
func (k Kinds) Signatures() []string {
	all := make([]string, len(k))
	for i, c := range k {
		all[i] = kind(c).signature()
	}
	return all
}

// signature is how the kind is written: conv(out,kernel,stride), and reshape(NxN) where an argument is some whole numbers.
func (k kind) signature() string {
	if t := reflect.TypeOf(k.Value); t.Kind() == reflect.Slice {
		return k.Name + "(…)"
	}
	list := k.fields()
	if len(list) == 0 {
		return k.Name
	}
	keys := keys(list)
	for i, f := range list {
		if f.list {
			keys[i] = "NxN"
		}
	}
	return k.Name + "(" + strings.Join(keys, ",") + ")"
}

// field is an exported field of a struct.
type field struct {
	index         int
	key           string
	required, not bool
	positive      bool
	list          bool // of whole numbers
	words         []word
}

// word is the name of a number.
type word struct {
	name   string
	number int64
}

// fields are the arguments of a struct, or of what t points to.
func fields(t reflect.Type) []field {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var list []field
	for i := range t.NumField() {
		sf := t.Field(i)
		key, options, _ := strings.Cut(sf.Tag.Get("term"), ",")
		if !sf.IsExported() || key == "-" {
			continue
		}
		if key == "" {
			key = strings.ToLower(sf.Name)
		}
		f := field{index: i, key: key, list: sf.Type.Kind() == reflect.Slice && isInt(sf.Type.Elem())}
		for option := range strings.SplitSeq(options, ",") {
			f.option(option)
		}
		list = append(list, f)
	}
	return list
}

func (f *field) option(text string) {
	name, number, _ := strings.Cut(text, "=")
	n, err := strconv.ParseInt(number, 10, 64)
	switch {
	case err == nil:
		f.words = append(f.words, word{name, n})
	case name == "required":
		f.required = true
	case name == "not":
		f.not = true
	case name == "positive":
		f.positive = true
	}
}

func keys(list []field) []string {
	keys := make([]string, len(list))
	for i, f := range list {
		keys[i] = f.key
	}
	return keys
}

// isKind says that values of type t are written by the name of a kind.
func isKind(t reflect.Type) bool {
	return t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer || t.Kind() == reflect.Struct
}

// noun is a word for the values of type t.
func noun(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return "name"
	}
	return strings.ToLower(t.Name())
}
