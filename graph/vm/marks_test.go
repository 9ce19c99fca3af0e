package vm_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph/vm"

	"gorgonia.org/tensor"
)

// notLowered are the rows of ops for which we have no kernel, under the names on the page about Gorgonia.
var notLowered = map[string]string{
	"average pool": "AveragePool2D", "by indices": "ByIndices", "group norm": "GroupNorm",
	"sparsemax": "Sparsemax", "tensordot": "Tensordot", "upsample": "Upsample2D",
}

// TestNotLowered: the listing marks exactly these rows, all others are lowered with their gradients, and docs/gorgonia.md has the same list.
func TestNotLowered(t *testing.T) {
	page, err := os.ReadFile("../../docs/gorgonia.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "\nThese ops are not replaced: ")
	list, _, _ = strings.Cut(list, ", random nodes")
	named := map[string]bool{"CTCLoss": true} // it takes ints, and has a row of its own
	for name, build := range ops {
		m := newMaker(tensor.Float64)
		s := m.session(squares(build(m)), nil)
		machine := vm.New(s.graph, vm.BindDualValues(s.params...))
		must(machine.RunAll())
		must(machine.RunAll()) // without the gradients that nobody asked for
		function, expected := notLowered[name]
		if marked := strings.Contains(machine.String(), "Gorgonia's own"); marked != expected {
			t.Errorf("%s: marked as not lowered: %v; want %v\n%s", name, marked, expected, machine)
		}
		if expected {
			named[function] = true
		}
	}
	if got, want := strings.Split(strings.ReplaceAll(list, "`", ""), ", "), slices.Sorted(maps.Keys(named)); !slices.Equal(got, want) {
		t.Errorf("the page lists %v, want %v", got, want)
	}
}
