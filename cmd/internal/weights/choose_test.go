package weights

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/safetensors"
	"github.com/stheno-ml/stheno/models"
)

// TestSquare: square weights are told by the names, by other weights of the file, or by the flag, and otherwise not at all.
func TestSquare(t *testing.T) {
	n := network(t, "dense(4) relu dense(4)", graph.Shape{4})
	in := func(names ...string) []safetensors.Tensor {
		return []safetensors.Tensor{whole(n, "dense1.w", names[0]), whole(n, "dense1.b", names[1]), whole(n, "dense2.w", names[2]), whole(n, "dense2.b", names[3])}
	}
	out := []safetensors.Tensor{outIn(n, "dense1.w", "fc1.weight"), whole(n, "dense1.b", "fc1.bias"), outIn(n, "dense2.w", "fc2.weight"), whole(n, "dense2.b", "fc2.bias")}
	unnamed := in("W1", "b1", "W2", "b2")
	want := "W1 [4 4] fits as stheno and as torch, and neither names nor other shapes decide; use --layout torch or --layout keras"
	if _, err := Find(n, unnamed, "", ""); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	found(t, n, unnamed, Keras, "", Keras, "as asked for")
	found(t, n, unnamed, "", Keras, Keras, "by what the file says of itself")
	found(t, n, in("dense/kernel:0", "dense/bias:0", "dense_1/kernel:0", "dense_1/bias:0"), "", "", Keras, "by the names")
	found(t, n, out, "", "", Torch, "by the names")
	if m := found(t, n, in("dense1.w", "dense1.b", "dense2.w", "dense2.b"), "", "", Stheno, "by the names"); !m.OurNames {
		t.Error("not our own")
	}

	n = network(t, "dense(4) relu dense(4) relu dense(3)", graph.Shape{4})
	file := append(in("W1", "b1", "W2", "b2"), whole(n, "dense3.w", "W3"), whole(n, "dense3.b", "b3"))
	found(t, n, file, "", "", Stheno, "by the shapes")
	file = []safetensors.Tensor{outIn(n, "dense1.w", "W1"), whole(n, "dense1.b", "b1"), outIn(n, "dense2.w", "W2"), whole(n, "dense2.b", "b2"),
		outIn(n, "dense3.w", "W3"), tensor("b3", []int{3, 1}, func(i []int) float32 { return at(n, "dense3.b", i[0]) })}
	found(t, n, file, "", "", Torch, "by the shapes")
	// Names of PyTorch's, and yet (in, out): the shapes know better.
	file = append(in("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"), whole(n, "dense3.w", "fc3.weight"), whole(n, "dense3.b", "fc3.bias"))
	found(t, n, file, "", "", Stheno, "by the shapes")
}

