package cli

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/onnx"
	"github.com/stheno-ml/stheno/cmd/internal/weights"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/internal/safetensors"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
)

// about is the metadata of a file. inside means that the file itself scales x and y as the training did.
func (t *trained) about(inside bool) map[string]string {
	about := map[string]string{
		"stheno.from":    filepath.Base(t.path),
		"stheno.network": fmt.Sprint(t.model.Net),
		inputKey:         t.inputs(inside),
		"stheno.output":  t.outputs(inside),
	}
	if text, err := models.Encode(t.model); err == nil && !t.imported { // a layer of the user's own may have no text
		about["stheno.model"] = string(text)
	}
	if t.schema.Kind != dataset.Digits {
		about["stheno.data"] = string(mustJSON(t.schema))
	}
	if !numbered(t.schema.Classes) {
		about["stheno.classes"] = string(mustJSON(t.schema.Classes))
	}
	if t.epoch >= 0 {
		about["stheno.epoch"] = strconv.Itoa(t.epoch)
	}
	return about
}

// outputs describes the network's outputs.
func (t *trained) outputs(inside bool) string {
	s, text := t.schema, "the outputs themselves"
	if o := t.model.Loss.Output; o != nil {
		text = fmt.Sprintf("%v, which belongs to the loss %s, is inside", graph.Seq{o}, t.model.Loss.Name)
	}
	switch {
	case s.Classes != nil && numbered(s.Classes):
		return text
	case s.Classes != nil:
		return text + "; one for each of stheno.classes"
	}
	text = strings.Join(s.Targets, ", ")
	switch {
	case len(s.Outputs) > 0 && inside:
		return text + ", in the unit of the data"
	case len(s.Outputs) > 0:
		return text + ", standardized: times the deviation, plus the mean, which are in stheno.data"
	}
	return text
}

// inputs describes the network's inputs.
func (t *trained) inputs(inside bool) string {
	s, shape := t.schema, strings.Trim(fmt.Sprint(t.net.Input), "()")
	switch {
	case t.imported:
		return fmt.Sprintf("(batch, %s), scaled as in the program that trained it", shape)
	case s.Kind == dataset.Digits:
		return fmt.Sprintf("(batch, %s), pixels from 0 to 255 divided by 256, light on dark", shape)
	case s.Kind == dataset.Pictures:
		return fmt.Sprintf("(batch, %s), pixels from 0 to 255 divided by 256, red, green and blue one after the other, or gray", shape)
	case s.Bytes:
		return fmt.Sprintf("(batch, %s), bytes from 0 to 255 divided by 256", shape)
	}
	text := fmt.Sprintf("(batch, %s), the numbers of the data", shape)
	if s.Kind == dataset.Table {
		text = fmt.Sprintf("(batch, %s): %s", shape, strings.Join(s.InputNames(), ", "))
	}
	switch {
	case !s.Standardized():
		return text
	case inside:
		return text + ", as they are in the data; they are standardized inside"
	}
	return text + ", standardized: less the mean, divided by the deviation, which are in stheno.data"
}

// scaling is how a file of the network must scale inputs and outputs; nil: not at all.
func (t *trained) scaling() (in, out *onnx.Scaling) {
	s := t.schema
	if mean, deviation, fill := s.InputScales(); mean != nil {
		in = &onnx.Scaling{Mean: mean, Deviation: deviation, Fill: fill}
	}
	if len(s.Outputs) > 0 {
		out = &onnx.Scaling{}
		for _, o := range s.Outputs {
			out.Mean, out.Deviation = append(out.Mean, o.Mean), append(out.Deviation, o.Deviation)
		}
	}
	return in, out
}

// exportONNX writes the network that predicts.
func exportONNX(t *trained, _ string) ([]byte, error) {
	info := onnx.Info{Name: t.model.Name, Doc: title(t.model), Metadata: t.about(true)}
	info.Inputs, info.Outputs = t.scaling()
	text, err := onnx.Encode(t.net, info)
	if err != nil {
		return nil, usagef("%s: %w", t.path, err)
	}
	return text, nil
}

