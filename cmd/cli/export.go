package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/cmd/internal/weights"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/safetensors"
)

// exportFlags are the flags of export.
type exportFlags struct {
	output, runs string
	layout       choice
	json         bool
}

func (a *app) exportCommand() *cobra.Command {
	f := &exportFlags{}
	cmd := &cobra.Command{
		Use:   "export [flags] RUN|FILE [MODEL] -o FILE",
		Short: "Write a network for other programs",
		Long: wrap("Write a trained network with the weights of a run's best epoch. The file's ending chooses the form: .onnx is the network, "+
			"for ONNX Runtime and many other programs; .safetensors and .npz are its weights, for Python; .json is a file for the book's "+
			"network2.py, which knows dense layers of sigmoids only; .csv is the table of the run's epochs.", 100) + "\n\n" +
			wrap("RUN is a run's folder, its name below --runs, or latest. FILE is a .safetensors that a Go program has written with Net.Save, "+
				"followed by its MODEL, or a .json of network2.py.", 100),
		Args:              arguments(1, 2),
		ValidArgsFunction: a.completeExport,
		RunE:              func(_ *cobra.Command, args []string) error { return a.export(f, args) },
	}
	set := cmd.Flags()
	set.StringVarP(&f.output, "output", "o", "", "write to `FILE`, which ends in "+endings())
	f.layout.define(set, "layout", "the names and shapes in a .safetensors", weights.Stheno, weights.Torch)
	set.StringVar(&f.runs, "runs", "runs", "`DIR` with the runs' folders")
	set.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

// exports has the ways to write a network, by the file's ending.
var exports = map[string]func(t *trained, layout string) ([]byte, error){
	".onnx":     exportONNX,
	tensorsFile: exportTensors,
	arraysFile:  exportArrays,
	savedFile:   exportSaved,
	".csv":      exportEpochs,
}

// endings lists the endings of exports.
func endings() string {
	list := slices.Sorted(maps.Keys(exports))
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

func (a *app) export(f *exportFlags, args []string) error {
	ending := strings.ToLower(filepath.Ext(f.output))
	form, ok := exports[ending]
	switch {
	case !ok:
		return usagef("--output %q; use a file that ends in %s", f.output, endings())
	case f.layout.value == weights.Torch && ending != tensorsFile:
		return usagef("--layout %s does not apply to %s; use it with a .safetensors", weights.Torch, f.output)
	}
	if err := hasFolder(f.output); err != nil {
		return err
	}
	t, err := a.exported(f.runs, args)
	if err != nil {
		return err
	}
	text, err := form(t, f.layout.value)
	if err != nil {
		return err
	}
	if err := replaced(f.output, text); err != nil {
		return err
	}
	if f.json {
		sum := sha256.Sum256(text)
		return printJSON(a.out, object{{"file", f.output}, {"bytes", len(text)}, {"sha256", hex.EncodeToString(sum[:])}})
	}
	fmt.Fprintf(a.err, "%s: %s bytes, %s parameters of %s\n", f.output, count(len(text)), count(t.net.Size()), t.path)
	if in, out := t.scaling(); (in != nil || out != nil) && (ending == ".npz" || ending == ".json") {
		fmt.Fprintf(a.err, "%s works with standardized numbers, and the file cannot say so; %s has the means and deviations\n",
			f.output, filepath.Join(t.path, "data.json"))
	}
	return nil
}

// hasFolder is an error if the folder of a file does not exist. It is called long before the file is written.
func hasFolder(path string) error {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: there is no folder %s; make it first", path, folder)
	}
	return nil
}

// replaced writes a whole file or, if the disk is full, nothing.
func replaced(path string, text []byte) error {
	err := rundir.Replace(path, text)
	if err == nil {
		return nil
	}
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err
	} else if cause, ok := errors.AsType[*os.LinkError](err); ok {
		err = cause.Err
	}
	return fmt.Errorf("%s was not written: %w", path, err)
}

// tensorsFile is the ending of the files that Net.Save writes.
const tensorsFile = ".safetensors"

// exported is the network of a run or of a saved file.
func (a *app) exported(runs string, args []string) (*trained, error) {
	name := args[0]
	saved := hasEnding(name, tensorsFile)
	switch {
	case saved && len(args) == 2:
		return a.savedTensors(name, args[1])
	case saved:
		return nil, usagef("%s has weights, but not the network; add the model: its name, a FILE.toml, or a network in one line", name)
	case len(args) == 2:
		return nil, usagef("%s and a model; leave out %[3]s, only a %[2]s needs one", name, tensorsFile, args[1])
	}
	return a.measurable(runs, name)
}

// savedTensors is a model's network with the weights from a file that Net.Save wrote, in the file's precision.
func (a *app) savedTensors(path, model string) (*trained, error) {
	m, err := a.model(model)
	if err != nil {
		return nil, err
	}
	const most = 1 << 30 // bytes, the limit of the reader of such files
	text, err := intake.Read("", path, most)
	if err != nil {
		return nil, dataf("%w", err)
	}
	f, err := safetensors.Read(bytes.NewReader(text), int64(len(text)), path)
	if err != nil {
		return nil, err
	}
	double := slices.ContainsFunc(f.Tensors, func(t safetensors.Tensor) bool {
		_, ok := t.Data.([]float64)
		return ok
	})
	net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero, Float64: double})
	if err != nil {
		return nil, usagef("model %s: %w", m.Name, err)
	}
	if err := net.Load(bytes.NewReader(text)); err != nil {
		return nil, dataf("%s, model %s: %w", path, m.Name, err)
	}
	return &trained{path: path, epoch: -1, model: m, net: net, schema: digitSchema(net), imported: true}, nil
}
