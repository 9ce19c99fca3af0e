package mnist_test

import (
	"fmt"

	"github.com/stheno-ml/stheno/mnist"
)

func Example() {
	data, err := mnist.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(data.Train.Len(), data.Validation.Len(), data.Test.Len())
	fmt.Println(data.Train.Labels[:10])
	fmt.Println(len(data.Train.Image(0)), float32(data.Train.Image(0)[208])/mnist.PixelScale)
	// Output:
	// 50000 10000 10000
	// [5 0 4 1 9 2 1 3 1 4]
	// 784 0.98828125
}
