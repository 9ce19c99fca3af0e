package models

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
)

// file is a model as a TOML file, format 1: what a run's folder keeps, so that the network can be built again without the program
// that defined it.
type file struct {
	Format int     `toml:"format"`
	Name   string  `toml:"name"`
	Doc    string  `toml:"doc,omitempty"`
	Input  []int   `toml:"input" comment:"channels, rows, columns"`
	Layer  []layer `toml:"layer"`
	Loss   loss    `toml:"loss"`
	Train  recipe  `toml:"train"`
}

type loss struct {
	Op string `toml:"op"`
}

// layer is one layer; the fields are those of all kinds together.
type layer struct {
	Op       string  `toml:"op"`
	Out      int     `toml:"out,omitempty"`
	Kernel   int     `toml:"kernel,omitempty"`
	Stride   int     `toml:"stride,omitempty"`
	Pad      int     `toml:"pad,omitempty"`
	Size     int     `toml:"size,omitempty"`
	Bias     *bool   `toml:"bias,omitempty"` // nil: true
	P        float64 `toml:"p,omitempty"`
	Momentum float64 `toml:"momentum,omitempty"`
	Eps      float64 `toml:"eps,omitempty"`
	Init     string  `toml:"init,omitempty"`
}

type recipe struct {
	Epochs    int     `toml:"epochs"`
	Batch     int     `toml:"batch"`
	Eta       float64 `toml:"eta"`
	Lambda    float64 `toml:"lambda"`
	Momentum  float64 `toml:"momentum"`
	Optimizer string  `toml:"optimizer,omitempty"`
	Schedule  string  `toml:"schedule,omitempty"`
	Patience  int     `toml:"patience,omitempty"`
	Clip      float64 `toml:"clip,omitempty"`
	EMA       float64 `toml:"ema,omitempty"`
	Init      string  `toml:"init"`
	TrainSize int     `toml:"train_size,omitempty"`
	Augment   string  `toml:"augment,omitempty"`
	DropTail  bool    `toml:"drop_tail,omitempty"`
	Full      bool    `toml:"full,omitempty"`
}

// kinds are the layers that a file can hold: from a layer to its table and back. A field that a kind does not have is an error.
var kinds = map[string]func(l layer, init *graph.Init) (graph.Layer, layer){
	"conv": func(l layer, init *graph.Init) (graph.Layer, layer) {
		return graph.Conv{Out: l.Out, Kernel: l.Kernel, Stride: l.Stride, Pad: l.Pad, NoBias: l.noBias(), Init: init},
			layer{Out: l.Out, Kernel: l.Kernel, Stride: l.Stride, Pad: l.Pad, Bias: l.Bias, Init: l.Init}
	},
	"dense": func(l layer, init *graph.Init) (graph.Layer, layer) {
		return graph.Dense{Out: l.Out, NoBias: l.noBias(), Init: init}, layer{Out: l.Out, Bias: l.Bias, Init: l.Init}
	},
	"pool": func(l layer, _ *graph.Init) (graph.Layer, layer) {
		return graph.MaxPool{Size: l.Size}, layer{Size: l.Size}
	},
	"dropout": func(l layer, _ *graph.Init) (graph.Layer, layer) { return graph.Dropout{P: l.P}, layer{P: l.P} },
	"batchnorm": func(l layer, _ *graph.Init) (graph.Layer, layer) {
		return graph.BatchNorm{Momentum: l.Momentum, Eps: l.Eps}, layer{Momentum: l.Momentum, Eps: l.Eps}
	},
	"layernorm": func(layer, *graph.Init) (graph.Layer, layer) { return graph.LayerNorm{}, layer{} },
	"flatten":   func(layer, *graph.Init) (graph.Layer, layer) { return graph.Flatten{}, layer{} },
	"sigmoid":   func(layer, *graph.Init) (graph.Layer, layer) { return graph.Sigmoid, layer{} },
	"tanh":      func(layer, *graph.Init) (graph.Layer, layer) { return graph.Tanh, layer{} },
	"relu":      func(layer, *graph.Init) (graph.Layer, layer) { return graph.ReLU, layer{} },
}

func (l layer) noBias() bool { return l.Bias != nil && !*l.Bias }

func bias(no bool) *bool {
	if no {
		return new(false)
	}
	return nil
}

