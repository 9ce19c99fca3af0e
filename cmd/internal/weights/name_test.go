package weights

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/safetensors"
)

func TestParse(t *testing.T) {
	for name, want := range map[string][2]string{
		"fc1.weight":                           {"fc1", weight},
		"layers.0.weight":                      {"layers.0", weight},
		"module.net.10.bias":                   {"module.net.10", bias},
		"conv1.bias":                           {"conv1", bias},
		"bn1.running_mean":                     {"bn1", mean},
		"bn1.running_var":                      {"bn1", variance},
		"dense/kernel:0":                       {"dense", weight},
		"sequential/dense_1/bias":              {"sequential/dense_1", bias},
		"batch_normalization/gamma:0":          {"batch_normalization", gamma},
		"batch_normalization_2/moving_mean":    {"batch_normalization_2", mean},
		"batch_normalization/moving_variance:": {"batch_normalization/moving_variance:", ""},
		"batch_normalization/moving_variance":  {"batch_normalization", variance},
		"BatchNorm_0/scale":                    {"batchnorm_0", gamma},
		"W1":                                   {"1", weight},
		"b_2":                                  {"2", bias},
		"weights10":                            {"10", weight},
		"net.W3":                               {"net.3", weight},
		"w_hidden":                             {"hidden", weight},
		"bias_out":                             {"out", bias},
		"hidden_weights":                       {"hidden", weight},
		"fc_in_w":                              {"fc_in", weight},
		"coefs_0":                              {"0", weight},
		"intercepts_":                          {"", bias},
		"weight":                               {"", weight},
		"arr_0":                                {"arr_0", ""},
		"bn1.num_batches_tracked":              {"bn1.num_batches_tracked", ""},
		"pos_embed":                            {"pos_embed", ""},
		"lstm1.u":                              {"lstm1", state},
		"lstm1.reverse.w":                      {"lstm1.reverse", weight},
		"net.gru12.reverse.c":                  {"net.gru12.reverse", second},
		"layer.u":                              {"layer.u", ""},
		"rnn.weight_hh_l0":                     {"rnn0_0", state},
		"net.rnn.bias_ih_l1_reverse":           {"net.rnn1_1", biasIn},
		"weight_ih_l0":                         {"layer0_0", weight},
		"lstm/lstm_cell/recurrent_kernel:0":    {"lstm/lstm_cell", state},
		"":                                     {"", ""},
		"Ünnamed.w":                            {"ünnamed", weight},
	} {
		if layer, part := parse(name); layer != want[0] || part != want[1] {
			t.Errorf("%s: %q, %q; want %q", name, layer, part, want)
		}
	}
}

func TestNatural(t *testing.T) {
	names := []string{"fc10", "dense_1", "fc2", "dense", "dense_10", "fc1", "dense_2", "fc01"}
	slices.SortFunc(names, natural)
	if got := strings.Join(names, " "); got != "dense dense_1 dense_2 dense_10 fc01 fc1 fc2 fc10" {
		t.Error(got)
	}
}

// FuzzFind makes a file of tensors of the small network, with other names, shapes and places, and wants an error or a number for each parameter.
func FuzzFind(f *testing.F) {
	n := network(f, small, image)
	names := "conv2d/kernel:0\nconv1.weight\nW1\narr_0\n"
	f.Add(names, uint64(0))
	f.Add("fc1.weight\nfc1.bias\nbn.running_mean\nbn.running_var\nbn.weight\nbn.bias", uint64(7))
	f.Fuzz(func(t *testing.T, names string, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		file := [][]safetensors.Tensor{torch(n), keras(n)}[r.IntN(2)]
		for _, name := range strings.Split(names, "\n") {
			k := r.IntN(len(file))
			switch r.IntN(4) {
			case 0:
				file[k].Name = name
			case 1:
				file = append(file, file[k])
				file[k].Name = name
			case 2:
				file = slices.Delete(file, k, k+1)
			case 3:
				r.Shuffle(len(file[k].Shape), func(i, j int) { file[k].Shape[i], file[k].Shape[j] = file[k].Shape[j], file[k].Shape[i] })
			}
			if len(file) == 0 {
				break
			}
		}
		m, err := Find(n, file, []string{"", Torch, Keras, Stheno}[r.IntN(4)], []string{"", Torch, Keras}[r.IntN(3)])
		if err != nil {
			return
		}
		for _, p := range n.Tensors() {
			if x := m.at(p); reflect.ValueOf(x).Len() != p.Len() {
				t.Errorf("%s: %v", p.Name, x)
			}
		}
	})
}
