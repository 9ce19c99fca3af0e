package train_test

import "github.com/stheno-ml/stheno/graph"

// hot returns the one-hot rows of labels for a network.
func hot(n *graph.Net, labels []byte) []float32 {
	y := make([]float32, len(labels)*n.Outputs)
	for i, l := range labels {
		y[i*n.Outputs+int(l)] = 1
	}
	return y
}
