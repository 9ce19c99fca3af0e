package cli

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
)

// augmentHelp is the help of --augment.
const augmentHelp = "`kind` of more images: shifts (each also moved by a pixel), or 'warp(rotate=15,zoom=0.1)'"

// augmentation is what a recipe does to its training images: expand_mnist.py's shifts, a warp, or nothing.
func augmentation(r models.Recipe) (shifts bool, w mnist.Warp, err error) {
	switch name, args, ok := strings.Cut(r.Augment, "("); {
	case !ok && (name == "" || name == "none"):
	case !ok && name == "shifts":
		return true, w, nil
	case ok && name == "warp" && strings.HasSuffix(args, ")"):
		if err := bind(&w, strings.TrimSuffix(args, ")")); err != nil {
			return false, w, usagef("augment %s: %w", r.Augment, err)
		}
		if err := w.Check(); err != nil {
			return false, w, usagef("augment %s: %w", r.Augment, err)
		}
	default:
		return false, w, unknown("augment", r.Augment, []string{"none", "shifts", "warp(rotate=15,zoom=0.15,shift=2,shear=10,elastic=1)"})
	}
	return false, w, nil
}

// bind sets the fields of a warp from "key=number,…"; what has no key is the field at its place.
func bind(w *mnist.Warp, args string) error {
	if strings.TrimSpace(args) == "" {
		return nil
	}
	v := reflect.ValueOf(w).Elem()
	var names []string
	for i := range v.NumField() {
		names = append(names, strings.ToLower(v.Type().Field(i).Name))
	}
	for i, arg := range strings.Split(args, ",") {
		key, number, ok := strings.Cut(arg, "=")
		if !ok {
			key, number = names[min(i, len(names)-1)], arg
		}
		f := v.FieldByNameFunc(func(name string) bool { return strings.ToLower(name) == strings.TrimSpace(key) })
		if !f.IsValid() {
			return unknown("argument", key, names)
		}
		x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil {
			return fmt.Errorf("%s=%s is not a number", key, number)
		}
		if f.Kind() == reflect.Int {
			if x != float64(int(x)) {
				return fmt.Errorf("%s=%s is not a whole number", key, number)
			}
			f.SetInt(int64(x))
			continue
		}
		f.SetFloat(x)
	}
	return nil
}
