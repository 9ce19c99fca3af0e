package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/debug"
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
		Use:   "predict [flags] RUN|FILE.json IMAGE...",
		Short: "Read digits in pictures",
		Long: wrap("Say which digit each picture shows, with the outputs for all ten: probabilities after softmax, else activations. "+
			"A picture is a PNG, JPEG or GIF of one digit, of any size and color; it is put into MNIST's frame. How a "+
			"camera was held, which a JPEG may note, is not read: turn the picture upright first. RUN is a "+
			"run's folder, its name below --runs, or latest; FILE.json is a network that network2.py or a program like it has saved.", 100),
		Args:              arguments(2, -1),
		ValidArgsFunction: a.completeRunThenFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := a.measurable(runs, args[0])
			if err != nil {
				return err
			}
			if frame := (graph.Shape{1, 28, 28}); !t.net.Input.Eq(frame) {
				return usagef("%s: the network takes images of %s, and pictures are framed to %s; use another run", t.path, shape(t.net.Input), shape(frame))
			}
			return a.predict(t.net, args[1:], show, json)
		},
	}
	set := cmd.Flags()
	set.BoolVar(&show, "show", false, "draw what the network sees")
	set.StringVar(&runs, "runs", "runs", "`DIR` of the runs' folders")
	set.BoolVar(&json, "json", false, "a JSON object for each picture")
	return cmd
}

// predict goes through all of the pictures; those that cannot be read are reported at the end.
func (a *app) predict(n *graph.Net, files []string, show, json bool) error {
	const memory = 208 << 20 // bytes: of large pictures, those before are not to be in memory too
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory))
	var bad []error
	width := 0
	for _, file := range files {
		width = max(width, len([]rune(file)))
	}
	head := fmt.Sprintf("%-*s  digit", width, "")
	for class := range n.Outputs {
		head += fmt.Sprintf("  %5d", class)
	}
	headed, nan := false, 0
	for _, file := range files {
		image, err := frame(file)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		y, err := train.Predict(n, train.Images{Pixels: image, Labels: []byte{0}})
		if err != nil {
			return err
		}
		if show && !json {
			draw(a.out, image)
		}
		if !json && (show || !headed) {
			fmt.Fprintln(a.out, head)
			headed = true
		}
		if err := a.showPrediction(file, width, y, json); err != nil {
			return err
		}
		if diverged(y) {
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

// frame reads a picture into MNIST's frame.
func frame(file string) ([]byte, error) {
	f, _, err := intake.OpenFile("", file, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := mnist.ReadImage(f, file)
	if err != nil {
		return nil, err
	}
	image, err := mnist.Frame(img)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return image, nil
}

func (a *app) showPrediction(file string, width int, y []float32, json bool) error {
	var digit, text any = graph.Argmax(y), graph.Argmax(y)
	if diverged(y) {
		digit, text = math.NaN(), "–"
	}
	if json {
		return printJSON(a.out, object{{"file", file}, {"digit", digit}, {"p", y}})
	}
	line := fmt.Sprintf("%-*s  %5v", width, file, text)
	for _, p := range y {
		line += fmt.Sprintf("  %5.3f", p)
	}
	_, err := fmt.Fprintln(a.out, line)
	return err
}

// draw prints an image of 28×28 as text, two columns a pixel.
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
