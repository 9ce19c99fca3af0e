package book

import (
	"context"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// model is the catalogue's model with that name.
func model(name string) (models.Model, error) {
	m, ok := models.Find(name)
	if !ok {
		return m, fmt.Errorf("book: the catalogue has no model %s", name)
	}
	return m, nil
}

// first are the first n images of s, or all if n is 0.
func first(s mnist.Set, n int) (mnist.Set, error) {
	if n > s.Len() {
		return s, fmt.Errorf("book: the experiment needs %d training images, but the data has %d; use larger data", n, s.Len())
	}
	if n == 0 {
		n = s.Len()
	}
	return s.Slice(0, n), nil
}

func labeled(s mnist.Set) train.Images {
	return train.Images{Pixels: s.Images, Labels: s.Labels, Classes: s.Classes}
}

// fit trains m by its recipe, and calls each after every epoch with the training images.
func (l lab) fit(ctx context.Context, m models.Model, each func(epoch int, n *graph.Net, images train.Data) error) error {
	set, err := first(l.data.Train, m.Recipe.TrainSize)
	if err != nil {
		return err
	}
	net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: l.seed, Init: m.Recipe.Init})
	if err != nil {
		return err
	}
	images := labeled(set)
	t, err := m.Recipe.Trainer(net)
	if err != nil {
		return err
	}
	t.Train, t.Seed = images, l.seed
	if err := t.Start(); err != nil {
		return err
	}
	for e, err := range t.Run(ctx) {
		if err == nil {
			err = each(e.Epoch, net, images)
		}
		if err != nil {
			return fmt.Errorf("book: model %s, seed %d: %w", m.Name, l.seed, err)
		}
	}
	return nil
}

// accuracy is the fraction of images that a network labels correctly.
func accuracy(ctx context.Context, n *graph.Net, d train.Data) (float64, error) {
	got, err := train.Evaluate(ctx, n, d)
	return float64(got.Correct) / float64(d.Len()), err
}

// totalCost is network2's total_cost: the mean cost of the images and ½ λ/n Σw², n their number.
func totalCost(ctx context.Context, n *graph.Net, d train.Data, lambda float64) (float64, error) {
	got, err := train.Evaluate(ctx, n, d)
	squares := 0.
	for _, p := range n.Params {
		if p.Decay {
			for _, w := range p.Float64s() {
				squares += w * w
			}
		}
	}
	return got.Cost + lambda/float64(d.Len())/2*squares, err
}

// multipleEta trains with three learning rates. The values are, for each, the training cost after the first and the last epoch.
func multipleEta(ctx context.Context, l lab) (run, error) {
	var r run
	for _, eta := range []float64{.025, .25, 2.5} {
		m, err := model("ch3-default-30")
		if err != nil {
			return r, err
		}
		m.Recipe.Eta = eta
		c := Curve{Name: fmt.Sprint("η = ", eta)}
		err = l.fit(ctx, m, func(epoch int, n *graph.Net, images train.Data) error {
			cost, err := totalCost(ctx, n, images, m.Recipe.Lambda)
			c.add(float64(epoch), cost)
			return err
		})
		if err != nil {
			return r, err
		}
		r.ends(c)
	}
	return r, nil
}

// ends are the first and the last value of a curve.
func (r *run) ends(c Curve) {
	r.values = append(r.values, c.Y[0], c.Y[len(c.Y)-1])
	r.curves = append(r.curves, c)
}

// weightInit trains models of the catalogue. The values are, for each, the validation accuracy after the first and the last epoch.
func weightInit(names ...string) func(context.Context, lab) (run, error) {
	return func(ctx context.Context, l lab) (run, error) {
		var r run
		for _, name := range names {
			m, err := model(name)
			if err != nil {
				return r, err
			}
			c := Curve{Name: m.Recipe.Init.Name + " initialization"}
			err = l.fit(ctx, m, func(epoch int, n *graph.Net, _ train.Data) error {
				a, err := accuracy(ctx, n, labeled(l.data.Validation))
				c.add(float64(epoch), a)
				return err
			})
			if err != nil {
				return r, err
			}
			r.ends(c)
		}
		return r, nil
	}
}

// overfit trains a model of the catalogue. The values are the final accuracies on the test images and on the training images.
func overfit(name string) func(context.Context, lab) (run, error) {
	return func(ctx context.Context, l lab) (run, error) {
		m, err := model(name)
		if err != nil {
			return run{}, err
		}
		test, training := Curve{Name: "test images"}, Curve{Name: "training images"}
		err = l.fit(ctx, m, func(epoch int, n *graph.Net, images train.Data) error {
			a, err := accuracy(ctx, n, labeled(l.data.Test))
			if err != nil {
				return err
			}
			test.add(float64(epoch), a)
			a, err = accuracy(ctx, n, images)
			training.add(float64(epoch), a)
			return err
		})
		if err != nil {
			return run{}, err
		}
		last := len(test.Y) - 1
		return run{[]float64{test.Y[last], training.Y[last]}, []Curve{test, training}}, nil
	}
}

// moreData trains on more and more images, each time until the same number of images has been seen. The values are the final
// validation accuracies.
func moreData(seen int, sizes ...int) func(context.Context, lab) (run, error) {
	return func(ctx context.Context, l lab) (run, error) {
		c := Curve{Name: "validation images"}
		for _, size := range sizes {
			m, err := model("ch3-ce-30")
			if err != nil {
				return run{}, err
			}
			m.Recipe = sized(m.Recipe, size, seen)
			err = l.fit(ctx, m, func(epoch int, n *graph.Net, _ train.Data) error {
				if epoch < m.Recipe.Epochs-1 {
					return nil
				}
				a, err := accuracy(ctx, n, labeled(l.data.Validation))
				c.add(float64(size), a)
				return err
			})
			if err != nil {
				return run{}, err
			}
		}
		return run{c.Y, []Curve{c}}, nil
	}
}

// sized is the recipe for a number of training images, with the same weight decay for any number.
func sized(r models.Recipe, size, seen int) models.Recipe {
	r.TrainSize, r.Epochs, r.Lambda = size, seen/size, float64(size)*1e-4
	return r
}
