package weights

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/safetensors"
	"github.com/stheno-ml/stheno/models"
)

// network is a network with a number of its own in each place.
func network(t testing.TB, text string, in graph.Shape) *graph.Net {
	t.Helper()
	m, err := models.Reader{}.Line(text, in)
	if err != nil {
		t.Fatal(err)
	}
	n, err := graph.New(m.Net, m.Loss, in, graph.Config{Init: graph.Zero})
	if err != nil {
		t.Fatal(err)
	}
	next := float32(0)
	for _, p := range n.Tensors() {
		x := p.Data.([]float32)
		for i := range x {
			next++
			x[i] = next
		}
	}
	return n
}

// at is a parameter's element.
func at(n *graph.Net, name string, index ...int) float32 {
	for _, p := range n.Tensors() {
		if p.Name == name {
			k := 0
			for axis, i := range index {
				k = k*p.Shape[axis] + i
			}
			return p.Data.([]float32)[k]
		}
	}
	panic(name)
}

// tensor makes a tensor of a file, element by element.
func tensor(name string, shape []int, element func(i []int) float32) safetensors.Tensor {
	size := 1
	for _, d := range shape {
		size *= d
	}
	x, index := make([]float32, size), make([]int, len(shape))
	for k := range x {
		x[k] = element(index)
		for axis := len(shape) - 1; axis >= 0; axis-- {
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
	}
	return safetensors.Tensor{Name: name, Shape: shape, Data: x}
}

// whole is a parameter as it is, under another name.
func whole(n *graph.Net, name, as string) safetensors.Tensor {
	for _, p := range n.Tensors() {
		if p.Name == name {
			return safetensors.Tensor{Name: as, Shape: slices.Clone(p.Shape), Data: slices.Clone(p.Data.([]float32))}
		}
	}
	panic(name)
}

// outIn is a dense layer's weights as PyTorch has them.
func outIn(n *graph.Net, name, as string) safetensors.Tensor {
	x := whole(n, name, as)
	return tensor(as, []int{x.Shape[1], x.Shape[0]}, func(i []int) float32 { return at(n, name, i[1], i[0]) })
}

// found is an error of the test unless the file gives the network's own parameters.
func found(t *testing.T, n *graph.Net, file []safetensors.Tensor, flag, said, layout, by string) *Match {
	t.Helper()
	m, err := Find(n, file, flag, said)
	if err != nil {
		t.Fatal(err)
	}
	if m.Layout != layout || m.By != by || len(m.Places) != len(n.Tensors()) {
		t.Errorf("%s, %s, %d places; want %s, %s", m.Layout, m.By, len(m.Places), layout, by)
	}
	for _, p := range m.Places {
		if !reflect.DeepEqual(p.Data, p.To.Data) {
			t.Errorf("%s for %s: %v, want %v", p.Tensor, p.To.Name, p.Data, p.To.Data)
		}
	}
	return m
}

// hows are how the tensors were turned.
func hows(m *Match) string {
	var list []string
	for _, p := range m.Places {
		list = append(list, fmt.Sprintf("%s %v %s: %s", p.Tensor, p.Shape, p.To.Name, p.How))
	}
	return strings.Join(list, "\n")
}

const small = "conv(3,2) batchnorm relu pool(2) dense(4) batchnorm dense(4)"

var image = graph.Shape{2, 5, 7} // gives 3 maps of 2×3

// torch is the small network as PyTorch writes it.
func torch(n *graph.Net) []safetensors.Tensor {
	return []safetensors.Tensor{
		whole(n, "conv1.w", "features.0.weight"), whole(n, "conv1.b", "features.0.bias"),
		whole(n, "batchnorm1.gamma", "features.1.weight"), whole(n, "batchnorm1.beta", "features.1.bias"),
		whole(n, "batchnorm1.mean", "features.1.running_mean"), whole(n, "batchnorm1.variance", "features.1.running_var"),
		{Name: "features.1.num_batches_tracked", Shape: []int{}, Data: []int64{5}},
		outIn(n, "dense1.w", "classifier.0.weight"), whole(n, "dense1.b", "classifier.0.bias"),
		whole(n, "batchnorm2.gamma", "classifier.1.weight"), whole(n, "batchnorm2.beta", "classifier.1.bias"),
		whole(n, "batchnorm2.mean", "classifier.1.running_mean"), whole(n, "batchnorm2.variance", "classifier.1.running_var"),
		outIn(n, "dense2.w", "classifier.10.weight"), whole(n, "dense2.b", "classifier.10.bias"),
	}
}

// TestConvolutions: those of groups and transposed ones lie otherwise in Keras, and not in PyTorch.
func TestConvolutions(t *testing.T) {
	n := network(t, "conv(4,3x1) conv(8,1x2,groups=4) conv(2,3,pad=same,groups=2) convtranspose(3,2x1,stride=2) dense(3)", graph.Shape{2, 5, 3})
	var file []safetensors.Tensor
	for i, p := range n.Tensors() {
		name := fmt.Sprintf("layers.%d.%s", i/2, map[string]string{"w": "weight", "b": "bias"}[p.Name[len(p.Name)-1:]])
		if p.Name == "dense1.w" {
			file = append(file, outIn(n, p.Name, name))
			continue
		}
		file = append(file, whole(n, p.Name, name))
	}
	found(t, n, file, "", "", Torch, "by the names")

	n = network(t, "conv(4,3x1) conv(8,1x2,groups=4) conv(2,3,pad=same,groups=2) convtranspose(3,2x1) globalavgpool", graph.Shape{2, 5, 3})
	file = []safetensors.Tensor{
		tensor("conv2d/kernel:0", []int{3, 1, 2, 4}, func(i []int) float32 { return at(n, "conv1.w", i[3], i[2], i[0], i[1]) }),
		whole(n, "conv1.b", "conv2d/bias:0"),
		tensor("depthwise_conv2d/depthwise_kernel:0", []int{1, 2, 4, 2}, func(i []int) float32 { return at(n, "conv2.w", 2*i[2]+i[3], 0, i[0], i[1]) }),
		whole(n, "conv2.b", "depthwise_conv2d/bias:0"),
		tensor("conv2d_1/kernel:0", []int{3, 3, 4, 2}, func(i []int) float32 { return at(n, "conv3.w", i[3], i[2], i[0], i[1]) }),
		whole(n, "conv3.b", "conv2d_1/bias:0"),
		tensor("conv2d_transpose/kernel:0", []int{2, 1, 3, 2}, func(i []int) float32 { return at(n, "convtranspose1.w", i[3], i[2], i[0], i[1]) }),
		whole(n, "convtranspose1.b", "conv2d_transpose/bias:0"),
	}
	m := found(t, n, file, "", "", Keras, "by the names")
	for _, want := range []string{
		"conv2.w: (rows, columns, maps, filters) to (maps × filters, 1, rows, columns)", "conv3.w: (rows, columns, in, out) to (out, in, rows, columns)",
		"convtranspose1.w: (rows, columns, out, in) to (in, out, rows, columns)",
	} {
		if !strings.Contains(hows(m), want) {
			t.Errorf("no %q in\n%s", want, hows(m))
		}
	}
}

func TestTorch(t *testing.T) {
	n := network(t, small, image)
	m := found(t, n, torch(n), "", "", Torch, "by the names")
	if len(m.Unused) != 1 || m.Unused[0].Name != "features.1.num_batches_tracked" || m.Notes != nil || m.OurNames {
		t.Errorf("%+v", m)
	}
	for _, want := range []string{
		"features.0.weight [3 2 2 2] conv1.w: as it is", "classifier.0.weight [4 18] dense1.w: transposed",
		"classifier.10.weight [4 4] dense2.w: transposed", "features.1.running_var [3] batchnorm1.variance: as it is",
	} {
		if !strings.Contains(hows(m), want) {
			t.Errorf("no %q in\n%s", want, hows(m))
		}
	}
	// The safetensors library writes by the alphabet: classifier.10 before classifier.2, and the classifier before the features.
	file := torch(n)
	slices.SortFunc(file, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
	found(t, n, file, "", "", Torch, "by the names")
	found(t, n, file, "", Torch, Torch, "by what the file says of itself")
	found(t, n, file, Torch, "", Torch, "as asked for")
}

// keras is the small network as Keras writes it: by hand, element by element.
func keras(n *graph.Net) []safetensors.Tensor {
	return []safetensors.Tensor{
		tensor("conv2d/kernel:0", []int{2, 2, 2, 3}, func(i []int) float32 { return at(n, "conv1.w", i[3], i[2], i[0], i[1]) }),
		whole(n, "conv1.b", "conv2d/bias:0"),
		whole(n, "batchnorm1.gamma", "batch_normalization/gamma:0"), whole(n, "batchnorm1.beta", "batch_normalization/beta:0"),
		whole(n, "batchnorm1.mean", "batch_normalization/moving_mean:0"), whole(n, "batchnorm1.variance", "batch_normalization/moving_variance:0"),
		// Row r of the file is pixel (r/9, r/3%3) of map r%3.
		tensor("dense/kernel:0", []int{18, 4}, func(i []int) float32 { return at(n, "dense1.w", i[0]%3*6+i[0]/9*3+i[0]/3%3, i[1]) }),
		whole(n, "dense1.b", "dense/bias:0"),
		whole(n, "batchnorm2.gamma", "batch_normalization_1/gamma:0"), whole(n, "batchnorm2.beta", "batch_normalization_1/beta:0"),
		whole(n, "batchnorm2.mean", "batch_normalization_1/moving_mean:0"), whole(n, "batchnorm2.variance", "batch_normalization_1/moving_variance:0"),
		whole(n, "dense2.w", "dense_1/kernel:0"), whole(n, "dense2.b", "dense_1/bias:0"),
	}
}

func TestKeras(t *testing.T) {
	n := network(t, small, image)
	m := found(t, n, keras(n), "", "", Keras, "by the names")
	for _, want := range []string{
		"conv2d/kernel:0 [2 2 2 3] conv1.w: (rows, columns, in, out) to (out, in, rows, columns)",
		"dense/kernel:0 [18 4] dense1.w: (rows, columns, maps) to (maps, rows, columns)", "dense_1/kernel:0 [4 4] dense2.w: as it is",
	} {
		if !strings.Contains(hows(m), want) {
			t.Errorf("no %q in\n%s", want, hows(m))
		}
	}
	if len(m.Notes) != 1 || m.Notes[0] != "batch norm has eps 1e-05 here and 0.001 in Keras, if nothing else was said: write batchnorm(eps=0.001)" {
		t.Errorf("%q", m.Notes)
	}
	// By their order alone, as get_weights gives them: the shape of the convolution tells the layout.
	file := keras(n)
	for i := range file {
		file[i].Name = fmt.Sprint("arr_", i)
	}
	found(t, n, file, "", "", Keras, "by the shapes")
	slices.SortFunc(file, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) }) // arr_10 before arr_2
	found(t, n, file, "", "", Keras, "by the shapes")
}

