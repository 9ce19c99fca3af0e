package byhand_test

import (
	"fmt"

	"github.com/stheno-ml/stheno/models/byhand"
)

// A network learns the exclusive or of two bits, which no network without a
// hidden layer can learn. Its two outputs stand for "equal" and "different".
func Example() {
	equal, different := []float64{1, 0}, []float64{0, 1}
	data := byhand.Examples{
		{X: []float64{0, 0}, Y: equal},
		{X: []float64{0, 1}, Y: different},
		{X: []float64{1, 0}, Y: different},
		{X: []float64{1, 1}, Y: equal},
	}
	net := byhand.New(1, 2, 3, 2)
	var last byhand.Epoch
	for last = range net.SGD(data, 1000, 2, 3, data) {
		if last.Correct == last.Total {
			break
		}
	}
	fmt.Printf("%d of %d correct\n", last.Correct, last.Total)
	// Output: 4 of 4 correct
}

// The body of the loop does what network2.py's monitor flags do, and stops
// when the accuracy no longer improves.
func ExampleNetwork2_SGD() {
	data := byhand.Examples{
		{X: []float64{1, 0, 0}, Y: []float64{1, 0}},
		{X: []float64{1, 1, 0}, Y: []float64{1, 0}},
		{X: []float64{0, 1, 1}, Y: []float64{0, 1}},
		{X: []float64{0, 0, 1}, Y: []float64{0, 1}},
	}
	const lambda = 0.01
	net := byhand.New2(1, byhand.CrossEntropyCost{}, 3, 4, 2)
	before := net.TotalCost(data, lambda)
	var accuracies []int
	for range net.SGD(data, 1000, 2, 0.5, lambda) {
		accuracies = append(accuracies, net.Accuracy(data))
		if byhand.NoImprovementIn(10, accuracies) {
			break
		}
	}
	fmt.Println("stopped early:", len(accuracies) < 1000)
	fmt.Println("correct:", net.Accuracy(data))
	fmt.Println("cost is lower:", net.TotalCost(data, lambda) < before)
	// Output:
	// stopped early: true
	// correct: 4
	// cost is lower: true
}