// Encode writes a model, with its recipe, as TOML. A layer of the user's own has no form in a file and is an error.
func Encode(m Model) ([]byte, error) {
	f := file{Format: 1, Name: m.Name, Doc: m.Doc, Input: m.Input, Loss: loss{m.Loss.Name}}
	seq, ok := m.Net.(graph.Seq)
	if !ok {
		seq = graph.Seq{m.Net}
	}
	for i, l := range seq {
		t, err := table(l)
		if err != nil {
			return nil, fmt.Errorf("models: %s: layer %d: %w", m.Name, i, err)
		}
		f.Layer = append(f.Layer, t)
	}
	r := m.Recipe
	f.Train = recipe{r.Epochs, r.Batch, r.Eta, r.Lambda, r.Momentum, r.Optimizer, r.Schedule, r.Patience, r.Clip, r.EMA, initName(r.Init), r.TrainSize, r.Augment, r.DropTail, r.Full}
	return toml.Marshal(f)
}

func table(l graph.Layer) (layer, error) {
	switch l := l.(type) {
	case graph.Conv:
		return layer{Op: "conv", Out: l.Out, Kernel: l.Kernel, Stride: l.Stride, Pad: l.Pad, Bias: bias(l.NoBias), Init: initName(l.Init)}, nil
	case graph.Dense:
		return layer{Op: "dense", Out: l.Out, Bias: bias(l.NoBias), Init: initName(l.Init)}, nil
	case graph.MaxPool:
		return layer{Op: "pool", Size: l.Size}, nil
	case graph.Dropout:
		return layer{Op: "dropout", P: l.P}, nil
	case graph.BatchNorm:
		return layer{Op: "batchnorm", Momentum: l.Momentum, Eps: l.Eps}, nil
	}
	if op, err := graph.Kinds.Print(l); err == nil && kinds[op] != nil {
		return layer{Op: op}, nil
	}
	return layer{}, fmt.Errorf("%T has no form in a file", l)
}

// Decode reads a model from TOML. Errors have the file's name, and line and column where the text itself is wrong.
func Decode(name string, text []byte) (Model, error) {
	var f file
	d := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return Model{}, fmt.Errorf("%s%w", position(name, err), err)
	}
	m, err := f.model()
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// position is "name:line:column: " where the error knows it.
func position(name string, err error) string {
	var wrong *toml.DecodeError
	var missing *toml.StrictMissingError
	if errors.As(err, &missing) && len(missing.Errors) > 0 {
		wrong = &missing.Errors[0]
	} else if !errors.As(err, &wrong) {
		return name + ": "
	}
	line, column := wrong.Position()
	return fmt.Sprintf("%s:%d:%d: %s: ", name, line, column, strings.Join(wrong.Key(), "."))
}

func (f file) model() (Model, error) {
	if f.Format != 1 {
		return Model{}, fmt.Errorf("format = %d; this program reads format = 1", f.Format)
	}
	m := Model{Name: f.Name, Doc: f.Doc, Input: f.Input}
	if len(f.Input) == 0 {
		m.Input = image
	}
	var net graph.Seq
	for i, l := range f.Layer {
		built, err := l.layer()
		if err != nil {
			return Model{}, fmt.Errorf("layer %d: %w", i, err)
		}
		net = append(net, built)
	}
	m.Net = net
	if err := graph.Kinds.Parse(f.Loss.Op, &m.Loss); err != nil {
		return Model{}, fmt.Errorf("loss %q; use quadratic, cross-entropy or log-likelihood: %w", f.Loss.Op, err)
	}
	t := f.Train
	init, err := Init(t.Init)
	m.Recipe = Recipe{
		Epochs: t.Epochs, Batch: t.Batch, Eta: t.Eta, Lambda: t.Lambda, Momentum: t.Momentum, Optimizer: t.Optimizer, Schedule: t.Schedule,
		Patience: t.Patience, Clip: t.Clip, EMA: t.EMA, Init: init, TrainSize: t.TrainSize, Full: t.Full, Augment: t.Augment, DropTail: t.DropTail,
	}
	return m, err
}

func (l layer) layer() (graph.Layer, error) {
	kind, ok := kinds[l.Op]
	if !ok {
		return nil, fmt.Errorf("op %q; use conv, dense, pool, batchnorm, layernorm, dropout, flatten, sigmoid, tanh or relu", l.Op)
	}
	init, err := Init(l.Init)
	if err != nil {
		return nil, fmt.Errorf("init %q: %w", l.Init, err)
	}
	built, used := kind(l, init)
	if used.Op = l.Op; used != l {
		return nil, fmt.Errorf("%s does not have all of the keys given", l.Op)
	}
	return built, nil
}

// InitNames are what Init takes.
func InitNames() []string { return term.Names[*graph.Init](graph.Kinds) }

// Init is the initialisation of that text: one of graph.Kinds. The empty text is nil.
func Init(text string) (*graph.Init, error) {
	var init *graph.Init
	if text == "" {
		return nil, nil
	}
	if err := graph.Kinds.Parse(text, &init); err != nil {
		return nil, err
	}
	return init, nil
}

func initName(i *graph.Init) string {
	if i == nil {
		return ""
	}
	return i.Name
}
