package term_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/internal/term/termtest"
)

// Kinds of all sorts.
type (
	layer interface{ Build() }

	dense struct {
		Out    int   `term:",required"`
		Init   *rule // nil: another's
		NoBias bool  `term:"bias,not"`
	}
	conv struct {
		Out    int `term:",required"`
		Kernel int `term:",required,by=Cols"`
		Pad    int `term:",same=-1"`
		Cols   int `term:"-"`
	}
	drop     struct{ P float64 }
	shaped   struct{ Shape []int }
	constant struct{ op string }
	seq      []layer
	residual []layer
	concat   []seq
	repeat   struct {
		Times  int
		Layers seq `term:"layer,required"`
		From   []string
		Secret func() `term:"-"`
	}
	own  struct{ Rate float32 }
	adam struct {
		Beta1 float64 `term:",always"`
		Beta2 float64
		kept  int
	}
	rule  struct{ name string }
	mixed struct {
		A int8 `term:",required"`
		B string
		C int `term:",required"`
	}
)

func (dense) Build()    {}
func (conv) Build()     {}
func (drop) Build()     {}
func (shaped) Build()   {}
func (constant) Build() {}
func (seq) Build()      {}
func (residual) Build() {}
func (concat) Build()   {}
func (repeat) Build()   {}
func (own) Build()      {}
func (mixed) Build()    {}

func (dense) Kind() string      { return "dense" }
func (conv) Kind() string       { return "conv" }
func (drop) Kind() string       { return "drop" }
func (shaped) Kind() string     { return "shaped" }
func (c constant) Kind() string { return c.op }
func (seq) Kind() string        { return "seq" }
func (residual) Kind() string   { return "residual" }
func (concat) Kind() string     { return "concat" }
func (repeat) Kind() string     { return "repeat" }
func (own) Kind() string        { return "own" }
func (mixed) Kind() string      { return "mixed" }
func (*adam) Kind() string      { return "adam" }
func (r *rule) String() string  { return r.name }

func (a *adam) Check() error {
	if a.Beta1 > 1 {
		return fault("beta1")
	}
	return nil
}

// fault is an error that knows its field.
type fault string

func (f fault) Error() string { return string(f) + " above 1" }
func (f fault) Field() string { return string(f) }

type std struct {
	Std float64 `term:",required"`
}

func (s std) Check() error {
	if s.Std < 0 {
		return errors.New("std below 0")
	}
	return nil
}

var (
	unit  = &rule{"unit"}
	kinds = append(term.Of(dense{}, conv{}, drop{}, shaped{}, constant{"relu"}, constant{"tanh"}, seq{}, residual{}, concat{}, repeat{}, own{3}, mixed{},
		&adam{.5, .5, 7}), term.Kinds{{"unit", unit}, {"normal", func(s std) *rule { return normal(s.Std) }}}...)
)

func normal(std float64) *rule { return &rule{fmt.Sprintf("normal(%v)", std)} }

