package byhand

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// python is what network2.py saves for a network of sizes 2, 1, 2.
const python = `{"sizes": [2, 1, 2], ` +
	`"weights": [[[0.5, -1e-05]], [[2.0], [3]]], ` +
	`"biases": [[[0.25]], [[-4.0], [0.0]]], "cost": "CrossEntropyCost"}`

func TestLoadPython(t *testing.T) {
	net, notes, err := decode([]byte(python))
	if err != nil {
		t.Fatal(err)
	}
	want := &Network2{Network{
		Sizes:   []int{2, 1, 2},
		Weights: [][]float64{{0.5, -1e-05}, {2, 3}},
		Biases:  [][]float64{{0.25}, {-4, 0}},
		Cost:    CrossEntropyCost{},
	}}
	if !reflect.DeepEqual(net, want) || notes != nil {
		t.Errorf("read %+v, %q, want %+v", net, notes, want)
	}
}

func TestSaveLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.json")
	for _, cost := range []Cost{QuadraticCost{}, CrossEntropyCost{}} {
		net := New2(0, cost, 7, 5, 3)
		if err := net.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, net) {
			t.Errorf("%v: read %+v, saved %+v", cost, got, net)
		}
	}
}

func TestSaveErrors(t *testing.T) {
	for want, change := range map[string]func(*Network2){
		"weights[1]: number 4 is NaN, which is not finite": func(net *Network2) { net.Weights[1][4] = math.NaN() },
		"biases[0]: number 1 is -Inf, which is not finite": func(net *Network2) { net.Biases[0][1] = math.Inf(-1) },
		"weights[0]: 4 numbers, not 2×4 as in sizes":       func(net *Network2) { net.Weights[0] = net.Weights[0][:4] },
		"biases[1]: 2 numbers, not 3×1 as in sizes":        func(net *Network2) { net.Biases[1] = net.Biases[1][:2] },
		"weights: 1 layers, not 2 as in sizes":             func(net *Network2) { net.Weights = net.Weights[:1] },
		"biases: 1 layers, not 2 as in sizes":              func(net *Network2) { net.Biases = net.Biases[:1] },
		"sizes: [4], at least 2 layers":                    func(net *Network2) { net.Sizes = net.Sizes[:1] },
		"limit is 2097152": func(net *Network2) {
			net.Sizes, net.Weights[0] = []int{1 << 20, 2, 3}, make([]float64, 1<<21)
		},
	} {
		path := filepath.Join(t.TempDir(), "net.json")
		net := New2(0, QuadraticCost{}, 4, 2, 3)
		change(net)
		err := net.Save(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "byhand: "+path) {
			t.Errorf("error %v, want %q after the path", err, want)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a file is written", want)
		}
	}
	if err := New2(0, QuadraticCost{}, 1, 1).Save(t.TempDir()); err == nil {
		t.Error("no error for a folder")
	}
}