// exportSaved writes the file of network2.py.
func exportSaved(t *trained, _ string) ([]byte, error) {
	out, err := network2(t.model, t.net)
	if err != nil {
		return nil, usagef("%s: %w; export it as .npz", t.path, err)
	}
	return out.Encode()
}

// network2 is the network as network2.py would hold it, or an error: that has only dense layers of sigmoids.
func network2(m models.Model, net *graph.Net) (*byhand.Network2, error) {
	layers, ok := m.Net.(graph.Seq)
	out := &byhand.Network2{Network: byhand.Network{Sizes: []int{m.Input.TotalSize()}, Cost: byhand.QuadraticCost{}}}
	if m.Loss.Name == graph.CrossEntropy.Name {
		out.Cost = byhand.CrossEntropyCost{}
		layers = append(layers[:len(layers):len(layers)], graph.Sigmoid) // The cost has the last sigmoids in it.
	}
	ok = ok && len(layers)%2 == 0 && (m.Loss.Name == graph.Quadratic.Name || m.Loss.Name == graph.CrossEntropy.Name)
	for i := 0; ok && i < len(layers); i += 2 {
		dense, isDense := layers[i].(graph.Dense)
		if ok = isDense && !dense.NoBias && layers[i+1] == graph.Sigmoid; ok {
			out.Weights = append(out.Weights, turned(net.Params[i].Float64s(), out.Sizes[i/2]))
			out.Biases = append(out.Biases, net.Params[i+1].Float64s())
			out.Sizes = append(out.Sizes, dense.Out)
		}
	}
	if !ok {
		return nil, fmt.Errorf("network2.py has only dense layers of sigmoids, with the quadratic or the cross-entropy cost; this is %v, %s", m.Net, m.Loss.Name)
	}
	return out, nil
}

// exportArrays writes an array for each parameter and running statistic.
func exportArrays(t *trained, _ string) ([]byte, error) {
	var arrays []npz.Array
	for _, p := range t.net.Tensors() {
		arrays = append(arrays, npz.Array{Name: p.Name, Shape: p.Shape, Data: p.Data})
	}
	var b bytes.Buffer
	err := npz.Write(&b, arrays)
	return b.Bytes(), err
}

// Keys of a .safetensors file's metadata: the inputs, the layout, and the program that wrote it, as in the files of Hugging Face's library.
const inputKey, layoutKey, formatKey = "stheno.input", "stheno.layout", "format"

// exportTensors writes a tensor for each parameter and running statistic.
func exportTensors(t *trained, layout string) ([]byte, error) {
	f := &safetensors.File{Metadata: t.about(false)}
	f.Metadata[layoutKey] = layout
	if layout == weights.Torch {
		f.Metadata[formatKey] = "pt" // as in PyTorch's own files
	}
	for _, p := range t.net.Tensors() {
		x := safetensors.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Data}
		switch m := recurrentTensor.FindStringSubmatch(p.Name); {
		case layout != weights.Torch:
			f.Tensors = append(f.Tensors, x)
		case m != nil:
			f.Tensors = append(f.Tensors, recurrentInTorch(x, m)...)
		default:
			f.Tensors = append(f.Tensors, inTorch(x))
		}
	}
	var b bytes.Buffer
	err := safetensors.Write(&b, f)
	return b.Bytes(), err
}

// layerTensor matches the tensors of layers that PyTorch has too. Other tensors keep their names, and have PyTorch's order of axes already.
var layerTensor = regexp.MustCompile(`^((?:.*\.)?(dense|conv|convtranspose|batchnorm|layernorm|prelu|embedding|attention)\d+)\.([\w.]+)$`)

var torchNames = map[string]string{
	"w": "weight", "b": "bias", "gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var",
	"in.w": "in_proj_weight", "in.b": "in_proj_bias", "out.w": "out_proj.weight", "out.b": "out_proj.bias",
	"slope": "weight",
}

