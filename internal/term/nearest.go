package term

import (
	"fmt"
	"slices"
	"strings"
)

// Unknown returns the error for a name that is not one of names. It suggests the nearest of them, or lists all.
func Unknown(what, name string, names []string) error {
	if near := Nearest(name, names); near != "" {
		return fmt.Errorf("unknown %s %q; did you mean %s?", what, name, near)
	}
	if len(names) == 0 {
		return fmt.Errorf("unknown %s %q", what, name)
	}
	return fmt.Errorf("unknown %s %q; use %s", what, name, OneOf(names))
}

// OneOf lists names: "a, b or c".
func OneOf(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return fmt.Sprintf("%s or %s", strings.Join(names[:last], ", "), names[last])
}

// synonyms maps other programs' names to ours.
var synonyms = map[string]string{
	"linear": "dense", "fc": "dense", "fullyconnected": "dense", "conv2d": "conv", "convolution": "conv", "depthwiseconv2d": "conv", "dwconv": "conv", "depthwise": "conv",
	"convtranspose2d": "convtranspose", "conv2dtranspose": "convtranspose", "deconv": "convtranspose", "deconvolution": "convtranspose",
	"transposedconv": "convtranspose", "upconv": "convtranspose", "kernel_size": "kernel", "strides": "stride", "padding": "pad", "dilation_rate": "dilation",
	"group": "groups", "dilations": "dilation", "output_padding": "outpad", "use_bias": "bias", "maxpool": "pool", "maxpool2d": "pool",
	"maxpooling": "pool", "maxpooling2d": "pool", "averagepool": "avgpool", "meanpool": "avgpool", "avgpool2d": "avgpool", "averagepooling": "avgpool",
	"averagepooling2d": "avgpool", "gap": "globalavgpool", "globalaveragepooling2d": "globalavgpool", "adaptiveavgpool2d": "globalavgpool", "bn": "batchnorm",
	"ln": "layernorm", "spatialdropout": "dropout2d", "spatialdropout2d": "dropout2d", "featuredropout": "dropout2d", "parametricrelu": "prelu",
	"lrelu": "leakyrelu", "swish": "silu", "logistic": "sigmoid", "view": "reshape", "cat": "concat", "sequential": "seq", "skip": "residual",
	"units": "out", "neurons": "out", "maps": "out", "filters": "out", "channels": "out", "rate": "p", "alpha": "slope",
	"negative_slope": "slope", "pool_size": "size",
	"lr": "eta", "learning_rate": "eta", "l2": "lambda", "weight_decay": "lambda", "batch_size": "batch", "optimiser": "optimizer",
	"initializer": "init", "augmentation": "augment", "nll": "log-likelihood", "bce": "binary-cross-entropy", "l1": "mae", "label_smoothing": "smoothing", "xavier": "glorot",
	"kaiming": "he", "timedistributed": "perstep", "simplernn": "rnn", "elman": "rnn", "hidden_size": "out", "hidden": "out", "bidirectional": "both",
	"go_backwards": "reverse", "masking": "masked", "mask": "masked", "flip": "reverse", "mask_value": "value",
	"multiheadattention": "attention", "selfattention": "attention", "mha": "attention", "num_heads": "heads", "nhead": "heads", "embed": "embedding",
	"vocab_size": "vocabulary", "num_embeddings": "vocabulary", "input_dim": "vocabulary", "embedding_dim": "size", "mask_zero": "padded",
	"padding_idx": "padded", "positionembedding": "positions", "positionalencoding": "positions", "pos_embed": "positions",
}

// Nearest returns the name that typed probably means: what it is a synonym of, or the name with the fewest typing errors if there are few, or the
// first name that begins with it. It returns "" if there is none.
func Nearest(typed string, names []string) string {
	if len(typed) > 100 {
		return "" // not a typing error
	}
	typed = strings.ToLower(typed)
	if name := synonyms[typed]; slices.Contains(names, name) {
		return name
	}
	best, least := "", 2+len(typed)/4
	for _, name := range names {
		if d := distance([]rune(typed), []rune(strings.ToLower(name))); d < least {
			best, least = name, d
		}
	}
	for _, name := range names {
		if best == "" && len(typed) > 1 && strings.HasPrefix(strings.ToLower(name), typed) {
			best = name
		}
	}
	return best
}

// distance counts the characters to insert, delete, replace or swap with a neighbor in order to turn a into b.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