// TestPReLU: slopes are a weight without a bias in PyTorch, and alpha in Keras, where an image may have them for all its rows and columns.
func TestPReLU(t *testing.T) {
	n := network(t, "conv(3,2) prelu pool(3,stride=2,pad=1) prelu(shared=true) flatten prelu dense(4)", image)
	file := []safetensors.Tensor{
		whole(n, "conv1.w", "0.weight"), whole(n, "conv1.b", "0.bias"), whole(n, "prelu1.slope", "1.weight"), whole(n, "prelu2.slope", "3.weight"),
		whole(n, "prelu3.slope", "5.weight"), outIn(n, "dense1.w", "6.weight"), whole(n, "dense1.b", "6.bias"),
	}
	found(t, n, file, "", "", Torch, "by the names")
	const maps, pixels = 3, 2 * 3
	last := func(i int) int { return i%maps*pixels + i/maps }
	m := found(t, n, []safetensors.Tensor{
		tensor("conv2d/kernel", []int{2, 2, 2, 3}, func(i []int) float32 { return at(n, "conv1.w", i[3], i[2], i[0], i[1]) }), whole(n, "conv1.b", "conv2d/bias"),
		tensor("p_re_lu/alpha", []int{1, 1, 3}, func(i []int) float32 { return at(n, "prelu1.slope", i[2]) }), whole(n, "prelu2.slope", "p_re_lu_1/alpha"),
		tensor("p_re_lu_2/alpha", []int{18}, func(i []int) float32 { return at(n, "prelu3.slope", last(i[0])) }),
		tensor("dense/kernel", []int{18, 4}, func(i []int) float32 { return at(n, "dense1.w", last(i[0]), i[1]) }), whole(n, "dense1.b", "dense/bias"),
	}, "", "", Keras, "by the names")
	if len(m.Notes) != 1 || m.Notes[0] != "a pool with pad: Keras pads below and to the right first, and leaves the padding out of a mean" {
		t.Errorf("%q", m.Notes)
	}
}

