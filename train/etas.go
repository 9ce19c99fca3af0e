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

// Etas are learning rates of single layers in place of a Trainer's Eta; the schedule multiplies them as it does that. A layer's name is the
// first part of those of its parameters: conv1 stands for conv1.w and conv1.b, trunk for all that a shared layer trunk has.
type Etas map[string]float64

// Kind is etas.
func (Etas) Kind() string { return "etas" }

// Check reports a rate that cannot be.
func (e Etas) Check() error {
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if eta := e[name]; !(eta > 0) || math.IsInf(eta, 0) {
			return fmt.Errorf("eta %v of %s; it must be above 0", eta, name)
		}
	}
	return nil
}

// fit reports a name that no trained parameter has.
func (e Etas) fit(n *graph.Net) error {
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if !slices.ContainsFunc(n.Params, func(p *graph.Param) bool { return within(p.Name, name) }) {
			return &SettingError{"etas", fmt.Errorf("etas: %w", term.Unknown("layer", name, layers(n)))}
		}
	}
	return nil
}

// layers are the names that Etas may have, without those of single parameters.
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

// of is the rate of a parameter: that of the longest name that it has, or else eta.
func (e Etas) of(param string, eta float64) float64 {
	longest := ""
	for name, own := range e {
		if within(param, name) && len(name) > len(longest) {
			longest, eta = name, own
		}
	}
	return eta
}

// within says that a parameter is one of the layer of that name, or has it itself.
func within(param, name string) bool { return param == name || strings.HasPrefix(param, name+".") }
