package book

// All are the experiments, in the order of the book's chapters.
//
// The spread of a figure is the standard deviation of single runs, over the seeds 1 to 10.
var All = []Experiment{
	{
		Name: "darkness", Doc: "guess the digit by the average darkness of the image", Chapter: 1, Seeds: 1, run: darkness,
		Published: []Figure{{"test accuracy", "22.25%", 0}},
	},
	{
		Name: "neuron", Doc: "one sigmoid neuron learns to turn 1 into 0: quadratic cost, η = 0.15, 300 steps", Chapter: 3, Seeds: 1, run: neuron,
		Axes: Axes{"step", "cost", false},
		Published: []Figure{
			{"w = 0.6, b = 0.9: first output", "0.8176", 0},
			{"w = 0.6, b = 0.9: last output, as a graph", "0.0940", 0},
			{"w = 0.6, b = 0.9: last output, by hand", "0.0940", 0},
			{"w = b = 2: first output", "0.9820", 0},
			{"w = b = 2: last output, as a graph", "0.2028", 0},
			{"w = b = 2: last output, by hand", "0.2028", 0},
		},
	},
	{
		Name: "overfitting", Doc: "784-30-10 on 1,000 images, cross-entropy, large initialization, η = 0.5, 400 epochs", Chapter: 3,
		Seeds: 1, Seconds: 4, run: overfit("ch3-overfit"), Axes: Axes{"epoch", "accuracy", false},
		Published: []Figure{{"test accuracy, last", "82.27%", .0057}, {"training accuracy, last", "100.0%", 0}},
	},
	{
		Name: "regularized", Doc: "the same with L2 regularization, λ = 0.1", Chapter: 3,
		Seeds: 1, Seconds: 4, run: overfit("ch3-overfit-l2"), Axes: Axes{"epoch", "accuracy", false},
		Published: []Figure{{"test accuracy, last", "87.1%", .0019}},
	},
	{
		Name: "more-data", Doc: "784-30-10 on more and more images, large initialization, η = 0.5, λ = size·1e-4, epochs = 1,500,000/size", Chapter: 3,
		Seeds: 1, Seconds: 16, run: moreData(1_500_000, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000),
		Axes: Axes{"training images", "validation accuracy", false},
		Published: []Figure{
			{"100 images", "69.09%", .0036}, {"200 images", "76.37%", .002}, {"500 images", "85.29%", .0022},
			{"1,000 images", "88.85%", .0024}, {"2,000 images", "91.27%", .0015}, {"5,000 images", "93.24%", .002},
			{"10,000 images", "94.89%", .0027}, {"20,000 images", "95.85%", .0032}, {"50,000 images", "95.97%", .0024},
		},
	},
	{
		Name: "weight-init-30", Doc: "784-30-10, default and large initialization: validation accuracy, η = 0.1, λ = 5", Chapter: 3,
		Seeds: 1, Seconds: 5, run: weightInit("ch3-default-30", "ch3-large-30"), Axes: Axes{"epoch", "validation accuracy", false},
		Published: []Figure{
			{"default, epoch 0", "92.70%", .00093}, {"default, epoch 29", "96.50%", .0019},
			{"large, epoch 0", "86.43%", .007}, {"large, epoch 29", "96.37%", .002},
		},
	},
	{
		Name: "weight-init-100", Doc: "784-100-10, default and large initialization: validation accuracy, η = 0.1, λ = 5", Chapter: 3,
		Seeds: 1, Seconds: 10, run: weightInit("ch3-default-100", "ch3-large-100"), Axes: Axes{"epoch", "validation accuracy", false},
		Published: []Figure{
			{"default, epoch 0", "92.95%", .002}, {"default, epoch 29", "97.81%", .001},
			{"large, epoch 0", "89.94%", .004}, {"large, epoch 29", "97.42%", .00055},
		},
	},
	{
		Name: "multiple-eta", Doc: "784-30-10, three learning rates: training cost with its L2 term, default initialization, λ = 5", Chapter: 3,
		Seeds: 1, Seconds: 10, run: multipleEta, Axes: Axes{"epoch", "training cost", false},
		Published: []Figure{
			{"η = 0.025, epoch 0", "0.878", .01}, {"η = 0.025, epoch 29", "0.339", .0037},
			{"η = 0.25, epoch 0", "0.495", .015}, {"η = 0.25, epoch 29", "0.339", .0062},
			{"η = 2.5, epoch 0", "0.925", .13}, {"η = 2.5, epoch 29", "0.861", .057},
		},
	},
	{
		Name: "gradients", Doc: "the gradient before any training, ‖∂C/∂b‖ over 1,000 images, with two to four hidden layers of 30", Chapter: 5,
		Seeds: 10, run: gradients, Axes: Axes{"hidden layer", "‖∂C/∂b‖", true},
		Published: []Figure{
			{"2 hidden layers: first", "0.066", .0094}, {"2 hidden layers: second", "0.309", .045},
			{"3 hidden layers: first", "0.012", .0031}, {"3 hidden layers: second", "0.060", .011}, {"3 hidden layers: third", "0.283", .044},
			{"4 hidden layers: first", "0.003", .001}, {"4 hidden layers: second", "0.017", .0037}, {"4 hidden layers: third", "0.070", .018},
			{"4 hidden layers: fourth", "0.285", .074},
		},
	},
}
