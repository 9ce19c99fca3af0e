package weights

import (
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/safetensors"
)

// part is elements [from, to) of a vector, less a number that the other bias has.
func part(n *graph.Net, name, as string, from, to int, less float32) safetensors.Tensor {
	return tensor(as, []int{to - from}, func(i []int) float32 { return at(n, name, from+i[0]) - less })
}

// alphabetic is a file with its tensors by the alphabet, as some libraries write it.
func alphabetic(file []safetensors.Tensor) []safetensors.Tensor {
	return slices.SortedFunc(slices.Values(file), func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
}

// TestRecurrent: two biases of PyTorch become one, and both directions go to their places, in any order of the file.
func TestRecurrent(t *testing.T) {
	n := network(t, "gru(2,both=true) lstm(3) rnn(3) last dense(2)", graph.Shape{5, 4})
	zeros := tensor("x.bias_hh_l0", []int{3}, func([]int) float32 { return 0 })
	file := []safetensors.Tensor{
		outIn(n, "lstm1.w", "b.weight_ih_l0"), outIn(n, "lstm1.u", "b.weight_hh_l0"), part(n, "lstm1.b", "b.bias_ih_l0", 0, 12, 2),
		tensor("b.bias_hh_l0", []int{12}, func([]int) float32 { return 2 }),
		outIn(n, "rnn1.w", "c.weight_ih_l0"), outIn(n, "rnn1.u", "c.weight_hh_l0"), whole(n, "rnn1.b", "c.bias_ih_l0"),
		{Name: "c.bias_hh_l0", Shape: zeros.Shape, Data: zeros.Data}, outIn(n, "dense1.w", "d.weight"), whole(n, "dense1.b", "d.bias"),
	}
	for _, way := range [][2]string{{"gru1", "_l0"}, {"gru1.reverse", "_l0_reverse"}} {
		name, end := way[0], way[1]
		file = append(file, outIn(n, name+".w", "a.weight_ih"+end), outIn(n, name+".u", "a.weight_hh"+end), part(n, name+".b", "a.bias_ih"+end, 0, 6, 0))
		hidden := tensor("a.bias_hh"+end, []int{6}, func(i []int) float32 {
			if i[0] < 4 {
				return 0
			}
			return at(n, name+".c", i[0]-4)
		})
		file = append(file, hidden)
	}
	found(t, n, alphabetic(file), "", "", Torch, "by the names")
	found(t, n, file, "", "", Torch, "by the names")

	m, err := Find(n, file[:len(file)-1], "", "")
	if err == nil || !strings.Contains(err.Error(), "gru1.reverse.c (2)") && !strings.Contains(err.Error(), "gru1.reverse.c [2]") {
		t.Errorf("without a bias: %v, %v", m, err)
	}
}

// TestRecurrentKeras: an LSTM of Keras has its gates in the same order, and one bias.
func TestRecurrentKeras(t *testing.T) {
	n := network(t, "lstm(3) last dense(2)", graph.Shape{5, 4})
	found(t, n, []safetensors.Tensor{
		whole(n, "lstm1.w", "lstm/lstm_cell/kernel"), whole(n, "lstm1.u", "lstm/lstm_cell/recurrent_kernel"), whole(n, "lstm1.b", "lstm/lstm_cell/bias"),
		whole(n, "dense1.w", "dense/kernel"), whole(n, "dense1.b", "dense/bias"),
	}, "", "", Keras, "by the names")
	found(t, n, []safetensors.Tensor{
		whole(n, "lstm1.w", "arr_0"), whole(n, "lstm1.u", "arr_1"), whole(n, "lstm1.b", "arr_2"), whole(n, "dense1.w", "arr_3"), whole(n, "dense1.b", "arr_4"),
	}, Keras, "", Keras, "as asked for")
}