// TestFlattened: what meets a flattened image in Keras lies otherwise, behind other layers too.
func TestFlattened(t *testing.T) {
	// conv: 2 maps of 2×2, number 4 m + p there and 2 p + m in Keras
	last := func(i int) int { return i%2*4 + i/2 }
	n := network(t, "conv(2,2) flatten batchnorm(eps=0.001) relu concat(seq(layernorm), seq(relu dropout(0.5) slice(0,4))) dense(2)", graph.Shape{1, 3, 3})
	if _, err := Find(n, nil, Keras, ""); err == nil || !strings.Contains(err.Error(), "part of a flattened image has an unknown order; save the weights in PyTorch's layout") {
		t.Errorf("%v", err)
	}
	n = network(t, "conv(2,2) flatten batchnorm(eps=0.001) relu concat(seq(layernorm), seq(dense(3)), seq(relu dropout(0.5))) dense(2)", graph.Shape{1, 3, 3})
	by := func(name, as string) safetensors.Tensor {
		return tensor(as, []int{8}, func(i []int) float32 { return at(n, name, last(i[0])) })
	}
	found(t, n, []safetensors.Tensor{
		tensor("conv2d/kernel", []int{2, 2, 1, 2}, func(i []int) float32 { return at(n, "conv1.w", i[3], i[2], i[0], i[1]) }), whole(n, "conv1.b", "conv2d/bias"),
		by("batchnorm1.gamma", "bn/gamma"), by("batchnorm1.beta", "bn/beta"), by("batchnorm1.mean", "bn/moving_mean"), by("batchnorm1.variance", "bn/moving_variance"),
		by("layernorm1.gamma", "ln/gamma"), by("layernorm1.beta", "ln/beta"),
		tensor("dense/kernel", []int{8, 3}, func(i []int) float32 { return at(n, "dense1.w", last(i[0]), i[1]) }), whole(n, "dense1.b", "dense/bias"),
		tensor("dense_1/kernel", []int{19, 2}, func(i []int) float32 {
			row := i[0]
			switch {
			case row < 8:
				row = last(row)
			case row >= 11:
				row = 11 + last(row-11)
			}
			return at(n, "dense2.w", row, i[1])
		}), whole(n, "dense2.b", "dense_1/bias"),
	}, "", "", Keras, "by the names")

	n = network(t, "dense(8) reshape(2x2x2) conv(2,2) flatten dense(2)", graph.Shape{1, 3, 3})
	if _, err := Find(n, nil, Keras, ""); err == nil || !strings.Contains(err.Error(), "have another order in Keras; save the weights in PyTorch's layout") {
		t.Errorf("%v", err)
	}
	n = network(t, "conv(2,2,stride=2,pad=1) globalavgpool dense(2)", graph.Shape{1, 5, 5})
	m := found(t, n, []safetensors.Tensor{
		tensor("a/kernel", []int{2, 2, 1, 2}, func(i []int) float32 { return at(n, "conv1.w", i[3], i[2], i[0], i[1]) }), whole(n, "conv1.b", "a/bias"),
		whole(n, "dense1.w", "b/kernel"), whole(n, "dense1.b", "b/bias"),
	}, "", "", Keras, "by the names")
	if len(m.Notes) != 1 || !strings.HasPrefix(m.Notes[0], "a convolution with stride and pad") {
		t.Errorf("%q", m.Notes)
	}
}