// TestAlphabet: a file by the alphabet does not tell the order of layers that only their names tell apart.
func TestAlphabet(t *testing.T) {
	n := network(t, "dense(4) relu dense(4) relu dense(3)", graph.Shape{6})
	file := func(first, second, third string) []safetensors.Tensor {
		list := []safetensors.Tensor{whole(n, "dense1.b", first+".bias"), outIn(n, "dense1.w", first+".weight"), whole(n, "dense2.b", second+".bias"),
			outIn(n, "dense2.w", second+".weight"), whole(n, "dense3.b", third+".bias"), outIn(n, "dense3.w", third+".weight")}
		slices.SortFunc(list, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
		return list
	}
	found(t, n, file("in", "middle", "end"), "", "", Torch, "by the names") // by their shapes
	n = network(t, "dense(4) relu dense(4) relu dense(4) relu dense(3)", graph.Shape{6})
	list := func(a, b string) []safetensors.Tensor {
		l := append(file("in", a, "out"), whole(n, "dense3.b", b+".bias"), outIn(n, "dense3.w", b+".weight"))
		for i, x := range l {
			if x.Name == "out.bias" {
				l[i] = whole(n, "dense4.b", "out.bias")
			}
			if x.Name == "out.weight" {
				l[i] = outIn(n, "dense4.w", "out.weight")
			}
		}
		return l
	}
	alphabetic := func(l []safetensors.Tensor) []safetensors.Tensor {
		slices.SortFunc(l, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
		return l
	}
	found(t, n, alphabetic(list("fc9", "fc10")), "", "", Torch, "by the names")
	_, err := Find(n, alphabetic(list("middle", "hidden")), "", "")
	want := "hidden.bias and middle.bias both fit dense2, and the file sorts its tensors by name; number the names in the order of the layers"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	found(t, n, list("middle", "hidden"), "", "", Torch, "by the names") // in the order of the file
}

// TestFrozen: the network's order is the one of its layers, where some are not trained too.
func TestFrozen(t *testing.T) {
	n := network(t, "frozen(dense(4)) relu frozen(batchnorm) dense(4) batchnorm relu frozen(dense(4))", graph.Shape{4})
	var file []safetensors.Tensor
	for i, name := range []string{"dense1.w", "dense1.b", "batchnorm1.gamma", "batchnorm1.beta", "batchnorm1.mean", "batchnorm1.variance", "dense2.w", "dense2.b",
		"batchnorm2.gamma", "batchnorm2.beta", "batchnorm2.mean", "batchnorm2.variance", "dense3.w", "dense3.b"} {
		file = append(file, whole(n, name, fmt.Sprint("arr_", i)))
	}
	found(t, n, file, Keras, "", Keras, "as asked for")
}

// TestOwn: a file with our names may have more, as a checkpoint has; and layers that only this program has go by their names.
func TestOwn(t *testing.T) {
	n := network(t, small, image)
	file := []safetensors.Tensor{{Name: "dense1.w.momentum", Shape: []int{18, 4}, Data: make([]float32, 72)}}
	for _, p := range slices.Backward(n.Tensors()) {
		file = append(file, whole(n, p.Name, p.Name))
	}
	if m := found(t, n, file, "", "", Stheno, "by the names"); len(m.Unused) != 1 {
		t.Errorf("%+v", m.Unused)
	}
	n = network(t, "shared(Enc, dense(6)) relu shared(Enc, dense(6)) relu dense(6)", graph.Shape{6})
	found(t, n, []safetensors.Tensor{whole(n, "dense1.b", "dense1.b"), whole(n, "dense1.w", "dense1.w"), whole(n, "Enc.dense1.w", "Enc.dense1.w"), whole(n, "Enc.dense1.b", "Enc.dense1.b")},
		"", "", Stheno, "by the names")
}

// TestMisfit lists both sides.
func TestMisfit(t *testing.T) {
	n := network(t, "dense(4) relu dense(3)", graph.Shape{6})
	w1, b1, w2, b2 := outIn(n, "dense1.w", "fc1.weight"), whole(n, "dense1.b", "fc1.bias"), outIn(n, "dense2.w", "fc2.weight"), whole(n, "dense2.b", "fc2.bias")
	for _, c := range []struct {
		file []safetensors.Tensor
		flag string
		want string
	}{
		{[]safetensors.Tensor{w1, b1}, "", "left of the network, as torch: dense2.w (4, 3), dense2.b (3); left of the file: nothing; use a model with the layers of the file"},
		{[]safetensors.Tensor{w1, b1, w2}, "", "left of the network, as torch: dense2.w (4, 3), dense2.b (3); left of the file: fc2.weight (3, 4); use"},
		{[]safetensors.Tensor{w1, b1, w2, b2, whole(n, "dense2.b", "fc3.bias")}, "", "left of the network, as torch: nothing; left of the file: fc3.bias (3); use"},
		{[]safetensors.Tensor{w1, b1, w2, b2}, Keras, "left of the network, as keras: dense1.w (6, 4), dense1.b (4), dense2.w (4, 3), dense2.b (3); left of the file: fc1.weight (4, 6), "},
		{nil, "", "left of the network, as stheno: dense1.w (6, 4), dense1.b (4), dense2.w (4, 3), dense2.b (3); left of the file: nothing"},
		{[]safetensors.Tensor{w1, b1, whole(n, "dense1.b", "fc1.biases")}, "", "fc1.bias and fc1.biases have names for the same part of a layer; rename one"},
		{[]safetensors.Tensor{whole(n, "dense1.w", "arr_0"), whole(n, "dense2.b", "arr_1")}, "", "left of the network, as stheno: dense1.b (4), dense2.w (4, 3), dense2.b (3); left of the file: arr_1 (3)"},
		{[]safetensors.Tensor{{Name: "fc1.weight", Shape: []int{4, 6}, Data: make([]int64, 24)}}, "", "left of the file: fc1.weight (4, 6), of []int64; use"},
	} {
		if m, err := Find(n, c.file, c.flag, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v, %v; want %q", m, err, c.want)
		}
	}
	var many []safetensors.Tensor
	for i := range 20 {
		many = append(many, whole(n, "dense2.b", fmt.Sprintf("fc%d.bias", i)))
	}
	if _, err := Find(n, many, "", ""); err == nil || !strings.Contains(err.Error(), "fc11.bias (3), and 8 more; use") {
		t.Errorf("%v", err)
	}
}

// TestOrder: the layers of each model of the catalogue are in the order of its tensors.
func TestOrder(t *testing.T) {
	for _, m := range models.All {
		n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
		if err != nil {
			t.Fatal(err)
		}
		values, err := n.Forward()
		if err != nil {
			t.Fatal(err)
		}
		layers, others := layersOf(n, values)
		var names []string
		for _, l := range layers {
			for _, p := range l.params {
				if slices.Contains(n.Params, p) {
					names = append(names, p.Name)
				}
			}
		}
		var want []string
		for _, p := range n.Params {
			want = append(want, p.Name)
		}
		if len(others) > 0 || !slices.Equal(names, want) {
			t.Errorf("%s: %v, want %v", m.Name, names, want)
		}
	}
}
