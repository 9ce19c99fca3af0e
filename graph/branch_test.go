package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// spell builds networks from texts, over (1,6,6), and returns their parameters and predictions.
func spell(t *testing.T, text string) (params string, y []float32) {
	t.Helper()
	m, err := models.Reader{}.Line(text, shape{1, 6, 6})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	n := fresh(t, m.Net, graph.LogLikelihood, shape{1, 6, 6}, graph.Config{Seed: 5})
	for _, p := range n.Params {
		params += fmt.Sprint(" ", p.Name, p.Shape)
	}
	x, _ := examples(3, shape{1, 6, 6}, n.Outputs)
	y = make([]float32, 3*n.Outputs)
	if err := n.Predict(y, x); err != nil {
		t.Fatal(err)
	}
	return params, y
}

// TestWiring: two ways to write the same network give the same network.
func TestWiring(t *testing.T) {
	for _, same := range [][]string{
		{"conv(3,3) relu dense(4)", "graph(conv(3,3) relu dense(4))", "seq(conv(3,3) relu) seq(seq(dense(4)))"},
		{
			"conv(2,3) residual(tanh conv(2,1)) dense(4)", "conv(2,3) add(seq,tanh conv(2,1)) dense(4)",
			"conv(2,3) graph(tanh conv(2,1,name=y) add(from=input y)) dense(4)",
		},
		{
			"conv(2,3) concat(relu,conv(1,1) tanh,seq) dense(4)",
			"conv(2,3) graph(relu(name=a) conv(1,1,from=input) tanh(name=b) concat(from=a b input)) dense(4)",
		},
		{"dense(5) tanh dense(5) tanh dense(4)", "repeat(2,dense(5) tanh) dense(4)"},
		{
			"dense(5) concat(dense(3),dense(2)) dense(4)",
			"graph(dense(5,name=trunk) dense(3,name=left) dense(2,name=right,from=trunk) concat(from=left right) dense(4))",
		},
	} {
		params, y := spell(t, same[0])
		for _, text := range same[1:] {
			if p, z := spell(t, text); p != params || !slices.Equal(y, z) {
				t.Errorf("%s: %s, %v; %s: %s, %v", same[0], params, y, text, p, z)
			}
		}
	}
	if _, y := spell(t, "dense(4) add(tanh,tanh)"); slices.Max(y) == 0 {
		t.Error("no sum")
	}
}

// TestPaths: errors name the path to the layer, its input, and what would fit.
func TestPaths(t *testing.T) {
	for text, want := range map[string]string{
		"dense(4) residual(relu residual(dense(3)))": "layer 1 residual: input (1, 4): layer 1 residual: input (1, 4): the layers inside turn (1, 4) into (1, 3); they must keep the shape",
		"conv(2,3) concat(relu,pool(9)) dense(4)":    "layer 1 concat: input (1, 2, 4, 4): branch 1: layer 0 pool(9): input (1, 2, 4, 4): maxPool/9: windows of 9×9 on (1, 2, 4, 4); it takes",
		"conv(2,3) concat(relu,pool(2)) dense(4)":    "layer 1 concat: input (1, 2, 4, 4): concat/2: (1, 2, 2, 2) beside (1, 2, 4, 4); make the shapes",
		"conv(2,3) add(conv(2,1),relu,conv(3,1))":    "layer 1 add: input (1, 2, 4, 4): cannot add (1, 2, 4, 4) and, as number 2, (1, 3, 4, 4); make the shapes equal: as many maps or outputs, pad=same, the same stride",
		"add":                          "layer 0 add: input (1, 1, 6, 6): it has one input and no branches; give it branches",
		"concat()":                     "layer 0 concat: input (1, 1, 6, 6): it has one input and no branches; give it branches",
		"repeat(3,conv(2,3)) dense(4)": "layer 0 repeat(3): input (1, 1, 6, 6): layer 0 conv(2,3): input (1, 2, 2, 2): conv/1/0: filters of 3×3 on images of 2×2",
		"repeat(0,relu)":               "layer 0 repeat(0): input (1, 1, 6, 6): 0 times; use 1 to 1000",
		"repeat(1001,relu)":            "layer 0 repeat(1001): input (1, 1, 6, 6): 1001 times; use 1 to 1000",
		"repeat(1000,repeat(1000,repeat(1000,tanh)))":             "the network has more than 4096 layers; use fewer",
		"conv(2,4,pad=same)":                                      "layer 0 conv(2,4,pad=same): input (1, 1, 6, 6): pad same for filters of 4×4; use filters of an odd size",
		"graph":                                                   "layer 0 graph: input (1, 1, 6, 6): it has no vertices",
		"graph(dense(4,from=left))":                               `layer 0 graph: input (1, 1, 6, 6): layer 0: from: unknown name "left"; use input`,
		"graph(relu(name=left) dense(4,from=letf))":               `layer 1: from: unknown name "letf"; did you mean left?`,
		"graph(relu(name=a) dense(4,name=a))":                     "layer a: another vertex has this name; give each its own",
		"graph(relu(name=input))":                                 "layer input: another vertex has this name",
		"graph(relu(name=a) tanh(name=b) dense(4,from=a))":        "layer b: no vertex uses it; name it in another vertex's from",
		"graph(relu(name=a) tanh(name=b) dense(4,from=a b))":      "layer 2 dense(4): input (1, 1, 6, 6) and (1, 1, 6, 6): it takes one input but has 2; join them with add or concat",
		"graph(dense(2,name=a) tanh(name=b) add(from=input b a))": "layer 2 add: input (1, 1, 6, 6) and (1, 2) and (1, 2): cannot add (1, 1, 6, 6) and, as number 1, (1, 2)",
		"graph(residual(conv(9,9),name=a))":                       "layer a residual: input (1, 1, 6, 6): layer 0 conv(9,9): input (1, 1, 6, 6)",
	} {
		m, err := models.Reader{}.Line(text, shape{1, 6, 6})
		if err == nil {
			_, err = graph.New(m.Net, graph.LogLikelihood, shape{1, 6, 6}, graph.Config{})
		}
		if err == nil || !strings.HasPrefix(err.Error(), "graph: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v, want\n%s…", text, err, want)
		}
	}
}
