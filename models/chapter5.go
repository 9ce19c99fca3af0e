package models

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph"
)

// chapter5 shows the vanishing gradient: one to four hidden layers of 30 sigmoid neurons.
var chapter5 = []Model{
	hidden30s(1, .9648), hidden30s(2, .9690), hidden30s(3, .9657), hidden30s(4, .9653),
}

func hidden30s(layers int, accuracy float64) Model {
	sizes := []int{30, 30, 30, 30}[:layers]
	number := fmt.Sprintf("%d hidden layers", layers)
	if layers == 1 {
		number = "1 hidden layer"
	}
	return network2(fmt.Sprintf("ch5-%d", layers), number+" of 30, cross-entropy cost (chapter 5)",
		sigmoids(sizes...), Recipe{Eta: .1, Lambda: 5, Init: graph.Default}, Figure{Set: "validation", Accuracy: accuracy, Source: "ch. 5"})
}
