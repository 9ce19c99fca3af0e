package models_test

import (
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// SignSGD moves each weight by Eta·Scale against the sign of its gradient.
type SignSGD struct{ Scale float64 }

func (SignSGD) Kind() string    { return "signsgd" } // its name in files and flags; its exported fields are the arguments
func (SignSGD) Keeps() []string { return nil }

func (o SignSGD) Update(p *graph.Param, kept []any, s train.Rates) {
	train.Apply(p, kept, signs[float32](s.Eta*o.Scale), signs[float64](s.Eta*o.Scale))
}

func signs[T float32 | float64](rate float64) train.Rule[T] {
	return func(w, g []T, _ [][]T) {
		for i := range w {
			w[i] -= T(math.Copysign(rate, float64(g[i])))
		}
	}
}

// If a model uses an optimizer of your own, files can name it. With cli.Main(append(models.All, mine), os.Args[1:]), so can the flag
// --optimizer.
func ExampleReader() {
	mine := models.MLP
	mine.Name, mine.Recipe.Optimizer = "mine", SignSGD{Scale: 1}
	r := models.Reader{Models: []models.Model{mine}}
	m, err := r.Decode("net.toml", []byte("format = 1\nlayer = 'dense(10)'\n[train]\noptimizer = 'signsgd(scale=0.5)'\n"))
	fmt.Printf("%+v %v\n", m.Recipe.Optimizer, err)
	_, err = r.Decode("net.toml", []byte("format = 1\nlayer = 'dense(10)'\n[train]\noptimizer = 'signsdg'\n"))
	fmt.Println(err)
	// Output:
	// {Scale:0.5} <nil>
	// net.toml:4:1: train: optimizer: unknown optimizer "signsdg"; did you mean signsgd?
}