// TestText: text to value to text. If the second text is empty, it equals the first.
func TestText(t *testing.T) {
	for _, c := range []struct {
		text  string
		value seq
		again string
	}{
		{"dense(30) relu", seq{dense{Out: 30}, constant{"relu"}}, ""},
		{" dense( 30 )\n\trelu() ", seq{dense{Out: 30}, constant{"relu"}}, "dense(30) relu"},
		{"dense(30,unit)", seq{dense{Out: 30, Init: unit}}, "dense(30,init=unit)"},
		{"dense(30,init=normal(0.5),bias=false)", seq{dense{30, normal(.5), true}}, ""},
		{"dense(bias=true,out=30)", seq{dense{Out: 30}}, "dense(30)"},
		{"conv(20,5,pad=same)", seq{conv{Out: 20, Kernel: 5, Pad: -1}}, ""},
		{"conv(20,5,2)", seq{conv{Out: 20, Kernel: 5, Pad: 2}}, "conv(20,5,pad=2)"},
		{"conv(20,3x1)", seq{conv{Out: 20, Kernel: 3, Cols: 1}}, ""},
		{"conv(20,kernel=1x03,pad=same)", seq{conv{Out: 20, Kernel: 1, Cols: 3, Pad: -1}}, "conv(20,1x3,pad=same)"},
		{"conv(20,3x3)", seq{conv{Out: 20, Kernel: 3}}, "conv(20,3)"},
		{"conv(0,kernel=5)", seq{conv{Kernel: 5}}, "conv(0,5)"},
		{"drop(.5)", seq{drop{.5}}, "drop(p=0.5)"},
		{"drop(1e-05) drop", seq{drop{1e-5}, drop{}}, "drop(p=1e-05) drop"},
		{"shaped(1x28x28)", seq{shaped{[]int{1, 28, 28}}}, "shaped(shape=1x28x28)"},
		{"shaped(1 28 28)", seq{shaped{[]int{1, 28, 28}}}, "shaped(shape=1x28x28)"},
		{"seq", seq{}, ""},
		{"seq(seq)", seq{seq{}}, ""},
		{"seq(seq(relu))", seq{seq{constant{"relu"}}}, ""},
		{"seq(relu) tanh", seq{seq{constant{"relu"}}, constant{"tanh"}}, ""},
		{"residual(relu tanh)", seq{residual{constant{"relu"}, constant{"tanh"}}}, ""},
		{"residual(layer=relu)", seq{residual{constant{"relu"}}}, "residual(relu)"},
		{"residual", seq{residual(nil)}, ""},
		{"concat(relu tanh,seq,drop)", seq{concat{{constant{"relu"}, constant{"tanh"}}, {}, {drop{}}}}, ""},
		{"concat", seq{concat(nil)}, ""},
		{"repeat(layer=relu)", seq{repeat{Times: 0, Layers: seq{constant{"relu"}}}}, ""},
		{"repeat(3,relu tanh,from=a b)", seq{repeat{Times: 3, Layers: seq{constant{"relu"}, constant{"tanh"}}, From: []string{"a", "b"}}},
			"repeat(times=3,layer=relu tanh,from=a b)"},
		{"own(0.25)", seq{own{.25}}, "own(rate=0.25)"},
		{"own", seq{own{}}, ""},
		{"mixed(127,c=-1)", seq{mixed{A: 127, C: -1}}, ""},
		{"mixed(1,b=word,c=2)", seq{mixed{1, "word", 2}}, ""},
		{"mixed(1,b=adam( beta1=.7 ),c=2)", seq{mixed{1, "adam(beta1=.7)", 2}}, "mixed(1,b=adam(beta1=.7),c=2)"},
	} {
		var got seq
		if err := kinds.Parse(c.text, &got); err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if !reflect.DeepEqual(got, c.value) && fmt.Sprint(got) != fmt.Sprint(c.value) {
			t.Errorf("%s: %#v, want %#v", c.text, got, c.value)
		}
		if c.again == "" {
			c.again = c.text
		}
		if text, err := kinds.Print(got); text != c.again || err != nil {
			t.Errorf("%s: printed as %s (%v), want %s", c.text, text, err, c.again)
		}
	}
}

// TestPointer: what is not an argument keeps the kind's value, in a new value.
func TestPointer(t *testing.T) {
	var a, b *adam
	if err := errors.Join(kinds.Parse("adam(beta2=0.5)", &a), kinds.Parse("adam", &b)); err != nil {
		t.Fatal(err)
	}
	if *a != (adam{0, .5, 7}) || *b != (adam{0, 0, 7}) || a == b {
		t.Errorf("%v and %v", *a, *b)
	}
	if text, err := kinds.Print(&adam{0, .5, 1}); text != "adam(beta1=0,beta2=0.5)" || err != nil {
		t.Error(text, err)
	}
}

// pair is a kind with two numbers.
type pair struct{ A, B int }

func (pair) Kind() string { return "pair" }

// TestSignatures: how the kinds are written.
func TestSignatures(t *testing.T) {
	if got := strings.Join(term.Signatures[any](append(term.Of(pair{}), term.Kind{Name: "none", Value: 3})), " "); got != "pair(a,b) none" {
		t.Error(got)
	}
	if got := strings.Join(term.Signatures[*rule](kinds), " "); got != "unit normal(std)" {
		t.Error(got)
	}
}