// TestLoadErrors changes one place of the good file in each row.
func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{python, "", "byte offset 0: unexpected end of JSON"},
		{python, "[]", "byte offset 1: file: array where an object is needed"},
		{python, "{}", "no key \"weights\"; add the matrices of all layers"},
		{python, "null", "file: null where an object is needed"},
		{python, "\x80\x04\x95", "a pickled Python object, which may run any program when it is opened; load it in Python"},
		{python, "\x1f\x8b\x08", "byte offset 1: invalid character '\\x1f'"},
		{"0.5, ", "0.5, 7, ", "weights[0]: 3 numbers, not 1×2 as in sizes"},
		{"0.5, ", "", "weights[0]: 1 numbers, not 1×2 as in sizes"},
		{"[3]", "[3, 4]", "weights[1]: row 1 has 2 numbers, not 1"},
		{"[2.0], [3]", "[2.0, 3]", "weights[0] is (out, in), weights[1] is (in, out); write all layers the same way"},
		{"[2.0], [3]", "[[2.0], [3]]", "byte offset 52: weights[1]: a list where a number is needed"},
		{"0.5", "NaN", "byte offset 36: invalid character 'N'"},
		{"0.5", "1e999", "byte offset 35: weights[0]: 1e999 where a number up to 1.8e308 is needed"},
		{"0.5", "null", "byte offset 35: weights[0]: null where a number is needed"},
		{"0.5", `"0.5"`, "byte offset 35: weights[0]: a string where a number"},
		{"0.5", "[0.5]", "byte offset 35: weights[0]: a list where a number"},
		{"0.5", "+0.5", "byte offset 36: invalid character '+'"},
		{"0.5", "00.5", "byte offset 37: invalid character '0'"},
		{"0.5", ".5", "byte offset 36: invalid character '.'"},
		{"0.5", "5.", "byte offset 38: invalid character ',' after decimal point"},
		{"0.5", "5e", "byte offset 38: invalid character ',' in exponent"},
		{"0.5", "5e+-1", "byte offset 39: invalid character '-' in exponent"},
		{"0.5", "0.5 1", "byte offset 40: invalid character '1' after array element"},
		{"0.5", strings.Repeat("9", 400), "weights[0]: " + strings.Repeat("9", 33) + " where"},
		{"0.5, ", "0.5, , ", "byte offset 41: invalid character ','"},
		{"-1e-05]", "-1e-05,]", "byte offset 48: invalid character ']'"},
		{"[[0.5, -1e-05]]", "[0.5, -1e-05]", "weights[0]: a list of numbers where a list of rows is needed"},
		{"[[0.5, -1e-05]]", "[]", "weights[0]: 0 numbers, not 1×2 as in sizes"},
		{"[[0.5, -1e-05]], ", "", "weights: 1 layers, not 2 as in sizes"},
		{"[2.0], ", "", "weights[1]: 1 numbers, not 2×1 as in sizes"},
		{"[[0.25]]", "[[0.25], [0.5]]", "biases[0]: 2 numbers, not 1×1 as in sizes"},
		{"[[-4.0], [0.0]]", "[[-4.0, 0.0], [1, 2]]", "biases[1]: rows of 2 numbers, not of 1"},
		{"[[-4.0], [0.0]]", "-4.0", "byte offset 86: biases[1]: a number where a list is needed"},
		{"[2, 1, 2]", "[2]", "sizes: [2], at least 2 layers"},
		{"[2, 1, 2]", "[2, 1.5, 2]", "byte offset 17: sizes: number 1.5 where a whole number is needed"},
		{"[2, 1, 2]", "[2, 0, 2]", "sizes: 0 neurons, and a layer has 1 to 2097152"},
		{"[2, 1, 2]", "[2, -1, 2]", "sizes: -1 neurons, and a layer has 1 to 2097152"},
		{"[2, 1, 2]", "[2, 1e300, 2]", "sizes: number 1e300 where a whole number is needed"},
		{"[2, 1, 2]", "[2, 1, 2000000]", "weights[1]: 2 numbers, not 2000000×1 as in sizes"},
		{"[2, 1, 2]", "[4611686018427387904, 4, 2]", "sizes: 4611686018427387904 neurons, and a layer has 1 to 2097152"},
		{"[2, 1, 2]", "null", "byte offset 10: null where a value is needed"},
		{"[2, 1, 2]", "[" + strings.Repeat("1,", 1000) + "1,1]", "weights: 2 layers, not 1001 as in sizes"},
		{"CrossEntropyCost", "LogLikelihood", `cost: "LogLikelihood" is neither`},
		{"CrossEntropyCost", "categorical_crossentropy", `cost: "categorical_crossentropy" is neither`},
		{`{"sizes"`, `{"activation": "tanh", "sizes"`, `activation: "tanh", and sigmoid neurons only are read; import the arrays as .npz`},
		{`{"sizes"`, `{"activations": ["sigmoid", "softmax"], "sizes"`, `activations: "softmax", and sigmoid neurons only`},
		{`{"sizes"`, `{"W": [], "w": [], "sizes"`, `keys "W" and "w" are both weights; keep one of them`},
		{`{"sizes"`, `{` + strings.Repeat(`"": 0, `, 1000) + `"sizes"`, "more than 1000 keys"},
		{`[2, 1, 2], "weights": [[[0.5, -1e-05]]`, `[6, 1, 2], "weights": [[[0.5, -1e-05, 1], [1, 2, 3]]`, "weights[0]: 2×3, not 1×6 as in sizes"},
		{`[[0.25]], `, strings.Repeat("[[0]], ", 4096), "biases: more than 4096 layers"},
		{`"biases"`, `"weights"`, `no key "biases"; add a list of numbers for each layer but the first`},
		{`Cost"}`, `Cost"} {`, "invalid character '{' after top-level value"},
		{`Cost"}`, `Cost"}}`, "invalid character '}' after top-level value"},
		{`Cost"}`, `Cost"`, "byte offset 130: unexpected end of JSON"},
	} {
		if !strings.Contains(python, c.old) {
			t.Fatalf("%q is not in the good file", c.old)
		}
		path := filepath.Join(t.TempDir(), "net.json")
		if err := os.WriteFile(path, []byte(strings.Replace(python, c.old, c.new, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		net, err := Load(path)
		if net != nil || err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "byhand: "+path) {
			t.Errorf("%q for %q: error %v, want %q after the path", c.new, c.old, err, c.want)
		}
	}
	if _, err := Load("none.json"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("no file: error %v", err)
	}
}

// TestLoadHuge reads a file larger than any network that is accepted, and one
// whose size would show only at its end.
func TestLoadHuge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.json")
	if err := os.WriteFile(path, []byte(python), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "larger than 67108864 bytes") {
		t.Errorf("error %v, want one about the size", err)
	}
	for _, c := range []struct{ repeat, want string }{
		{"1,", "more than 2097152 numbers"},
		{"1],[", "more than 2097152 numbers"},
		{"1]],[[", "more than 2097152 numbers"},
		{"[", "exceeded max depth"},
		{"1", "unexpected end of JSON"},
	} {
		_, _, err := decode([]byte(`{"weights":[[[` + strings.Repeat(c.repeat, 3<<20)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q again and again: error %v, want %q", c.repeat, err, c.want)
		}
	}
}

// TestSaveLoadLarge uses a network of the largest size that the limits allow.
func TestSaveLoadLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.json")
	net := New2(0, CrossEntropyCost{}, 784, 1000, 10)
	if err := net.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, net) {
		t.Error("the network read is not the one saved")
	}
}

