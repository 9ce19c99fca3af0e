package compare

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/internal/npz"
)

// File is what a user's program wrote with NumPy: weights, mini-batches and gradients, for one step or several.
type File struct {
	path   string
	steps  []*sample
	single bool // some of the weights or gradients are float32
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

// ReadFile reads the file at path. A fault in it is a *npz.FormatError, an *UnknownKeysError or another error that names it.
func ReadFile(path string) (*File, error) {
	arrays, err := npz.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path}
	steps := map[int]*sample{-1: {path, -1, map[key]array{}}} // −1 has what all steps have
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
	if k.kind == "loss" && c.text == "" { // loss and cost are one word: the name if it is a text, and the value if not
		k.kind = "cost"
	}
	if text := k.kind == "loss" || k.kind == "activation"; text != (c.text != "") {
		return fmt.Errorf("compare: %s: %s: the loss and the activation have names, as 'quadratic', and all else has numbers", f.path, a.Name)
	}
	if before, ok := s.arrays[k]; ok {
		return fmt.Errorf("compare: %s: %q and %q are two names of one thing; keep one of them", f.path, before.name, a.Name)
	}
	mayBeBad := strings.HasPrefix(k.kind, "d") || strings.HasSuffix(k.kind, "_after") || k.kind == "cost" // what is to be judged
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

// number is a single number of the file, or 0 where there is none.
func (s *sample) number(kind string) (float64, error) {
	a, ok := s.arrays[key{kind, ""}]
	if !ok {
		return 0, nil
	}
	if len(a.x) != 1 {
		return 0, s.errorf("%s has the shape %v; it is one number", a.name, a.shape)
	}
	return a.x[0], nil
}

// text is a name in the file, in small letters without hyphens, or empty where there is none.
func (s *sample) text(kind string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s.arrays[key{kind, ""}].text))
}

// slot is the place of an array that belongs to a layer, counted from 0.
type slot struct {
	kind  string
	layer int
}

// byLayer are the arrays by layer. names are those of the layers in a model; without a model there are only dense ones. The file may
// count layers from 0 or from 1.
func (s *sample) byLayer(names []string) (map[slot]array, error) {
	first := func(kind string) int {
		if kind != "mask" {
			kind = "w"
		}
		if _, ok := s.arrays[key{kind, "0"}]; ok {
			return 0
		}
		return 1
	}
	layers := map[slot]array{}
	for k, a := range s.arrays {
		if k.layer == "" {
			continue
		}
		number, err := strconv.Atoi(k.layer)
		switch name, dense := strings.CutPrefix(k.layer, "dense"); {
		case err == nil:
			number -= first(k.kind)
		case names != nil:
			number = slices.Index(names, k.layer)
		case dense:
			number, _ = strconv.Atoi(name)
			number--
		default:
			return nil, s.errorf("%s belongs to the layer %s, and without a model all layers are dense; name the model before --against", a.name, k.layer)
		}
		if number < 0 || names != nil && k.kind != "mask" && number >= len(names) {
			return nil, s.errorf("%s belongs to no layer; the layers are %v", a.name, names)
		}
		at := slot{k.kind, number}
		if before, ok := layers[at]; ok {
			return nil, s.errorf("%q and %q are two names of one thing; keep one of them", before.name, a.name)
		}
		layers[at] = a
	}
	return layers, nil
}

func (s *sample) errorf(format string, a ...any) error {
	where := s.path
	if s.step >= 0 {
		where += fmt.Sprintf(": step %d", s.step)
	}
	return fmt.Errorf("compare: %s: %w", where, fmt.Errorf(format, a...))
}
