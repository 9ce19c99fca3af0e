package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// recipe is a recipe in one line.
func recipe(r models.Recipe) string {
	s := fmt.Sprintf("epochs %d, batch %d, eta %g", r.Epochs, r.Batch, r.Eta)
	for _, part := range []struct {
		ok   bool
		text string
	}{
		{len(r.Etas) > 0, "etas " + etasText(r)},
		{r.Lambda != 0, fmt.Sprintf("lambda %g", r.Lambda)},
		{r.Momentum != 0, fmt.Sprintf("momentum %g", r.Momentum)},
		{r.Init != nil, "init " + initName(r)},
		{r.TrainSize != 0, "train-size " + strconv.Itoa(r.TrainSize)},
		{r.Full, "full"},
		{r.Augment != nil, "augment " + augmentText(r)},
		{r.Optimizer != nil, "optimizer " + optimizerText(r)},
		{r.Schedule != nil, "schedule " + scheduleText(r)},
		{r.Clip != 0, fmt.Sprintf("clip %g", r.Clip)},
		{r.EMA != 0, fmt.Sprintf("ema %g", r.EMA)},
		{r.Patience != 0, fmt.Sprintf("patience %d", r.Patience)},
	} {
		if part.ok {
			s += ", " + part.text
		}
	}
	return s
}

func initName(r models.Recipe) string {
	if r.Init == nil {
		return graph.Default.Name
	}
	return r.Init.Name
}

func augmentText(r models.Recipe) string   { return textOf(r.Augment, "none") }
func optimizerText(r models.Recipe) string { return textOf(r.Optimizer, "sgd") }
func scheduleText(r models.Recipe) string  { return textOf(r.Schedule, "constant") }

// noEtas is the text for a recipe with a single learning rate.
const noEtas = "none"

// etasText is the learning rates of layers as --etas takes them.
func etasText(r models.Recipe) string {
	if len(r.Etas) == 0 {
		return noEtas
	}
	return strings.TrimSuffix(strings.TrimPrefix(models.Text(r.Etas), "etas("), ")")
}

// textOf is the text of a value, or otherwise if there is none.
func textOf(v any, otherwise string) string {
	if v == nil {
		return otherwise
	}
	return models.Text(v)
}

// recipeObject is a whole recipe in JSON.
func recipeObject(r models.Recipe) object {
	return object{
		{"epochs", r.Epochs}, {"batch", r.Batch}, {"eta", r.Eta}, {"etas", etasText(r)}, {"lambda", r.Lambda}, {"momentum", r.Momentum},
		{"optimizer", optimizerText(r)}, {"schedule", scheduleText(r)}, {"clip", r.Clip}, {"ema", r.EMA}, {"patience", r.Patience},
		{"init", initName(r)}, {"train_size", r.TrainSize}, {"augment", augmentText(r)}, {"drop_tail", r.DropTail}, {"full", r.Full},
	}
}