// TestLabel: a label needs no list of kinds.
func TestLabel(t *testing.T) {
	if got, err := term.Label(residual{dense{3, &rule{"mine"}, true}}, "init"); got != "residual(dense(3,bias=false))" || err != nil {
		t.Error(got, err)
	}
	if got, err := term.Label(residual{nil}, "init"); err == nil {
		t.Error(got)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"dense(30) rely", `column 11: unknown layer "rely"; did you mean relu?`},
		{"dense(30) adam", `column 11: unknown layer "adam"; use dense, conv, drop, shaped, relu, tanh, seq, residual, concat, repeat, own or mixed`},
		{"conv(20,5,pda=2)", `column 11: conv: unknown key "pda"; did you mean pad?`},
		{"conv(20,5,huge=2)", `column 11: conv: unknown key "huge"; use out, kernel or pad`},
		{"conv(20)", `column 1: conv: no kernel; use conv(out,kernel,pad)`},
		{"conv(20,5,2,3)", `column 13: conv: 4 arguments; use conv(out,kernel,pad)`},
		{"conv(20,out=5)", `column 9: conv: out is given twice; leave one out`},
		{"conv(out=20,5)", `column 13: conv: an argument without a key after one with a key; use conv(out,kernel,pad)`},
		{"conv(20,five)", `column 9: conv: kernel "five"; use a whole number, or two as in 3x1`},
		{"conv(20,5,pad=valid)", `column 15: conv: pad "valid"; use a whole number or same`},
		{"conv(20 5)", `column 9: conv: out 20 5; use one int, and commas between arguments`},
		{"conv(20,5.5)", `column 9: conv: kernel "5.5"; use a whole number, or two as in 3x1`},
		{"conv(20,3x0)", `column 9: conv: kernel "3x0"; use a whole number, or two as in 3x1`},
		{"conv(20,3x)", `column 9: conv: kernel "3x"; use a whole number, or two as in 3x1`},
		{"conv(20,3x1x1)", `column 9: conv: kernel "3x1x1"; use a whole number, or two as in 3x1`},
		{"conv(99999999999999999999,5)", `column 6: conv: out "99999999999999999999"; use a whole number`},
		{"drop(nan)", `column 6: drop: p "nan"; use a number`},
		{"drop(0x10)", `column 6: drop: p "0x10"; use a number`},
		{"drop(1e999)", `column 6: drop: p "1e999"; use a number`},
		{"drop(drop(1))", `column 6: drop: p "drop(1)"; use a number`},
		{"mixed(128,c=1)", `column 7: mixed: a "128"; use a whole number`},
		{"dense(3,bias=no)", `column 14: dense: bias "no"; use true or false`},
		{"dense(3,init=nromal(1))", `column 14: dense: init: unknown rule "nromal"; did you mean normal?`},
		{"dense(3,init=normal(-1))", `column 14: normal: std below 0`},
		{"dense(3,init=normal)", `column 14: normal: no std; use normal(std)`},
		{"relu(3)", `column 6: relu: 1 arguments; use relu`},
		{"residual(relu,tanh)", `column 15: residual: 2 arguments; use residual(…)`},
		{"residual(block=relu)", `column 10: residual: unknown key "block"; use layer`},
		{"concat(relu,a=tanh)", `column 13: concat: unknown key "a"`},
		{"concat(relu,,tanh)", `column 13: an argument is missing here`},
		{"concat(relu,)", `column 13: an argument is missing here`},
		{"shaped(1x28xy)", `column 8: shaped: shape "y"; use a whole number`},
		{"relu)", `column 5: unexpected ')'; no parenthesis is open`},
		{"relu (3)", `column 6: unexpected '('; write it directly after a name`},
		{"relu, tanh", `column 5: unexpected ','; use it only between arguments, in parentheses`},
		{"dense(30", `column 9: the text ends here; close the parentheses`},
		{"dense(", `column 7: an argument is missing here`},
		{"dense(30;2)", `column 9: unexpected ';'; use names, numbers, parentheses, commas and =`},
		{"größe(3) §", `column 10: unexpected '§'; use names, numbers, parentheses, commas and =`},
		{"relu \xff", "column 6: unexpected '�'; use names, numbers, parentheses, commas and ="},
		{strings.Repeat("seq(", 40), "column 129: 33 nested parentheses; use fewer"},
		{strings.Repeat(" ", 70000), "column 1: 70000 bytes; use at most 65536"},
	} {
		var got seq
		if err := kinds.Parse(c.text, &got); err == nil || err.Error() != c.want {
			t.Errorf("%.40s:\n%v, want\n%s", c.text, err, c.want)
		}
	}
	var one layer
	for text, want := range map[string]string{
		"": "column 1: is empty; use a layer", "relu tanh": "column 6: relu tanh; use one layer, and commas between arguments",
	} {
		if err := kinds.Parse(text, &one); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// unnamed has the name of another kind.
type unnamed struct{ dense }

// TestNoText: a value without a kind, or with another kind's name, gives an error that shows where it is.
func TestNoText(t *testing.T) {
	for want, v := range map[string]any{
		"term_test.unnamed has no text form; use one that has, or a type with a method Kind() string":        unnamed{},
		"layer: term_test.unnamed has no text form; use one that has, or a type with a method Kind() string": repeat{Layers: seq{unnamed{}}},
		"init: *term_test.rule has no text form; use one that has, or a type with a method Kind() string":    dense{Out: 1, Init: &rule{"mine"}},
		"nil has no text form": nil,
		"term_test.layer has no text form; use one that has, or a type with a method Kind() string": residual{nil},
		`b: "two words" has no text form; use a name`:                                               mixed{B: "two words"},
		"map[string]int has no text form; use one that has, or a type with a method Kind() string":  map[string]int{},
	} {
		if text, err := kinds.Print(v); err == nil || err.Error() != want {
			t.Errorf("%v: %q, %v, want %s", v, text, err, want)
		}
	}
}

// TestIdentity: value to text to value, and text to value to text, for many values.
func TestIdentity(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	longest := 0
	for range 2000 {
		var v, back seq
		termtest.Fill(r, kinds, &v)
		text, err := kinds.Print(v)
		if err != nil {
			t.Fatalf("%#v: %v", v, err)
		}
		if err := kinds.Parse(text, &back); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, err := kinds.Print(back)
		if err != nil || again != text {
			t.Fatalf("%s became %s (%v)", text, again, err)
		}
		if !reflect.DeepEqual(v, back) {
			t.Fatalf("%s: %#v became %#v", text, v, back)
		}
		longest = max(longest, len(text))
	}
	if longest < 200 {
		t.Errorf("the longest text has %d bytes; the values are too small to test much", longest)
	}
}

// FuzzParse: any text gives an error with a column, or a value whose text is read as the same value.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"conv(20,5,pad=same) relu", "concat(relu tanh,seq)", "repeat(3,drop(.5),from=a b)", "dense(3,init=normal(1)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v, back seq
		if err := kinds.Parse(text, &v); err != nil {
			if !strings.HasPrefix(err.Error(), "column ") {
				t.Fatal(err)
			}
			return
		}
		once, err := kinds.Print(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := kinds.Parse(once, &back); err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice, err := kinds.Print(back); err != nil || twice != once {
			t.Fatalf("%s became %s (%v)", once, twice, err)
		}
	})
}

// rates holds arguments with any keys.
type rates map[string]float64

func (rates) Kind() string { return "rates" }

// TestMap: the entries of a map are arguments, printed by their keys.
func TestMap(t *testing.T) {
	kinds := term.Of(rates{})
	for text, want := range map[string]string{
		"rates(b.c=2, a=.1)": "rates(a=0.1,b.c=2)", "rates": "rates",
		"rates(a=1,a=2)": "column 11: rates: a is given twice; leave one out", "rates(3)": "column 7: rates: 3; use name=value",
		"rates(a=x)": `column 9: rates: a "x"; use a number`,
	} {
		var v rates
		got := ""
		if err := kinds.Parse(text, &v); err != nil {
			got = err.Error()
		} else if got, err = kinds.Print(v); err != nil {
			t.Error(err)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
