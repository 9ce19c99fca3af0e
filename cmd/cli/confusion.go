package cli

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/stheno-ml/stheno/cmd/internal/plot"
)

// plotConfusion draws how often a run's network takes each class of the test images for each other.
func (a *app) plotConfusion(output, runs, name string) error {
	t, err := a.measurable(runs, name)
	if err != nil {
		return err
	}
	if !t.net.Loss.Classes {
		return usagef("%s: its loss has no classes to confuse; use a run that classifies", t.path)
	}
	f := evalFlags{split: choice{value: "test"}, runs: runs}
	evaluations, err := a.evaluations(&f, []string{name})
	if err != nil {
		return err
	}
	r := evaluations[0]
	if err := r.err(); err != nil {
		return err
	}
	title := fmt.Sprintf("%s: %s of the %s test %s read right", filepath.Base(r.name), percent(r.accuracy()), count(r.part.Len()), noun(r.data))
	if err := plot.Confusion(output, title, confusion(r.part.Labels, r.answers, r.classes), r.names()); err != nil {
		return err
	}
	return a.wrote(output)
}

// confusion counts how often a class, the row, got an answer, the column. Missing answers are left out.
func confusion(labels, answers []int, classes int) [][]int {
	table := make([][]int, classes)
	for i := range table {
		table[i] = make([]int, classes)
	}
	for i, l := range labels {
		if answers[i] >= 0 {
			table[l][answers[i]]++
		}
	}
	return table
}

// showConfusion prints the matrix with its sums. Numbered classes are called digits.
func (a *app) showConfusion(matrix [][]int, names []string) {
	first := "class"
	if numbered(names) {
		first = "digit"
	}
	head, columns, all := []string{first}, make([]int, len(matrix)), 0
	for j := range matrix {
		head = append(head, "as "+className(names, j))
	}
	rows := table{}
	rows.add(append(head, "all")...)
	for i, row := range matrix {
		sum := 0
		for j, n := range row {
			sum += n
			columns[j] += n
		}
		all += sum
		rows.add(append(append([]string{className(names, i)}, cells(row)...), strconv.Itoa(sum))...)
	}
	rows.add(append(append([]string{"all"}, cells(columns)...), strconv.Itoa(all))...)
	fmt.Fprintln(a.out)
	rows.print(a.out)
}
