package train_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// BenchmarkEvaluate measures the evaluation of the 10,000 test images.
func BenchmarkEvaluate(b *testing.B) {
	d, err := mnist.Load()
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range []models.Model{models.MLP, models.Softmax, models.Deep} {
		b.Run(m.Name, func(b *testing.B) {
			n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: m.Recipe.Init})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := train.Evaluate(b.Context(), n, train.Images{Pixels: d.Test.Images, Labels: d.Test.Labels}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWarp measures drawing a grid, and warping an image by it.
func BenchmarkWarp(b *testing.B) {
	w, err := train.NewWarper(graph.Shape{1, 28, 28})
	if err != nil {
		b.Fatal(err)
	}
	draw := train.Warp{Rotate: 15, Zoom: .15, Shift: 2, Shear: 10, Elastic: 1}.Draw(28, 28, 1)
	var g train.Grid
	image, y := make([]byte, 784), make([]float32, 784)
	b.Run("draw", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			draw(0, i, &g)
		}
	})
	b.Run("warp", func(b *testing.B) {
		for b.Loop() {
			w.Warp(y, image, &g)
		}
	})
}

// BenchmarkStep measures a training step: the order, the images, the program and the update.
func BenchmarkStep(b *testing.B) {
	for _, m := range []models.Model{models.MLP, models.Softmax, models.Deep} {
		for _, batch := range []int{10, 128} {
			b.Run(fmt.Sprint(m.Name, "/", batch), func(b *testing.B) { benchStep(b, m, m.Recipe.Init, batch, .01) })
		}
	}
}

// BenchmarkSaturated measures a step of the same network with ordinary initial weights, and with hidden neurons so saturated that two of five images
// have a subnormal δ there, as happens in long trainings. The learning rate leaves the network unchanged.
func BenchmarkSaturated(b *testing.B) {
	saturated := &graph.Init{Name: "saturated", Weight: func(in, _ int) float64 {
		if in == 784 {
			return 8
		}
		return .2
	}}
	for _, init := range []*graph.Init{graph.Default, saturated} {
		for _, batch := range []int{10, 128} {
			b.Run(fmt.Sprint(init, "/", batch), func(b *testing.B) { benchStep(b, models.MLP, init, batch, 1e-9) })
		}
	}
}

func benchStep(b *testing.B, m models.Model, init *graph.Init, batch int, eta float64) {
	d, err := mnist.Load()
	if err != nil {
		b.Fatal(err)
	}
	n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: init})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	steps := -10 // to warm up
	t := train.Trainer{
		Net: n, Optimizer: train.SGD{}, Epochs: 1 << 30, Batch: batch, Eta: eta, DropTail: true,
		Train: train.Images{Pixels: d.Train.Images, Labels: d.Train.Labels},
		Progress: func(train.State) {
			if steps++; steps == 0 {
				b.ResetTimer()
			} else if steps == b.N {
				cancel()
			}
		},
	}
	b.ReportAllocs()
	for range t.Run(ctx) {
	}
}