// inTorch is a tensor with its name in PyTorch, and with the weights of a product as (out,in).
func inTorch(x safetensors.Tensor) safetensors.Tensor {
	m := layerTensor.FindStringSubmatch(x.Name)
	if m == nil || torchNames[m[3]] == "" {
		return x
	}
	kind, part := m[2], m[3]
	x.Name = m[1] + "." + torchNames[part]
	if kind == "dense" && part == "w" || kind == "attention" && len(x.Shape) == 2 {
		x = transposed(x)
	}
	return x
}

// transposed is a matrix (in,out) as (out,in).
func transposed(x safetensors.Tensor) safetensors.Tensor {
	in, out := x.Shape[0], x.Shape[1]
	x.Shape = []int{out, in}
	switch data := x.Data.(type) {
	case []float32:
		x.Data = turned(data, in)
	case []float64:
		x.Data = turned(data, in)
	}
	return x
}

// recurrentTensor matches the tensors of recurrent layers: the layer, its kind, the direction, the part.
var recurrentTensor = regexp.MustCompile(`^((?:.*\.)?(rnn|lstm|gru)\d+)\.(reverse\.)?(w|u|b|c)$`)

// recurrentInTorch is a tensor of a recurrent layer with its name in PyTorch. PyTorch has two biases. The second is 0 here, except for the part
// that a GRU adds to the state in its third gate, its c.
func recurrentInTorch(x safetensors.Tensor, name []string) []safetensors.Tensor {
	end := "_l0"
	if name[3] != "" {
		end += "_reverse"
	}
	called := func(part string) string { return name[1] + "." + part + end }
	second := func(zeros int) safetensors.Tensor {
		y := safetensors.Tensor{Name: called("bias_hh"), Shape: []int{zeros}}
		c := 0 // elements of x that follow the zeros
		if name[4] == "c" {
			c = x.Shape[0]
		}
		y.Shape[0] += c
		switch data := x.Data.(type) {
		case []float32:
			y.Data = append(make([]float32, zeros), data[:c]...)
		case []float64:
			y.Data = append(make([]float64, zeros), data[:c]...)
		}
		return y
	}
	switch name[4] {
	case "w", "u":
		x = transposed(x)
		x.Name = called(map[string]string{"w": "weight_ih", "u": "weight_hh"}[name[4]])
		return []safetensors.Tensor{x}
	case "c":
		return []safetensors.Tensor{second(2 * x.Shape[0])}
	}
	first := x
	first.Name = called("bias_ih")
	if name[2] == "gru" {
		return []safetensors.Tensor{first}
	}
	return []safetensors.Tensor{first, second(x.Shape[0])}
}

// epochColumns are the columns of the table of epochs.
var epochColumns = []string{"epoch", "train_loss", "train_acc", "val_loss", "val_acc", "eta", "time", "img/s", "best"}

// numberColumns are the additional columns of a network for numbers.
var numberColumns = []string{"val_mae", "val_r2"}

// exportEpochs writes a line for each epoch. A cell is empty if nothing was measured.
func exportEpochs(t *trained, _ string) ([]byte, error) {
	if info, err := os.Stat(t.path); err != nil || !info.IsDir() {
		return nil, usagef("%s has no epochs; give a run", t.path)
	}
	columns := epochColumns
	if t.schema.Classes == nil {
		columns = slices.Concat(epochColumns, numberColumns)
	}
	rows := [][]string{columns}
	err := readEpochs(t.path, func(e event) {
		row := make([]string, len(columns))
		for i, c := range columns {
			switch v := e[c].(type) {
			case float64:
				row[i] = strconv.FormatFloat(v, 'f', -1, 64)
			case bool:
				row[i] = strconv.FormatBool(v)
			}
		}
		rows = append(rows, row)
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = csv.NewWriter(&b).WriteAll(rows)
	return b.Bytes(), err
}
