package train

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
)

// Etas are learning rates of single layers, which replace a Trainer's Eta. The schedule multiplies them, too. A layer's name is the first part of its
// parameters' names: conv1 means conv1.w and conv1.b, and trunk means all parameters of a shared layer trunk.
type Etas map[string]float64

// Kind returns "etas", the name in texts.
func (Etas) Kind() string { return "etas" }

// Check returns an error if a rate is not above 0.
func (e Etas) Check() error {
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if eta := e[name]; !(eta > 0) || math.IsInf(eta, 0) {
			return fmt.Errorf("eta %v of %s; it must be above 0", eta, name)
		}
	}
	return nil
}

// fit returns an error if no trained parameter has one of the names.
func (e Etas) fit(n *graph.Net) error {
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if !slices.ContainsFunc(n.Params, func(p *graph.Param) bool { return within(p.Name, name) }) {
			return &SettingError{"etas", fmt.Errorf("etas: %w", term.Unknown("layer", name, layers(n)))}
		}
	}
	return nil
}

// layers returns the names that Etas may use, except those of single parameters.
func layers(n *graph.Net) (names []string) {
	for _, p := range n.Params {
		for i, c := range p.Name {
			if c == '.' && !slices.Contains(names, p.Name[:i]) {
				names = append(names, p.Name[:i])
			}
		}
	}
	return names
}

// of returns a parameter's rate: that of the longest name that matches it, or else eta.
func (e Etas) of(param string, eta float64) float64 {
	longest := ""
	for name, own := range e {
		if within(param, name) && len(name) > len(longest) {
			longest, eta = name, own
		}
	}
	return eta
}

// within reports whether a parameter has that name or belongs to the layer of that name.
func within(param, name string) bool { return param == name || strings.HasPrefix(param, name+".") }
