package graph

import (
	"fmt"
	"testing"
)

// TestFolded: each outermost Residual and Repeat becomes one box forward and one backward, which says what it stands for and contains no other
// ops.
func TestFolded(t *testing.T) {
	for _, c := range []struct {
		net   Layer
		want  string
		holds string // the texts of the folded boxes
	}{
		{Seq{Dense{Out: 4}, Residual{Tanh}},
			"0 x, 1 dense1.w, 2 dense1.b, 3 affine(0 1 2), 4 residual(3), 5 label, 6 quadratic(4 5), 7 1, 8 dQuadratic(4 5 7), " +
				"9 ∇ residual(4 8), 10 tMul=∇dense1.w(0 9), 11 sumRows=∇dense1.b(9)",
			"residual: tanh; ∇ residual: 2 ops; "},
		{Seq{Residual{Dense{Out: 4}, Tanh}, GELU, Repeat{2, Seq{Residual{Dense{Out: 4}, Tanh}, ReLU}}, GELU, Dense{Out: 10}},
			"0 x, 1 residual(0), 2 gelu(1), 3 repeat(2)(2), 4 gelu(3), 5 dense4.w, 6 dense4.b, 7 affine(4 5 6), 8 label, " +
				"9 quadratic(7 8), 10 1, 11 dQuadratic(7 8 10), 12 mulT(11 5), 13 tMul=∇dense4.w(4 11), 14 sumRows=∇dense4.b(11), " +
				"15 dGELU(3 12), 16 ∇ repeat(2)(3 15 2), 17 dGELU(1 16), 18 ∇ residual(1 17 0)",
			"residual: dense(4) tanh; repeat(2): 2 × (residual(dense(4) tanh) relu); ∇ repeat(2): 12 ops, " +
				"4 gradients of parameters; ∇ residual: 3 ops, 2 gradients of parameters; "},
		{Seq{Dense{Out: 4}, Concat{{Residual{Dense{Out: 4}}}, {Residual{GELU}, Tanh}}, Dense{Out: 10}},
			"0 x, 1 dense1.w, 2 dense1.b, 3 affine(0 1 2), 4 residual(3), 5 residual(3), 6 tanh(5), 7 concat/2(4 6), 8 dense3.w, " +
				"9 dense3.b, 10 affine(7 8 9), 11 label, 12 quadratic(10 11), 13 1, 14 dQuadratic(10 11 13), 15 mulT(14 8), " +
				"16 tMul=∇dense3.w(7 14), 17 sumRows=∇dense3.b(14), 18 part/0/4(15), 19 part/4/8(15), 20 dTanh(6 19), 21 ∇ residual(3 20), " +
				"22 ∇ residual(18 4 3 21), 23 tMul=∇dense1.w(0 22), 24 sumRows=∇dense1.b(22)",
			"residual: dense(4); residual: gelu; ∇ residual: 2 ops; ∇ residual: 5 ops, 2 gradients of parameters; "},
		{Seq{Dense{Out: 4}, Residual{}, Residual{Residual{Tanh}, BatchNorm{}}},
			"0 x, 1 dense1.w, 2 dense1.b, 3 affine(0 1 2), 4 add(3), 5 residual(4), 6 label, 7 quadratic(5 6), 8 1, 9 dQuadratic(5 6 8), " +
				"10 ∇ residual(5 9), 11 +(10), 12 tMul=∇dense1.w(0 11), 13 sumRows=∇dense1.b(11)",
			"residual: residual(tanh) batchnorm; ∇ residual: 10 ops, 2 gradients of parameters; "},
		{Seq{Frozen{Residual{Dense{Out: 4}}}, Dense{Out: 10}},
			"0 x, 1 residual(0), 2 dense2.w, 3 dense2.b, 4 affine(1 2 3), 5 label, 6 quadratic(4 5), 7 1, 8 dQuadratic(4 5 7), " +
				"9 tMul=∇dense2.w(1 8), 10 sumRows=∇dense2.b(8)",
			"residual: dense(4); "},
		{Seq{Repeat{2, Seq{Shared{"s", Dense{Out: 4}}, Tanh}}, Shared{"s", Dense{Out: 4}}},
			"0 x, 1 repeat(2)(0), 2 affine(1), 3 label, 4 quadratic(2 3), 5 1, 6 dQuadratic(2 3 5), 7 mulT(6 1), 8 tMul(1 6), " +
				"9 sumRows(6), 10 ∇ repeat(2)(1 7 0), 11 +(9 10), 12 +=∇s.dense1.b(11 10), 13 +(8 10), 14 +=∇s.dense1.w(13 10)",
			"repeat(2): 2 × (shared(s,dense(4)) tanh); ∇ repeat(2): 7 ops; "},
	} {
		n, err := New(c.net, Quadratic, Shape{4}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := n.Diagram(FoldedLevel, 7)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := n.Diagram(GradientLevel, 7)
		if err != nil {
			t.Fatal(err)
		}
		backward, holds := count(whole), ""
		for _, b := range d.Boxes {
			ops := 1
			if b.Holds != "" {
				holds += fmt.Sprintf("%s: %s; ", b.Label, b.Holds)
				fmt.Sscan(b.Holds, &ops)
			}
			if b.backward() {
				backward -= ops
			}
		}
		if got := drawn(d); got != c.want || holds != c.holds {
			t.Errorf("%v:\n%s, want\n%s\n%s, want\n%s", c.net, got, c.want, holds, c.holds)
		}
		if backward != 0 {
			t.Errorf("%v: %d ops of the backward pass are missing", c.net, backward)
		}
	}
}

// count returns how many ops belong to the backward pass.
func count(d Diagram) (n int) {
	for _, b := range d.Boxes {
		if b.backward() {
			n++
		}
	}
	return n
}
