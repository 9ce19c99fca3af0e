package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/cmd/internal/weights"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/safetensors"
	"github.com/stheno-ml/stheno/train"
)

// importFlags are the flags of import.
type importFlags struct {
	runs   string
	layout choice
	json   bool
}

func (a *app) importCommand() *cobra.Command {
	f := &importFlags{}
	cmd := &cobra.Command{
		Use:   "import [flags] FILE.json | FILE.safetensors|FILE.npz MODEL",
		Short: "Turn a network that another program saved into a run",
		Long: wrap("Read a network that another program has saved, and make a run's folder from it, for eval, predict, export, serve and "+
			"train --resume. Numbers stay float32 or float64, as in the file.", 100) + "\n\n" +
			wrap("A .json comes from the book's network2.py or a similar program, and has everything. A .safetensors or .npz has arrays only: "+
				"MODEL says which network they belong to, by its name, a FILE.toml or one line of layers. The arrays are matched with its layers by "+
				"order, shape and name, in the layout of PyTorch or Keras. A table shows what went where.", 100),
		Args:              arguments(1, 2),
		ValidArgsFunction: a.completeImport,
		RunE:              func(_ *cobra.Command, args []string) error { return a.importFile(f, args) },
	}
	set := cmd.Flags()
	f.layout.words = weights.Layouts
	set.Var(&f.layout, "layout", "the layout of the arrays; if not given, their names and shapes decide")
	set.StringVar(&f.runs, "runs", "runs", "`DIR` for the run's folder")
	set.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

// completeImport offers files, and after a file, models.
func (a *app) completeImport(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return a.completeModels(cmd, args, typed)
	}
	return []string{savedFile[1:], tensorsFile[1:], arraysFile[1:]}, cobra.ShellCompDirectiveFilterFileExt
}

func (a *app) importFile(f *importFlags, args []string) error {
	path := args[0]
	var t *trained
	var m *weights.Match
	err := a.recordable()
	switch ending := strings.ToLower(filepath.Ext(path)); {
	case err != nil:
	case ending == savedFile && len(args) == 2:
		err = usagef("%s and a model; leave out %s, the file says what it is", path, args[1])
	case ending == savedFile && f.layout.value != "":
		err = usagef("--layout for %s; leave it out, the file has only one layout", path)
	case ending == savedFile:
		t, err = importSaved(path)
	case ending != tensorsFile && ending != arraysFile:
		err = usagef("import %s: %s", path, cmp.Or(advice(path), "use a file that ends in .json, .safetensors or .npz"))
	case len(args) == 1:
		err = usagef("%s has weights, but not the network; add the model: its name, a FILE.toml, or a network in one line", path)
	default:
		t, m, err = a.importTensors(path, args[1], f.layout.value)
	}
	if err != nil {
		return err
	}
	run, err := t.keep(f.runs, append([]string{"stheno"}, a.args...))
	if err != nil {
		return err
	}
	return a.showImport(f, t, m, run)
}

// showImport describes the network and its run and, for a file of tensors, what went where.
func (a *app) showImport(f *importFlags, t *trained, m *weights.Match, run string) error {
	if f.json {
		o := object{{"run", run}, {"model", t.model.Name}, {"parameters", t.net.Size()}, {"loss", t.model.Loss.Name}}
		if m != nil {
			o = append(o, field{"layout", m.Layout}, field{"tensors", placeObjects(m)})
		}
		return printJSON(a.out, append(o, field{"notes", append([]string{}, t.notes...)}))
	}
	if m != nil {
		a.showPlaces(m)
	}
	network := t.model.Doc
	if m != nil {
		network = title(t.model)
	}
	lines := [][2]string{{"network", network}, {"", fmt.Sprintf("%s parameters, %s", count(t.net.Size()), t.dtype())}}
	for i, note := range t.notes {
		lines = append(lines, [2]string{[]string{"note", ""}[min(i, 1)], note})
	}
	tableView{a.out}.lines(append(lines, [2]string{"run", run}, [2]string{"next", commandName() + " eval " + shellWord(run)}))
	return nil
}

// imports is the command in an imported run's argv.
const imports = "import"

// keep makes a run from an imported network. The run is done, before its first epoch.
func (t *trained) keep(runs string, argv []string) (path string, err error) {
	text, err := encode(t.model)
	if err != nil {
		return "", err
	}
	data, err := dataset.Open("", dataset.Options{})
	if err != nil {
		return "", err
	}
	host, _ := os.Hostname() // as in session.info
	run, err := rundir.Create(runs, t.model.Name, time.Now(), rundir.Info{
		Argv: argv, DType: t.dtype(), DataSHA256: data.SHA256(),
		Build: build(), Kernel: graph.Kernel(), VM: "stheno", Host: host,
	}, rundir.Texts{ModelTOML: text})
	if err != nil {
		return "", err
	}
	defer run.Close()
	trainer, err := t.model.Recipe.Trainer(t.net) // a checkpoint has the optimizer's state too
	if err != nil {
		return "", err
	}
	state, err := json.Marshal(train.State{Eta: t.model.Recipe.Eta, Best: train.Best{Epoch: -1}})
	if err != nil {
		return "", err
	}
	f := &safetensors.File{Metadata: map[string]string{stateKey: string(state)}}
	for _, x := range trainer.Tensors() {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: x.Name, Shape: x.Shape, Data: x.Data})
	}
	if err := run.Checkpoint(f, 0, true); err != nil {
		return "", err
	}
	if err := run.Update(func(i *rundir.Info) { i.Status, i.Ended = rundir.Done, time.Now() }); err != nil {
		return "", err
	}
	return run.Path(), run.Close()
}

// dtype is the type of the network's numbers, as --dtype spells it.
func (t *trained) dtype() string {
	if _, ok := t.net.Tensors()[0].Data.([]float64); ok {
		return "float64"
	}
	return "float32"
}

// wasImported reports whether a run was imported rather than trained.
func wasImported(argv []string) bool { return slices.Contains(argv[:min(2, len(argv))], imports) }
