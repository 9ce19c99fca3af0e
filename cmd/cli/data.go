package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
)

func (a *app) dataCommand() *cobra.Command {
	var dir, output string
	var augment ruled[models.Augment]
	var show, json bool
	cmd := &cobra.Command{
		Use:   "data [flags]",
		Short: "Describe the data set: its sizes, labels and files",
		Long: wrap("Describe the data set: its sizes, labels and files. With --show, draw training images in place of that, a line for "+
			"each class: the first ones, or with --augment the first one and what becomes of it.", 100),
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if show != (output != "") || augment.text != "" && !show {
				return usagef("data: --show, --augment and --output belong together; use %s data --show [--augment KIND] -o FILE", commandName())
			}
			if err := checkPicture(output); err != nil {
				return err
			}
			d, err := loadData(dir)
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
	set.StringVar(&dir, "data", "", "`DIR` with the four files of a data set; if not given, the MNIST inside the program")
	set.BoolVar(&show, "show", false, "draw images")
	augment.define(set, a.reader(), "augment", augmentHelp)
	set.StringVarP(&output, "output", "o", "", "the picture, a `FILE` that ends in .svg or .png")
	set.BoolVar(&json, "json", false, "a JSON object")
	return cmd
}

// part is one of the three sets of a data set.
type part struct {
	name string
	set  mnist.Set
}

func parts(d *mnist.Data) []part {
	return []part{{"train", d.Train}, {"validation", d.Validation}, {"test", d.Test}}
}

func (a *app) showData(d *mnist.Data) {
	fmt.Fprintf(a.out, "%s: images of %d×%d, %d classes\n\n", d.Name, d.Train.Rows, d.Train.Cols, d.Train.Classes)
	var sets, files table
	head := []string{"set", "images"}
	for class := range d.Train.Classes {
		head = append(head, strconv.Itoa(class))
	}
	sets.add(head...)
	for _, p := range parts(d) {
		counts := cells(histogram(p.set.Labels, p.set.Classes))
		sets.add(append([]string{p.name, strconv.Itoa(p.set.Len())}, counts...)...)
	}
	sets.print(a.out)
	fmt.Fprintln(a.out)
	files.add("file", "bytes", "sha256")
	for _, f := range d.Files {
		files.add(f.Name, strconv.FormatInt(f.Bytes, 10), f.SHA256)
	}
	files.add("all four", "", d.SHA256())
	files.print(a.out)
}

func dataObject(d *mnist.Data) object {
	o := object{{"name", d.Name}, {"sha256", d.SHA256()}, {"rows", d.Train.Rows}, {"cols", d.Train.Cols}, {"classes", d.Train.Classes}}
	for _, p := range parts(d) {
		o = append(o, field{p.name, object{{"images", p.set.Len()}, {"labels", histogram(p.set.Labels, p.set.Classes)}}})
	}
	var files []object
	for _, f := range d.Files {
		files = append(files, object{{"name", f.Name}, {"bytes", f.Bytes}, {"sha256", f.SHA256}})
	}
	return append(o, field{"files", files})
}
