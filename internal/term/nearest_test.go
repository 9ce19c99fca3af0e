package term

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"mlp", "softmax", "deep", "ch3-best", "ch6-conv2-relu"}
	for typed, want := range map[string]string{
		"mpl": "mlp", "MLP": "mlp", "mlpp": "mlp", "deap": "deep", "sofmtax": "softmax", "soft": "softmax", "ch6": "ch6-conv2-relu",
		"ch3best": "ch3-best", "xyz": "", "": "", "convolution": "",
	} {
		if got := Nearest(typed, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", typed, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "ba", 1}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"σ", "η", 1}, {"abcd", "badc", 2}} {
		if got := distance([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
	for typed, want := range map[string]string{"maxpool": "pool", "BN": "batchnorm", "lr": "eta", "fc": "dense", "linear": "dense", "SpatialDropout2D": "dropout2d",
		"averagepooling2d": "avgpool", "padding": "pad"} {
		if got := Nearest(typed, []string{"dropout", "dropout2d", "avgpool", "pad", "pool", "dense", "batchnorm", "eta", "lambda"}); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", typed, got, want)
		}
	}
	for typed, want := range map[string]string{"Conv2DTranspose": "convtranspose", "depthwiseconv2d": "conv", "deconv": "convtranspose", "conv2d": "conv", "convtrans": "convtranspose"} {
		if got := Nearest(typed, []string{"dense", "conv", "convtranspose"}); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", typed, got, want)
		}
	}
	for typed, want := range map[string]string{"strides": "stride", "kernel_size": "kernel", "padding": "pad", "output_padding": "outpad", "dilation_rate": "dilation", "use_bias": "bias"} {
		if got := Nearest(typed, []string{"out", "kernel", "stride", "pad", "outpad", "bias", "init", "dilation", "groups"}); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", typed, got, want)
		}
	}
	if a, b := OneOf([]string{"a", "b", "c"}), OneOf([]string{"a"}); a != "a, b or c" || b != "a" {
		t.Errorf("%q, %q", a, b)
	}
}
