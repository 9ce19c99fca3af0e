package compare

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Keys are the names of arrays in a file, with 1 for the number of any layer. For other spellings see spellings and parts.
var Keys = []string{
	"x", "y", "w1", "b1", "dw1", "db1", "w1_after", "b1_after", "vw1", "vb1", "mw1", "mb1", "mask1", "gamma1", "beta1", "dgamma1", "dbeta1",
	"mean1", "variance1", "mean1_after", "variance1_after", "eta", "lambda", "n", "t", "loss", "activation", "cost",
}

// UnknownKeysError means that a file has arrays with unknown names.
type UnknownKeysError struct {
	File string
	Keys []string
}

// Error names the file, the arrays, and the known names.
func (e *UnknownKeysError) Error() string {
	return fmt.Sprintf("compare: %s: unknown keys %q; use %s", e.File, e.Keys, strings.Join(Keys, ", "))
}

// key is the meaning of an array's name.
type key struct {
	kind  string // w, b, gamma, beta, mean or variance of a layer, or a kind that a file has only once
	layer string // a number, or the layer's name in a model; empty for kinds that are not of a layer
	part  string // for a layer's arrays: empty for the values, or grad, after, v or m
}

// spellings has the names, in lower case, of arrays that a file has only once, and of masks.
var spellings = []struct {
	kind    string
	pattern *regexp.Regexp
}{
	{"x", spelling(`x|inputs|images`)},
	{"y", spelling(`y|labels|targets`)},
	{"eta", spelling(`eta|lr|learning_rate`)},
	{"lambda", spelling(`lambda_?|lmbda|lam|l2`)},
	{"n", spelling(`n|n_train|train_size`)},
	{"t", spelling(`t|step`)},
	{"loss", spelling(`loss|cost`)},
	{"activation", spelling(`activation|act`)},
	{"mask", spelling(`(?:mask|dropout)_?(\d+)|dropout(\d+)\.mask`)},
}

// tensors has the names of a layer's arrays: the whole word, and the form before the layer's number if something else comes first.
var tensorNames = []struct{ kind, whole, short string }{
	{"w", `w(?:eights?)?`, `w`}, {"b", `b(?:ias(?:es)?)?`, `b`}, {"gamma", `gamma`, `gamma`}, {"beta", `beta`, `beta`},
	{"mean", `(?:running_|moving_)?mean`, `mean`}, {"variance", `(?:running_|moving_)?var(?:iance)?`, `var(?:iance)?`},
}

// parts has the spellings of the parts of such a tensor, with WHOLE or SHORT for its name.
var parts = []struct{ part, spelling string }{
	{"", `WHOLE_?(\d+)`},
	{"grad", `(?:d|g|grad_?|nabla_?)SHORT_?(\d+)|SHORT_?(\d+)[._]grad`},
	{"after", `WHOLE_?(\d+)_(?:after|new)`},
	{"v", `v(?:elocity)?_?SHORT_?(\d+)|SHORT_?(\d+)_v(?:elocity)?`},
	{"m", `m_?SHORT_?(\d+)|SHORT_?(\d+)_m`},
}

// layered has the patterns of the parts of all tensors.
var layered = func() map[key]*regexp.Regexp {
	all := map[key]*regexp.Regexp{}
	for _, t := range tensorNames {
		for _, p := range parts {
			all[key{kind: t.kind, part: p.part}] = spelling(strings.NewReplacer("WHOLE", t.whole, "SHORT", t.short).Replace(p.spelling))
		}
	}
	return all
}()

// inModel matches the name of a model's parameter, and a part of it.
var inModel = regexp.MustCompile(`^([a-z]+\d+)\.([a-z]+)(?:\.(grad|after|v|m))?$`)

func spelling(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

// ofStep matches the name of an array of one of several steps: "step3/w1" or "3/w1".
var ofStep = regexp.MustCompile(`^(?:step_?)?(\d{1,6})/(.*)$`)

// parseKey is the step, −1 for all steps, and the meaning of a name.
func parseKey(name string) (step int, k key, ok bool) {
	step, name = -1, strings.ToLower(name)
	if m := ofStep.FindStringSubmatch(name); m != nil {
		step, _ = strconv.Atoi(m[1]) // six digits
		name = m[2]
	}
	for _, s := range spellings {
		if m := s.pattern.FindStringSubmatch(name); m != nil {
			return step, key{s.kind, strings.Join(m[1:], ""), ""}, true // all groups but one are empty
		}
	}
	for k, pattern := range layered {
		if m := pattern.FindStringSubmatch(name); m != nil {
			return step, key{k.kind, strings.Join(m[1:], ""), k.part}, true
		}
	}
	if m := inModel.FindStringSubmatch(name); m != nil {
		return step, key{m[2], m[1], m[3]}, true
	}
	return 0, key{}, false
}
