package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

func (a *app) dataCommand() *cobra.Command {
	var f dataFlags
	var output string
	var loss ruled[*graph.Loss]
	var seed uint64
	var augment ruled[models.Augment]
	var show, json bool
	cmd := &cobra.Command{
		Use:   "data [flags]",
		Short: "Describe a data set: its parts, classes, columns and files",
		Long: wrap("Describe a data set as train would read it with the same flags: its parts, classes, columns and files. With --show, draw "+
			"training images instead, a row for each class: the first few, or with --augment the first and its variations.", 100),
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if show != (output != "") || augment.text != "" && !show {
				return usagef("data: --show, --augment and --output belong together; use %s data --show [--augment KIND] -o FILE", commandName())
			}
			if err := checkPicture(output); err != nil {
				return err
			}
			o := f.options(loss.value)
			o.Seed = seed
			d, err := a.openData(f.data, o)
			if err != nil {
				return err
			}
			if show {
				if err := drawImages(output, d, models.Recipe{Augment: augment.value}); err != nil {
					return err
				}
				return a.wrote(output)
			}
			if json {
				return printJSON(a.out, dataObject(d))
			}
			a.showData(d)
			return nil
		},
	}
	set := cmd.Flags()
	f.define(set)
	loss.define(set, a.reader(), "loss", lossHelp(a.reader()))
	set.Uint64Var(&seed, "seed", 0, "the `N` that splits data without parts of its own")
	set.BoolVar(&show, "show", false, "draw training images")
	augment.define(set, a.reader(), "augment", augmentHelp)
	set.StringVarP(&output, "output", "o", "", "draw into `FILE`, which ends in .svg or .png")
	set.BoolVar(&json, "json", false, "print a JSON object")
	return cmd
}

// part is one of the three sets of a data set.
type part struct {
	name string
	set  dataset.Part
}

func parts(d *dataset.Data) []part {
	return []part{{"train", d.Train}, {"validation", d.Validation}, {"test", d.Test}}
}

func (a *app) showData(d *dataset.Data) {
	s := &d.Schema
	if len(s.Input) == 3 && s.Bytes && s.Input[0] == 1 && numbered(s.Classes) && s.Classes != nil {
		fmt.Fprintf(a.out, "%s: images of %s, %d classes\n\n", d.Name, shape(s.Input[1:]), len(s.Classes))
	} else {
		printRow(a.out, d.Name+": "+about(s))
		fmt.Fprintln(a.out)
	}
	a.showParts(d)
	a.showColumns(s)
	fmt.Fprintln(a.out)
	var files table
	files.add("file", "bytes", "sha256")
	for _, f := range d.Files {
		files.add(f.Name, strconv.FormatInt(f.Bytes, 10), f.SHA256)
	}
	if n := len(d.Files); n == 4 {
		files.add("all four", "", d.SHA256())
	} else {
		files.add("as in run.json", "", d.SHA256())
	}
	files.print(a.out)
}

// manyClasses is the most classes that have a column each; more have a line each.
const manyClasses = 12

// showParts prints the number of examples of each class in each part.
func (a *app) showParts(d *dataset.Data) {
	var t table
	head, classes := []string{"set", noun(d)}, d.Schema.Classes
	if len(classes) <= manyClasses {
		head = append(head, classes...)
	}
	t.add(head...)
	for _, p := range parts(d) {
		row := []string{p.name, strconv.Itoa(p.set.Len())}
		if len(classes) <= manyClasses {
			row = append(row, cells(p.set.Counts(len(classes)))...)
		}
		t.add(row...)
	}
	t.print(a.out)
	if len(classes) <= manyClasses {
		return
	}
	var by table
	by.add("class", "train", "validation", "test")
	counts := [3][]int{}
	for i, p := range parts(d) {
		counts[i] = p.set.Counts(len(classes))
	}
	for c, name := range classes {
		by.add(name, strconv.Itoa(counts[0][c]), strconv.Itoa(counts[1][c]), strconv.Itoa(counts[2][c]))
	}
	fmt.Fprintln(a.out)
	by.print(a.out)
}

// manyColumns is the most columns that are shown; --json has all.
const manyColumns = 50

// showColumns prints how the inputs, and the numbers to predict, are scaled.
func (a *app) showColumns(s *dataset.Schema) {
	var t table
	what := "channel"
	if len(s.Input) == 1 {
		what = "input"
	}
	for _, c := range s.Columns[:min(manyColumns, len(s.Columns))] {
		empty := "an error"
		if c.Fill != nil {
			empty = "the mean"
		}
		if c.Texts != nil {
			t.add(c.Name, some(c.Texts), "", "", empty)
			continue
		}
		t.add(c.Name, "a number", figure(c.Base+c.Scale.Mean), figure(c.Scale.Deviation), empty)
	}
	for i, c := range s.Channels[:min(manyColumns, len(s.Channels))] {
		t.add(what+" "+strconv.Itoa(i), "numbers", figure(c.Mean), figure(c.Deviation))
	}
	if n := len(s.Columns) + len(s.Channels) - manyColumns; n > 0 {
		t.add(fmt.Sprintf("… %d more", n))
	}
	for i, c := range s.Outputs {
		t.add(s.Targets[i], "to predict", figure(c.Mean), figure(c.Deviation))
	}
	if len(t.rows) == 0 {
		return
	}
	head := []string{"column", "inputs", "mean", "deviation"}
	if s.Kind == dataset.Table {
		head = append(head, "if empty")
	}
	t.rows = append([][]string{head}, t.rows...)
	fmt.Fprintln(a.out)
	t.print(a.out)
}

func dataObject(d *dataset.Data) object {
	s := &d.Schema
	o := object{{"name", d.Name}, {"sha256", d.SHA256()}}
	if len(s.Input) == 3 {
		o = append(o, field{"rows", s.Input[1]}, field{"cols", s.Input[2]})
	}
	o = append(o, field{"classes", len(s.Classes)})
	for _, p := range parts(d) {
		of := object{{noun(d), p.set.Len()}}
		if s.Classes != nil {
			of = append(of, field{"labels", p.set.Counts(len(s.Classes))})
		}
		o = append(o, field{p.name, of})
	}
	var files []object
	for _, f := range d.Files {
		files = append(files, object{{"name", f.Name}, {"bytes", f.Bytes}, {"sha256", f.SHA256}})
	}
	return append(o, field{"files", files}, field{"schema", s})
}
