package compare

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Keys are the names of the arrays of a file, with 1 for the number of any layer. There are other spellings: see spellings.
var Keys = []string{
	"x", "y", "w1", "b1", "dw1", "db1", "w1_after", "b1_after", "mask1", "eta", "lambda", "n", "loss", "activation", "cost",
}

// UnknownKeysError says that a file has arrays whose names mean nothing.
type UnknownKeysError struct {
	File string
	Keys []string
}

// Error names the file, the arrays, and the names there are.
func (e *UnknownKeysError) Error() string {
	return fmt.Sprintf("compare: %s: unknown keys %q; use %s", e.File, e.Keys, strings.Join(Keys, ", "))
}

// key is the meaning of an array's name.
type key struct {
	kind  string // one of Keys, without the number
	layer string // a number, or the layer's name in a model; empty where there is one for all layers
}

// spellings have the names of each kind in small letters; the group is the layer.
var spellings = []struct {
	kind    string
	pattern *regexp.Regexp
}{
	{"x", spelling(`x|inputs|images`)},
	{"y", spelling(`y|labels|targets`)},
	{"eta", spelling(`eta|lr|learning_rate`)},
	{"lambda", spelling(`lambda_?|lmbda|lam|l2`)},
	{"n", spelling(`n|n_train|train_size`)},
	{"loss", spelling(`loss|cost`)},
	{"activation", spelling(`activation|act`)},
	{"mask", spelling(`(?:mask|dropout)_?(\d+)|dropout(\d+)\.mask`)},
	{"w", spelling(`w(?:eights?)?_?(\d+)|([a-z]+\d+)\.w`)},
	{"b", spelling(`b(?:ias(?:es)?)?_?(\d+)|([a-z]+\d+)\.b`)},
	{"dw", spelling(`(?:d|g|grad_?|nabla_?)w_?(\d+)|w_?(\d+)[._]grad|([a-z]+\d+)\.w\.grad`)},
	{"db", spelling(`(?:d|g|grad_?|nabla_?)b_?(\d+)|b_?(\d+)[._]grad|([a-z]+\d+)\.b\.grad`)},
	{"w_after", spelling(`w_?(\d+)_(?:after|new)|([a-z]+\d+)\.w\.after`)},
	{"b_after", spelling(`b_?(\d+)_(?:after|new)|([a-z]+\d+)\.b\.after`)},
}

func spelling(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

// ofStep is the name of an array of one of several steps: "step3/w1" or "3/w1".
var ofStep = regexp.MustCompile(`^(?:step_?)?(\d{1,6})/(.*)$`)

// parseKey is the step, −1 for all of them, and the meaning of a name.
func parseKey(name string) (step int, k key, ok bool) {
	step, name = -1, strings.ToLower(name)
	if m := ofStep.FindStringSubmatch(name); m != nil {
		step, _ = strconv.Atoi(m[1]) // six digits
		name = m[2]
	}
	for _, s := range spellings {
		if m := s.pattern.FindStringSubmatch(name); m != nil {
			return step, key{s.kind, strings.Join(m[1:], "")}, true // all groups but one are empty
		}
	}
	return 0, key{}, false
}
