package graph_test

import (
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// layered are networks that together have every layer without a chapter in the book.
var layered = map[string]graph.Layer{
	"activations": graph.Seq{
		graph.Dense{Out: 9}, graph.GELU, graph.Dense{Out: 8}, graph.SiLU, graph.Dense{Out: 7}, graph.LeakyReLU{}, graph.Dense{Out: 6},
		graph.LeakyReLU{Slope: .3}, graph.Dense{Out: 5}, graph.Softmax, graph.Dense{Out: 10},
	},
	"images": graph.Seq{
		graph.Conv{Out: 3, Kernel: 5}, graph.GELU, graph.AvgPool{Size: 2}, graph.Conv{Out: 4, Kernel: 3}, graph.SiLU, graph.AvgPool{Size: 3},
		graph.Conv{Out: 6, Kernel: 1}, graph.LeakyReLU{Slope: .1}, graph.GlobalAvgPool{}, graph.Dense{Out: 10},
	},
	"more activations": graph.Seq{
		graph.Dense{Out: 9}, graph.ELU{}, graph.Dense{Out: 8}, graph.ELU{Alpha: .4}, graph.Dense{Out: 7}, graph.SELU, graph.Dense{Out: 6}, graph.Softplus,
		graph.Dense{Out: 5}, graph.PReLU{}, graph.Dense{Out: 5}, graph.PReLU{Shared: true}, graph.Dense{Out: 10},
	},
	"windows that overlap": graph.Seq{
		graph.Conv{Out: 3, Kernel: 3, Stride: 2}, graph.PReLU{}, graph.MaxPool{Size: 3, Stride: 2, Pad: 1}, graph.Dropout2D{P: .3}, graph.Conv{Out: 4, Kernel: 3, Pad: 1},
		graph.SELU, graph.AvgPool{Size: 2, Stride: 1, Pad: 1}, graph.PReLU{Shared: true}, graph.AvgPool{Size: 3, Stride: 3, Pad: 1}, graph.ELU{},
		graph.MaxPool{Size: 2, Stride: 1}, graph.Dropout2D{P: .5, Unscaled: true}, graph.Dense{Out: 10},
	},
	"convolutions": graph.Seq{
		graph.Conv{Out: 6, Kernel: 3, Cols: 5, Stride: 4, Pad: 1}, graph.Tanh, graph.Conv{Out: 6, Kernel: 3, Pad: graph.Same, Groups: 6, NoBias: true}, graph.BatchNorm{},
		graph.Conv{Out: 6, Kernel: 3, Stride: 2, Pad: graph.Same, Groups: 6, NoBias: true}, graph.Conv{Out: 4, Kernel: 3, Pad: graph.Same, Dilation: 2, Groups: 2},
		graph.ConvTranspose{Out: 4, Kernel: 3, Stride: 2, Pad: 1, OutPad: 1, Groups: 4}, graph.Tanh,
		graph.ConvTranspose{Out: 2, Kernel: 2, Cols: 3, Pad: 1, Dilation: 2, NoBias: true}, graph.Dense{Out: 10},
	},
	"shapes": graph.Seq{
		graph.Reshape{Shape: shape{4, 14, 14}}, graph.AvgPool{Size: 5}, graph.Reshape{Shape: shape{2, 8}}, graph.Tanh, graph.Flatten{},
		graph.Dense{Out: 12}, graph.Reshape{Shape: shape{3, 2, 2}}, graph.Concat{{graph.AvgPool{Size: 1}}, {}, {graph.SiLU}},
		graph.Dense{Out: 10},
	},
	"sequences": graph.Seq{
		graph.Reshape{Shape: shape{28, 28}}, graph.Masked{}, graph.PerStep{graph.Dense{Out: 5}, graph.Tanh}, graph.Slice{From: 9, To: 15},
		graph.Concat{{graph.Last{}}, {graph.Reverse{}, graph.Last{}}}, graph.Dense{Out: 10},
	},
	"attention": graph.Seq{
		graph.Conv{Out: 6, Kernel: 7, Stride: 7}, graph.Steps{}, graph.Positions{}, graph.Residual{graph.PerStep{graph.LayerNorm{}}, graph.Attention{Heads: 2}},
		graph.Masked{}, graph.Residual{graph.PerStep{graph.LayerNorm{}, graph.Dense{Out: 8}, graph.GELU, graph.Dense{Out: 6}}}, graph.Attention{Heads: 3},
		graph.Concat{{graph.GlobalAvgPool{}}, {graph.Slice{To: 3}, graph.GlobalAvgPool{}}}, graph.Dense{Out: 10},
	},
	"recurrent": graph.Seq{
		graph.Reshape{Shape: shape{28, 28}}, graph.Slice{From: 12, To: 15}, graph.RNN{Out: 4}, graph.LSTM{Out: 3, Both: true},
		graph.GRU{Out: 5, Reverse: true}, graph.Last{}, graph.Dense{Out: 10},
	},
	"masked recurrent": graph.Seq{
		graph.Reshape{Shape: shape{28, 28}}, graph.Slice{From: 3, To: 7}, graph.Masked{}, graph.RNN{Out: 4}, graph.LSTM{Out: 3}, graph.GRU{Out: 5, Reverse: true}, graph.Last{}, graph.Dense{Out: 10},
	},
	"shared": graph.Seq{
		graph.Conv{Out: 4, Kernel: 5, Stride: 3}, graph.Tanh,
		graph.Shared{Name: "tied", Layer: graph.Conv{Out: 4, Kernel: 3, Pad: graph.Same}}, graph.Tanh,
		graph.Shared{Name: "tied", Layer: graph.Conv{Out: 4, Kernel: 3, Pad: graph.Same}}, graph.AvgPool{Size: 4},
		graph.Concat{{graph.Slice{To: 2}}, {graph.Slice{From: 1, To: 4}}}, graph.Dense{Out: 10},
	},
	"frozen": graph.Seq{
		graph.Conv{Out: 3, Kernel: 5, Stride: 4}, graph.Tanh,
		graph.Frozen{Layer: graph.Seq{graph.Conv{Out: 3, Kernel: 3}, graph.BatchNorm{}, graph.Dropout{P: .5}, graph.Tanh}},
		graph.Dense{Out: 10},
	},
}

// TestLayers: for networks of these layers both VMs agree, and the gradients are right.
func TestLayers(t *testing.T) {
	for name, l := range layered {
		t.Run(name, func(t *testing.T) {
			var nets [2]*graph.Net
			for i := range nets {
				nets[i] = fresh(t, l, graph.LogLikelihood, shape{1, 28, 28}, graph.Config{Seed: 1, Float64: true, Tape: i == 1})
			}
			agree(t, nets, 1)
			agree(t, nets, 11)
			x, labels := digits(4)
			results, err := graph.GradCheck(nets[0], x, hot(nets[0], labels), 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if !r.OK() {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}

// TestSlopes: PReLU has as many parameters as PyTorch's; they start at ¼ and do not decay.
func TestSlopes(t *testing.T) {
	n := fresh(t, graph.Seq{graph.PReLU{}, graph.PReLU{Shared: true}, graph.Flatten{}, graph.PReLU{}, graph.Dense{Out: 2}}, graph.Quadratic, shape{3, 2, 2}, graph.Config{})
	for i, want := range []*graph.Param{{Name: "prelu1.slope", Shape: shape{3}}, {Name: "prelu2.slope", Shape: shape{1}}, {Name: "prelu3.slope", Shape: shape{12}}} {
		p := n.Params[i]
		if p.Name != want.Name || !p.Shape.Eq(want.Shape) || p.Decay {
			t.Errorf("parameter %d is %+v, want %+v", i, p, want)
		}
		for _, a := range p.Float64s() {
			if a != .25 {
				t.Errorf("%s starts at %v", p.Name, a)
			}
		}
	}
}
