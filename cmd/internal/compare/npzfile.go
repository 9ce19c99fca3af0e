package compare

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/internal/npz"
)

// File is what a user's program has written with NumPy: weights, mini-batches and gradients, for one step or several.
type File struct {
	path   string
	steps  []*sample
	single bool // some weights or gradients are float32
}

// sample is the arrays of one step.
type sample struct {
	path   string
	step   int
	arrays map[key]array
}

// array is an array of numbers, or one text.
type array struct {
	name  string // in the file
	shape []int
	x     []float64
	text  string
	bytes bool // uint8
}

// ReadFile reads the file at path. Bad content is a *npz.FormatError, an *UnknownKeysError, or another error that names the file.
func ReadFile(path string) (*File, error) {
	arrays, err := npz.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path}
	steps := map[int]*sample{-1: {path, -1, map[key]array{}}} // −1 is for arrays that all steps share
	var unknown []string
	for _, a := range arrays {
		step, k, ok := parseKey(a.Name)
		if !ok {
			unknown = append(unknown, a.Name)
			continue
		}
		if steps[step] == nil {
			steps[step] = &sample{path, step, map[key]array{}}
		}
		if err := f.add(steps[step], k, a); err != nil {
			return nil, err
		}
	}
	if unknown != nil {
		return nil, &UnknownKeysError{path, unknown}
	}
	if len(arrays) == 0 {
		return nil, fmt.Errorf("compare: %s: no arrays; docs/compare.md has the lines that write them", path)
	}
	common := steps[-1].arrays
	if len(steps) > 1 {
		delete(steps, -1)
	}
	for _, step := range slices.Sorted(maps.Keys(steps)) {
		s := &sample{path, step, maps.Clone(common)}
		maps.Copy(s.arrays, steps[step].arrays)
		f.steps = append(f.steps, s)
	}
	return f, nil
}

// add converts an array and puts it in its place.
func (f *File) add(s *sample, k key, a npz.Array) error {
	c := array{name: a.Name, shape: a.Shape}
	switch x := a.Data.(type) {
	case []float64:
		c.x = x
	case []float32:
		c.x = convert(x)
		f.single = f.single || k.layer != "" && k.kind != "mask"
	case []int64:
		c.x = convert(x)
	case []uint8:
		c.x, c.bytes = convert(x), true
	case []bool:
		c.x = make([]float64, len(x))
		for i, v := range x {
			if v {
				c.x[i] = 1
			}
		}
	case []string:
		if len(x) == 1 {
			c.text = x[0]
		}
	}
	if k.kind == "loss" && c.text == "" { // loss and cost mean the same: the name if it is a text, and otherwise the value
		k.kind = "cost"
	}
	if text := k.kind == "loss" || k.kind == "activation"; text != (c.text != "") {
		return fmt.Errorf("compare: %s: %s: use a name, such as 'quadratic', for the loss and the activation, and numbers for everything else", f.path, a.Name)
	}
	if before, ok := s.arrays[k]; ok {
		return fmt.Errorf("compare: %s: %q and %q are names for the same thing; keep one of them", f.path, before.name, a.Name)
	}
	mayBeBad := k.part == "grad" || k.part == "after" || k.kind == "cost" // NaN is for the comparison to judge
	if i := slices.IndexFunc(c.x, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }); i >= 0 && !mayBeBad {
		return fmt.Errorf("compare: %s: %s: number %d is %v; all must be finite", f.path, a.Name, i, c.x[i])
	}
	s.arrays[k] = c
	return nil
}

func convert[T float32 | int64 | uint8](x []T) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// number is a single number in the file, or 0 if there is none.
func (s *sample) number(kind string) (float64, error) {
	a, ok := s.arrays[key{kind: kind}]
	if !ok {
		return 0, nil
	}
	if len(a.x) != 1 {
		return 0, s.errorf("%s has the shape %v; give one number", a.name, a.shape)
	}
	return a.x[0], nil
}

// text is a name in the file, in lower case without hyphens, or empty if there is none.
func (s *sample) text(kind string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s.arrays[key{kind: kind}].text))
}

// slot is the place of an array that belongs to a layer: a parameter's name and a part as in key, or a mask's number, from 0, and "mask".
type slot struct{ name, part string }

// byName assigns the arrays of layers to the model's parameters. Without a model all layers are dense. The file may count layers from 0 or from 1.
func (s *sample) byName(model *spec) (map[slot]array, error) {
	all := map[slot]array{}
	for k, a := range s.arrays {
		if k.layer == "" {
			continue
		}
		number, err := strconv.Atoi(k.layer)
		byNumber := err == nil
		if _, zero := s.arrays[key{kind: counted(k.kind), layer: "0"}]; !zero {
			number--
		}
		at := slot{k.layer + "." + k.kind, k.part}
		switch {
		case byNumber && number < 0:
			return nil, s.errorf("%s belongs to no layer; the first is 1, or 0 if all names count from 0", a.name)
		case k.kind == "mask":
			at = slot{strconv.Itoa(number), "mask"}
		case model != nil:
			if at.name, err = model.parameter(k, number, byNumber); err != nil {
				return nil, s.errorf("%s %w", a.name, err)
			}
		case byNumber && (k.kind == "w" || k.kind == "b"):
			at.name = fmt.Sprintf("dense%d.%s", number+1, k.kind)
		case byNumber:
			return nil, s.errorf("%s belongs to a layer that normalizes, but without a model all layers are dense; name the model before --against", a.name)
		case !ofDense.MatchString(at.name):
			return nil, s.errorf("%s belongs to the layer %s, but without a model all layers are dense; name the model before --against",
				a.name, strings.TrimSuffix(at.name, "."+k.kind))
		}
		if before, ok := all[at]; ok {
			return nil, s.errorf("%q and %q are names for the same thing; keep one of them", before.name, a.name)
		}
		all[at] = a
	}
	return all, nil
}

// ofDense are the parameters without a model.
var ofDense = regexp.MustCompile(`^dense\d+\.[wb]$`)

// counted is the kind whose arrays show whether layers count from 0 or 1.
func counted(kind string) string {
	switch kind {
	case "b":
		return "w"
	case "beta", "mean", "variance":
		return "gamma"
	}
	return kind
}

// parameter is the name of the parameter that k means: of that kind, in the layer with that name, or with that number among the layers with
// weights, or among those that normalize.
func (s *spec) parameter(k key, number int, byNumber bool) (string, error) {
	all := slices.Concat(s.params, s.fixed)
	name := k.layer + "." + k.kind
	if byNumber {
		kind, what := counted(k.kind), "normalizations"
		if kind == "w" {
			what = "weights"
		}
		layers := slices.DeleteFunc(slices.Clone(all), func(q parameter) bool { return !strings.HasSuffix(q.name, "."+kind) })
		if number >= len(layers) {
			return "", fmt.Errorf("belongs to layer %d, but there are %s of %d layers", number+1, what, len(layers))
		}
		name = layers[number].of() + "." + k.kind
	}
	if !slices.ContainsFunc(all, func(q parameter) bool { return q.name == name }) {
		return "", fmt.Errorf("belongs to no layer; the layers are %v", s.names)
	}
	return name, nil
}

func (s *sample) errorf(format string, a ...any) error {
	where := s.path
	if s.step >= 0 {
		where += fmt.Sprintf(": step %d", s.step)
	}
	return fmt.Errorf("compare: %s: %w", where, fmt.Errorf(format, a...))
}
