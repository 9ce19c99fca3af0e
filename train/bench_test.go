package train_test

import (
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// BenchmarkEvaluate is the time to evaluate the 10,000 test images.
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
				if _, err := train.Evaluate(b.Context(), n, train.Data{Images: d.Test.Images, Labels: d.Test.Labels}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
