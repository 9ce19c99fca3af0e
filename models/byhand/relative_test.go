package byhand

import (
	"reflect"
	"strings"
	"testing"
)

// TestRelatives has the good file as programs like network2.py write it. The
// network is the same, and the notes say what was assumed.
func TestRelatives(t *testing.T) {
	want, _, err := decode([]byte(python))
	if err != nil {
		t.Fatal(err)
	}
	const (
		weights = `[[[0.5, -1e-05]], [[2.0], [3]]]`
		biases  = `[[[0.25]], [[-4.0], [0.0]]]`
	)
	none := *want
	none.Cost = nil
	for _, c := range []struct {
		old, new string
		want     *Network2
		notes    string
	}{
		{biases, `[[0.25], [-4.0, 0.0]]`, want, ""},
		{biases, "[\n [\n  0.25], [-4.0, 0.0]]", want, ""},
		{biases, `[[[0.25]], [[-4.0, 0.0]]]`, want, ""},
		{weights, `[[[0.5], [-1e-05]], [[2, 3]]]`, want, ""},
		{weights, `[[[0.5], [-1e-05]], [[2, 3]]], "w": 7, "num_layers": 3, "{\"": "},{"`, want, `not read: "w", "num_layers", "{\""`},
		{`"weights"`, `"w": 7, "weights"`, want, `not read: "w"`},
		{`"sizes": [2, 1, 2], `, "", want, ""},
		{`"sizes": [2, 1, 2], "weights": ` + weights, `"weights": [[[0.5], [-1e-05]], [[2, 3]]]`, want, ""},
		{`"sizes"`, `"Sizes"`, want, ""},
		{`"sizes"`, `"layer_sizes"`, want, ""},
		{`"sizes"`, `"sizes": [3, 1], "sizes"`, want, ""},
		{`"weights"`, `"W"`, want, ""},
		{`"biases"`, `"bias"`, want, ""},
		{`"cost"`, `"loss_function"`, want, ""},
		{`"CrossEntropyCost"`, `"cross_entropy"`, want, ""},
		{`"CrossEntropyCost"`, `"CrossEntropy"`, want, ""},
		{`"CrossEntropyCost"`, `"Cross entropy"`, want, ""},
		{`"CrossEntropyCost"`, `"network2.CrossEntropyCost"`, want, ""},
		{`"CrossEntropyCost"`, `"binary_crossentropy"`, want, ""},
		{`"CrossEntropyCost"`, `null`, &none, ""},
		{`"cost": "CrossEntropyCost"`, `"loss": [0.5, 0.25]`, &none, ""},
		{`, "cost": "CrossEntropyCost"`, "", &none, ""},
		{`{`, `{"activation": "Sigmoid", "epochs": null, `, want, `not read: "epochs"`},
		{`{`, `{` + strings.Repeat(`"": 0, `, 9), want, `not read: "", "", "", "", "", "", "", "", …`},
	} {
		if !strings.Contains(python, c.old) {
			t.Fatalf("%q is not in the good file", c.old)
		}
		text := strings.Replace(python, c.old, c.new, 1)
		net, notes, err := decode([]byte(text))
		if err != nil || !reflect.DeepEqual(net, c.want) || strings.Join(notes, "; ") != c.notes {
			t.Errorf("%s: %+v, %q, %v; want %+v, %q", text, net, notes, err, c.want, c.notes)
		}
	}
}

// TestCostNames tries the names of the quadratic cost.
func TestCostNames(t *testing.T) {
	for _, name := range []string{"QuadraticCost", "quadratic", "mse", "MSELoss", "mean_squared_error", "Mean squared error loss"} {
		if cost, err := costOf(member{value: []byte(`"` + name + `"`)}); cost != (QuadraticCost{}) || err != nil {
			t.Errorf("%s: %v, %v", name, cost, err)
		}
	}
}

// TestSquares: if all layers are square, the file does not show which way they
// lie; a single one that is not square shows it for all.
func TestSquares(t *testing.T) {
	net, notes, err := decode([]byte(`{"weights": [[[1, 2], [3, 4]]], "biases": [[0, 0]]}`))
	if err != nil || !reflect.DeepEqual(net.Weights, [][]float64{{1, 2, 3, 4}}) || len(notes) != 1 ||
		notes[0] != "weights: all layers are squares, taken as (out, in), as network2.py writes them; write (in, out) transposed" {
		t.Errorf("%+v, %q, %v", net, notes, err)
	}
	net, notes, err = decode([]byte(`{"weights": [[[1, 2], [3, 4]], [[5], [6]]], "biases": [[0, 0], [0]]}`))
	if err != nil || !reflect.DeepEqual(net.Weights, [][]float64{{1, 3, 2, 4}, {5, 6}}) || notes != nil {
		t.Errorf("%+v, %q, %v", net, notes, err)
	}
}

// TestSizesOf reads files that do not give their sizes.
func TestSizesOf(t *testing.T) {
	for text, want := range map[string]string{
		`{"weights": [], "biases": []}`:                              `no key "sizes", and no weights or biases to tell them`,
		`{"weights": [[[1, 2]]], "biases": [[0, 0, 0]]}`:             "weights[0] is 1×2, and there are 3 biases[0]; one side must be as long",
		`{"weights": [[[1, 2]]], "biases": [[0], [0]]}`:              "weights: 1 layers, not 2 as in sizes",
		`{"weights": [[[]]], "biases": [[]]}`:                        "sizes: 0 neurons",
		`{"weights": [[[1, 2]]], "biases": [[0]], "layers": [{}]}`:   "layers: object where a whole number is needed",
		`{"weights": [[[1, 2]]], "biases": [[0]], "layers": 2}`:      "layers: number where a list is needed",
		`{"weights": [[[1, 2]]], "biases": [[null]]}`:                "byte offset 36: biases[0]: null where a number is needed",
		`{"weights": [[1, 2]], "biases": [[0]]}`:                     "weights[0]: a list of numbers where a list of rows is needed",
		`{"weights": [[[1, 2]]], "biases": [[0, [1]]]}`:              "byte offset 39: biases[0]: a list where a number is needed",
		`{"weights": [[[1, 2], 3]], "biases": [[0]]}`:                "byte offset 22: weights[0]: a number where a list is needed",
		`{"weights": {"layer1": [[1, 2]]}, "biases": [[0]]}`:         "byte offset 12: weights: an object where a list is needed",
		`{"weights": [[[1, 2]]], "biases": [[0]], "cost": "hinge"}`:  `cost: "hinge" is neither QuadraticCost nor CrossEntropyCost`,
		`{"weights": [[[1, 2]]], "biases": [[0]], "sizes": [1, 2]}`:  "biases[0]: 1 numbers, not 2×1 as in sizes",
		`{"weights": [[[1, 2]]], "biases": [[0]], "\ud800`:           "unexpected end of JSON",
		`{"weights": [[[1, 2]]], "biases": [[0]], "sizes": [2, 1]]}`: "invalid character ']'",
	} {
		if net, _, err := decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want %q", text, net, err, want)
		}
	}
}
