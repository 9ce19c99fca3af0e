package cli

import (
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// loadData reads the data set in the folder dir, or the one inside the program.
func loadData(dir string) (*mnist.Data, error) {
	if dir == "" {
		return mnist.Load()
	}
	d, err := mnist.LoadDir(dir)
	if err != nil {
		return nil, dataf("%w", err)
	}
	return d, nil
}

// prepare chooses the kernel, and loads the data set and the images that m's recipe trains on.
func (f *trainFlags) prepare(m models.Model) (*mnist.Data, mnist.Set, error) {
	if err := f.use(); err != nil {
		return nil, mnist.Set{}, err
	}
	data, err := loadData(f.data)
	if err != nil {
		return nil, mnist.Set{}, err
	}
	return trainedOn(data, m)
}

// trainedOn is the data as a model's recipe divides it, and the images that it is trained on.
func trainedOn(data *mnist.Data, m models.Model) (*mnist.Data, mnist.Set, error) {
	if err := fits(data, m); err != nil {
		return nil, mnist.Set{}, err
	}
	if m.Recipe.Full {
		data = data.Full()
	}
	images, err := trainingSet(data.Train, m.Recipe)
	return data, images, err
}

// fits compares the images with what the model takes.
func fits(d *mnist.Data, m models.Model) error {
	in := graph.Shape{1, d.Train.Rows, d.Train.Cols}
	if !m.Input.Eq(in) {
		return usagef("data %s has images of %s, model %s takes %s; use other data, or a model with input = [1, %d, %d]",
			d.Name, shape(in), m.Name, shape(m.Input), in[1], in[2])
	}
	return nil
}

// labeled are a set's images as the trainer takes them.
func labeled(s mnist.Set) train.Images { return train.Images{Pixels: s.Images, Labels: s.Labels} }
