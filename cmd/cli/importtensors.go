package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/cmd/internal/weights"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/internal/safetensors"
)

// arraysFile is the ending of NumPy's files of arrays.
const arraysFile = ".npz"

// isTensors reports whether path is named like a file of tensors.
func isTensors(path string) bool { return hasEnding(path, tensorsFile, arraysFile) }

// inputNote mentions what tensors cannot say.
const inputNote = "inputs: pixels are divided by 256 here; a program that divided by 255 saw them 0.4% larger, and one that normalized them, for example with " +
	"torchvision's Normalize, saw very different numbers: the weights do not show which"

// importTensors is a model's network with the weights of another program's file, in the file's precision.
func (a *app) importTensors(path, model, layout string) (*trained, *weights.Match, error) {
	m, err := a.model(model)
	if err != nil {
		return nil, nil, err
	}
	file, meta, err := readTensors(path)
	if err != nil {
		return nil, nil, err
	}
	double := slices.ContainsFunc(file, func(x safetensors.Tensor) bool {
		_, ok := x.Data.([]float64)
		return ok
	})
	net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero, Float64: double})
	if err != nil {
		return nil, nil, usagef("model %s: %w", m.Name, err)
	}
	said := map[string]string{"pt": weights.Torch, "tf": weights.Keras}[meta[formatKey]]
	if own := meta[layoutKey]; slices.Contains(weights.Layouts, own) {
		said = own
	}
	found, err := weights.Find(net, file, layout, said)
	if err != nil {
		return nil, nil, dataf("%s does not fit model %s: %w", path, m.Name, err)
	}
	for _, p := range found.Places {
		if err := p.To.Set(p.Data); err != nil {
			return nil, nil, dataf("%s: %s: %w", path, p.Tensor, err)
		}
	}
	notes := append([]string{fmt.Sprintf("layout: %s, %s", found.Layout, found.By)}, found.Notes...)
	if input := meta[inputKey]; input != "" {
		notes = append(notes, "inputs: "+input)
	} else if !found.OurNames {
		notes = append(notes, inputNote)
	}
	return &trained{path: path, epoch: -1, model: m, net: net, schema: digitSchema(net), imported: true, notes: notes}, found, nil
}

// readTensors reads the tensors of a file, and its metadata.
func readTensors(path string) (file []safetensors.Tensor, meta map[string]string, err error) {
	if strings.EqualFold(filepath.Ext(path), arraysFile) {
		arrays, err := npz.ReadFile(path)
		if err != nil {
			return nil, nil, dataf("%w", err)
		}
		for _, x := range arrays {
			file = append(file, safetensors.Tensor(x))
		}
		return file, nil, nil
	}
	f, size, err := intake.Open("", path, intake.Saved)
	if err != nil {
		return nil, nil, dataf("%w", err)
	}
	defer f.Close()
	x, err := safetensors.Read(bufio.NewReader(f), size, path)
	if err != nil {
		return nil, nil, err
	}
	return x.Tensors, x.Metadata, nil
}

// showPlaces prints what went where.
func (a *app) showPlaces(m *weights.Match) {
	var t table
	t.add("tensor", "shape", "goes to", "shape", "how")
	for _, p := range m.Places {
		t.add(p.Tensor, shape(p.Shape), p.To.Name, shape(p.To.Shape), p.How)
	}
	for _, x := range m.Unused {
		t.add(x.Name, cmp.Or(shape(x.Shape), "one number"), "", "", "not used")
	}
	t.print(a.out)
	fmt.Fprintln(a.out)
}

// placeObjects lists what went where, as JSON.
func placeObjects(m *weights.Match) []object {
	list := []object{}
	for _, p := range m.Places {
		list = append(list, object{{"tensor", p.Tensor}, {"shape", p.Shape}, {"to", p.To.Name}, {"to_shape", p.To.Shape}, {"how", p.How}})
	}
	for _, x := range m.Unused {
		list = append(list, object{{"tensor", x.Name}, {"shape", x.Shape}, {"to", nil}, {"to_shape", nil}, {"how", "not used"}})
	}
	return list
}

// A conversion turns a file that cannot be imported into one that can: what the file is, a line of Python about FROM and TO, and the ending of TO.
type conversion struct{ what, program, ending string }

var pickled = conversion{"a pickled Python object, which may run any program when it is opened",
	`import json, pickle; n = pickle.load(open(FROM, "rb")); json.dump({"weights": [w.tolist() for w in n.weights], ` +
		`"biases": [b.tolist() for b in n.biases]}, open(TO, "w"))`, savedFile}

var fromTorch = conversion{"PyTorch's own file, which may run any program when it is opened",
	`import numpy, torch; numpy.savez(TO, **{k: v.numpy() for k, v in torch.load(FROM, map_location="cpu").items()})`, arraysFile}

var fromKeras = conversion{"Keras's own file", `import keras, numpy; numpy.savez(TO, *keras.models.load_model(FROM).get_weights())`, arraysFile}

// conversions has the conversions by the file's ending.
var conversions = map[string]conversion{
	".pkl": pickled, ".pickle": pickled, ".joblib": pickled, ".pt": fromTorch, ".pth": fromTorch, ".ckpt": fromTorch, ".bin": fromTorch,
	".h5": fromKeras, ".hdf5": fromKeras, ".keras": fromKeras,
	".npy": {"one array", `import numpy; numpy.savez(TO, numpy.load(FROM))`, arraysFile},
}

// advice says how to turn a file into a run; "" if that is not possible.
func advice(path string) string {
	model := " MODEL"
	if isSaved(path) {
		model = ""
	}
	if c, ok := conversions[strings.ToLower(filepath.Ext(path))]; ok {
		to := strings.TrimSuffix(path, filepath.Ext(path)) + c.ending
		if isSaved(to) {
			model = ""
		}
		program := strings.NewReplacer("FROM", strconv.Quote(path), "TO", strconv.Quote(to)).Replace(c.program)
		return fmt.Sprintf("%s; if you trust it, convert it: python3 -c %s, and then %s import %s%s", c.what, shellWord(program), commandName(), shellWord(to), model)
	}
	if isSaved(path) || isTensors(path) {
		return fmt.Sprintf("%s import %s%s makes a run of it", commandName(), shellWord(path), model)
	}
	return ""
}
