package train

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A Kind is what a name in a text stands for.
type Kind[V any] struct {
	Name  string
	Value V
}

// Optimizers are the optimisers that a text can name.
var Optimizers = []Kind[Optimizer]{{"sgd", SGD{}}, {"nesterov", Nesterov{}}, {"rmsprop", RMSProp{}}, {"adam", Adam{}}, {"adamw", AdamW{}}}

// Schedules are the schedules that a text can name; halve is the book's plateau.
var Schedules = []Kind[Schedule]{
	{"constant", Constant{}}, {"step", Staircase{}}, {"cosine", Cosine{}}, {"onecycle", OneCycle{}}, {"plateau", Plateau{}}, {"halve", Plateau{}},
}

// ParseOptimizer reads an optimiser such as adam or adam(0.9, beta2=0.99); the empty text is plain gradient descent.
func ParseOptimizer(text string) (Optimizer, error) {
	if text == "" {
		return SGD{}, nil
	}
	return parse(text, "optimizer", Optimizers)
}

// ParseSchedule reads a schedule such as constant or onecycle(warmup=0.2); the empty text is Constant.
func ParseSchedule(text string) (Schedule, error) {
	if text == "" {
		return Constant{}, nil
	}
	return parse(text, "schedule", Schedules)
}

func parse[K any](text, what string, kinds []Kind[K]) (k K, err error) {
	name, args, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(text), ")"), "(")
	at := slices.IndexFunc(kinds, func(k Kind[K]) bool { return k.Name == name })
	if at < 0 {
		return k, fmt.Errorf("unknown %s %q", what, name)
	}
	v := reflect.New(reflect.TypeOf(kinds[at].Value)).Elem()
	for i, arg := range strings.FieldsFunc(args, func(r rune) bool { return r == ',' }) {
		key, value, named := strings.Cut(arg, "=")
		if !named {
			if i >= v.NumField() {
				return k, fmt.Errorf("%s %q has too many arguments", what, text)
			}
			key, value = v.Type().Field(i).Name, arg
		}
		f := v.FieldByNameFunc(func(n string) bool { return strings.EqualFold(n, strings.TrimSpace(key)) })
		if !f.IsValid() {
			return k, fmt.Errorf("%s %q has no argument %q", what, name, key)
		}
		switch value := strings.TrimSpace(value); f.Kind() {
		case reflect.Float64:
			x, bad := strconv.ParseFloat(value, 64)
			f.SetFloat(x)
			err = bad
		case reflect.Int:
			x, bad := strconv.Atoi(value)
			f.SetInt(int64(x))
			err = bad
		case reflect.Bool:
			x, bad := strconv.ParseBool(value)
			f.SetBool(x)
			err = bad
		}
		if err != nil {
			return k, fmt.Errorf("%s %q: %q is no number", what, text, value)
		}
	}
	return v.Interface().(K), nil
}
