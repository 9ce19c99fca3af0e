package cli

import (
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

func (a *app) predictCommand() *cobra.Command {
	var runs string
	var show, json bool
	cmd := &cobra.Command{
		Use:   "predict [flags] RUN|FILE.json FILE...",
		Short: "Read digits in pictures, or predict from the rows of a table",
		Long: wrap("Say which digit each picture shows, with the outputs for all ten: probabilities after softmax, otherwise activations. "+
			"A picture is a PNG, JPEG or GIF of any size and color. Each digit in it is brought into MNIST's frame and gets "+
			"a line, from left to right and row by row. RUN is a run's folder, its name below --runs, or latest. "+
			"FILE.json is a network saved by network2.py or a similar program.", 100) + "\n\n" +
			wrap("A run that was trained on other data reads files of the same kind: pictures, which are resized to the size it was trained on; "+
				"a FILE.csv with the same columns, in any order; a FILE.npz with an array x. They are scaled as the training data was. Each row gets "+
				"a line, with the name of the class and the outputs, or with the predicted numbers in their own unit.", 100),
		Args:              arguments(2, -1),
		ValidArgsFunction: a.completeRunThenFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := a.measurable(runs, args[0])
			if err != nil {
				return err
			}
			if t.rebuilds() {
				return usagef("%s reconstructs its input, and names no class; use %s plot %[1]s --reconstructions -o sheet.png", t.path, commandName())
			}
			if err := t.reads(args[1:]); err != nil {
				return err
			}
			if !t.framed() || slices.ContainsFunc(args[1:], isRows) {
				if show {
					return usagef("--show draws digits in MNIST's frame, and %s was trained on %s; leave it out", t.path, t.schema.Kind)
				}
				return a.predictFiles(t, args[1:], json)
			}
			return a.predict(t, args[1:], show, json)
		},
	}
	set := cmd.Flags()
	set.BoolVar(&show, "show", false, "draw where the digits are, and what the network sees")
	set.StringVar(&runs, "runs", "runs", "`DIR` with the runs' folders")
	set.BoolVar(&json, "json", false, "print a JSON object for each digit")
	return cmd
}

// predict goes through all of the pictures. Those that cannot be read are reported at the end.
func (a *app) predict(t *trained, files []string, show, json bool) error {
	const memory = 208 << 20 // bytes, so that earlier large pictures are freed in time
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory))
	var bad []error
	width := 0
	for _, file := range files {
		width = max(width, len([]rune(file)))
	}
	head := fmt.Sprintf("%-*s  digit", width, "")
	for class := range t.net.Outputs {
		head += fmt.Sprintf("  %5s", className(t.schema.Classes, class))
	}
	headed, nan := false, 0
	for _, file := range files {
		digits, err := digitsIn(file)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		y, err := read(t.net, digits)
		if err != nil {
			return err
		}
		if show && !json && len(digits) > 1 {
			drawBoxes(a.out, digits)
		}
		for i, d := range digits {
			if show && !json {
				draw(a.out, d.Pixels)
			}
			if !json && (show || !headed) {
				fmt.Fprintln(a.out, head)
				headed = true
			}
			if err := a.showPrediction(t, file, d.Box, width, y[i], json); err != nil {
				return err
			}
		}
		if slices.ContainsFunc(y, diverged) {
			nan++
		}
	}
	if bad != nil {
		return &exitError{exitData, errors.Join(bad...)}
	}
	if nan > 0 {
		return &exitError{exitDiverged, fmt.Errorf("outputs for %s are NaN or infinite; use weights from before that, or train with a smaller eta",
			plural(nan, "picture", "pictures"))}
	}
	return nil
}

// digitsIn finds the digits in a picture.
func digitsIn(file string) ([]mnist.Digit, error) {
	f, _, err := intake.OpenFile("", file, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := mnist.ReadImage(f, file)
	if err != nil {
		return nil, err
	}
	digits, err := mnist.Digits(img)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return digits, nil
}

// read gives a network's outputs for each digit.
func read(n *graph.Net, digits []mnist.Digit) ([][]float32, error) {
	var pixels []byte
	for _, d := range digits {
		pixels = append(pixels, d.Pixels...)
	}
	y, err := train.Predict(n, train.Images{Pixels: pixels, Labels: make([]byte, len(digits))})
	if err != nil {
		return nil, err
	}
	return slices.Collect(slices.Chunk(y, n.Outputs)), nil
}

func (a *app) showPrediction(t *trained, file string, box image.Rectangle, width int, y []float32, json bool) error {
	var digit, text any = graph.Argmax(y), className(t.schema.Classes, graph.Argmax(y))
	if diverged(y) {
		digit, text = math.NaN(), "–"
	}
	if json {
		return printJSON(a.out, object{{"file", file}, {"box", boxNumbers(box)}, {"digit", digit}, {"p", y}})
	}
	line := fmt.Sprintf("%-*s  %5v", width, file, text)
	for _, p := range y {
		line += fmt.Sprintf("  %5.3f", p)
	}
	_, err := fmt.Fprintln(a.out, line)
	return err
}

// boxNumbers are the left, top, right and bottom of a digit, in pixels of the upright picture. Right and bottom are just outside.
func boxNumbers(b image.Rectangle) []int { return []int{b.Min.X, b.Min.Y, b.Max.X, b.Max.Y} }

// drawBoxes prints a rectangle for each digit, with the number of its line inside.
func drawBoxes(w io.Writer, digits []mnist.Digit) {
	const wide = 72
	var all image.Rectangle
	for _, d := range digits {
		all = all.Union(d.Box)
	}
	x := func(at int) int { return (at - all.Min.X) * (wide - 1) / all.Dx() }
	y := func(at int) int { return (at - all.Min.Y) * (wide - 1) / 2 / all.Dx() }
	rows := make([][]rune, y(all.Max.Y)+1)
	for i := range rows {
		rows[i] = []rune(strings.Repeat(" ", wide))
	}
	for i, d := range digits {
		left, right, top, bottom := x(d.Box.Min.X), x(d.Box.Max.X), y(d.Box.Min.Y), y(d.Box.Max.Y)
		for k := left; k <= right; k++ {
			rows[top][k], rows[bottom][k] = '─', '─'
		}
		for k := top; k <= bottom; k++ {
			rows[k][left], rows[k][right] = '│', '│'
		}
		rows[top][left], rows[top][right], rows[bottom][left], rows[bottom][right] = '┌', '┐', '└', '┘'
		copy(rows[(top+bottom)/2][left+1:right], []rune(fmt.Sprintf(" %d ", i+1)))
	}
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight(string(row), " "))
	}
}

// draw prints an image of 28×28 as text, two columns for each pixel.
func draw(w io.Writer, image []byte) {
	shades := []rune(" ░▒▓█")
	for row := range 28 {
		var line strings.Builder
		for _, p := range image[28*row : 28*row+28] {
			line.WriteString(strings.Repeat(string(shades[(int(p)*4+127)/255]), 2))
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
