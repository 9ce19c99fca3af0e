package weights

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The parts of a layer, by their names here. PyTorch calls a norm's gamma and beta weight and bias, and slopes weight.
const (
	weight   = "w"
	bias     = "b"
	gamma    = "gamma"
	beta     = "beta"
	mean     = "mean"
	variance = "variance"
	slope    = "slope"
	state    = "u"       // a recurrent layer's weights of its state
	second   = "c"       // a GRU's bias of its state
	biasIn   = "bias_ih" // of PyTorch's recurrent layers
	biasHid  = "bias_hh"
)

// words are the names of the parts in various programs, in lower case.
var words = map[string]string{
	"w": weight, "weight": weight, "weights": weight, "kernel": weight, "depthwise_kernel": weight, "coef": weight, "coefs": weight,
	"b": bias, "bias": bias, "biases": bias, "intercept": bias, "intercepts": bias,
	"gamma": gamma, "scale": gamma, "beta": beta, "offset": beta,
	"recurrent_kernel": state,
	"slope":            slope, "slopes": slope, "alpha": slope,
	"mean": mean, "running_mean": mean, "moving_mean": mean,
	"variance": variance, "var": variance, "running_var": variance, "moving_var": variance, "running_variance": variance, "moving_variance": variance,
}

// suffix is what TensorFlow adds to a variable's name.
var suffix = regexp.MustCompile(`:\d+$`)

// The forms of names: fc1.weight, dense/kernel, fc1_bias; W1, weights_2; w_hidden, bias_out.
var (
	partLast   = regexp.MustCompile(`^(?:(.*?)[./_-])??((?:running_|moving_|depthwise_|recurrent_)?[a-z]+)_?$`)
	partNumber = regexp.MustCompile(`^(.*[./_-])?([a-z]+)_?(\d+)$`)
	partFirst  = regexp.MustCompile(`^([a-z]+)[._-](.+)$`)
)

// parse is the layer that a tensor belongs to, and its part; "" if the name does not say.
func parse(name string) (layer, part string) {
	name = suffix.ReplaceAllString(strings.ToLower(name), "")
	if m := ownRecurrent.FindStringSubmatch(name); m != nil {
		return m[1], m[2]
	}
	if m := torchRecurrent.FindStringSubmatch(name); m != nil {
		return cmp.Or(m[1], "layer") + m[3] + map[string]string{"": "_0", "_reverse": "_1"}[m[4]], cmp.Or(torchParts[m[2]], m[2])
	}
	if m := partLast.FindStringSubmatch(name); m != nil && words[m[2]] != "" {
		return m[1], words[m[2]]
	}
	if m := partNumber.FindStringSubmatch(name); m != nil && words[m[2]] != "" {
		return m[1] + m[3], words[m[2]]
	}
	if m := partFirst.FindStringSubmatch(name); m != nil && words[m[1]] != "" {
		return m[2], words[m[1]]
	}
	return name, ""
}

// pieces are a name's texts and numbers, alternately.
var pieces = regexp.MustCompile(`\d+|\D+`)

// natural compares names so that 2 comes before 10.
func natural(a, b string) int {
	x, y := pieces.FindAllString(a, -1), pieces.FindAllString(b, -1)
	return slices.CompareFunc(x, y, func(a, b string) int {
		m, errA := strconv.Atoi(a)
		n, errB := strconv.Atoi(b)
		if errA == nil && errB == nil {
			return cmp.Or(cmp.Compare(m, n), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
}

// digits matches the numbers in a name. Without them, the names of counted layers are the same.
var digits = regexp.MustCompile(`_?\d+`)

// counted reports whether two layers' names differ only in their numbers.
func counted(a, b string) bool {
	return digits.ReplaceAllString(a, "") == digits.ReplaceAllString(b, "")
}