// TestLoadTruncated cuts the good file at every byte.
func TestLoadTruncated(t *testing.T) {
	for n := range len(python) {
		if _, _, err := decode([]byte(python[:n])); err == nil {
			t.Errorf("no error for the first %d bytes", n)
		}
	}
}

// FuzzLoad: any file gives an error, or a network that stays the same when it is
// saved and read again.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(python))
	f.Add([]byte(`{"Sizes": [2, 1], "W": [[[1], [2]]], "b": [[1]], "loss": "mse", "activation": ["sigmoid"], "x": {"}": [","]}}`))
	f.Add([]byte(`{"weights": [[[1, 2], [3, 4]]], "biases": [[[1, 2]]]}`))
	f.Add([]byte(`{"cost": "QuadraticCost", "sizes": [1, 1], "biases": [[[1]]], "weights": [[[-0]]]}`))
	f.Add([]byte(`{"sizes": [1, 1], "weights": [[[null]]], "biases": [[[]]], "cost": "", "cost": ""}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		net, _, err := decode(data)
		if err != nil {
			return
		}
		if net.Cost == nil {
			net.Cost = CrossEntropyCost{}
		}
		saved, err := net.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := decode(saved)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, net) {
			t.Errorf("read %+v, saved and read again %+v", net, again)
		}
	})
}
