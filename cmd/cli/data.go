package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/mnist"
)

func (a *app) dataCommand() *cobra.Command {
	var dir string
	var json bool
	cmd := &cobra.Command{
		Use:   "data [flags]",
		Short: "Describe the data set: its sizes, labels and files",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			d, err := loadData(dir)
			if err != nil {
				return err
			}
			if json {
				return printJSON(a.out, dataObject(d))
			}
			a.showData(d)
			return nil
		},
	}
	set := cmd.Flags()
	set.SortFlags = false
	set.StringVar(&dir, "data", "", "`DIR` with the four files of a data set; if not given, the MNIST inside the program")
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