// TestAttention: what attention, positions and embeddings have is found by this program's names and by PyTorch's.
func TestAttention(t *testing.T) {
	n := network(t, "embedding(7,4) positions attention(2) globalavgpool dense(3)", graph.Shape{5})
	own := func(name string, shape ...int) safetensors.Tensor {
		return tensor(name, shape, func(i []int) float32 { return at(n, name, i...) })
	}
	turned := func(name, from string, shape ...int) safetensors.Tensor {
		return tensor(name, shape, func(i []int) float32 { return at(n, from, i[1], i[0]) })
	}
	by := func(name, from string, shape ...int) safetensors.Tensor {
		return tensor(name, shape, func(i []int) float32 { return at(n, from, i...) })
	}
	for layout, file := range map[string][]safetensors.Tensor{
		Stheno: {own("embedding1.w", 7, 4), own("positions1.w", 5, 4), own("attention1.in.w", 4, 12), own("attention1.in.b", 12),
			own("attention1.out.w", 4, 4), own("attention1.out.b", 4), own("dense1.w", 4, 3), own("dense1.b", 3)},
		Torch: {by("tokens.weight", "embedding1.w", 7, 4), by("positions.weight", "positions1.w", 5, 4), turned("self_attn.in_proj_weight", "attention1.in.w", 12, 4),
			by("self_attn.in_proj_bias", "attention1.in.b", 12), turned("self_attn.out_proj.weight", "attention1.out.w", 4, 4),
			by("self_attn.out_proj.bias", "attention1.out.b", 4), turned("head.weight", "dense1.w", 3, 4), by("head.bias", "dense1.b", 3)},
	} {
		m, err := Find(n, file, "", "")
		if err != nil {
			t.Fatalf("%s: %v", layout, err)
		}
		if m.Layout != layout || len(m.Places) != len(n.Params) {
			t.Errorf("%s: found as %s, %d of %d", layout, m.Layout, len(m.Places), len(n.Params))
		}
		for _, p := range m.Places {
			if !reflect.DeepEqual(p.Data, p.To.Data) {
				t.Errorf("%s: %s goes to %s %s", layout, p.Tensor, p.To.Name, p.How)
			}
		}
	}
}
