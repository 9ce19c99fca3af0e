package train

import "github.com/stheno-ml/stheno/internal/term"

// Optimizers are the optimisers that a text can name.
var Optimizers = term.Kinds{
	{Name: "sgd", Value: SGD{}},
	{Name: "nesterov", Value: Nesterov{}},
	{Name: "rmsprop", Value: RMSProp{}},
	{Name: "adam", Value: Adam{}},
	{Name: "adamw", Value: AdamW{}},
}

// Schedules are the schedules that a text can name; halve is the book's, which is plateau as it is.
var Schedules = term.Kinds{
	{Name: "constant", Value: Constant{}},
	{Name: "step", Value: Staircase{}},
	{Name: "cosine", Value: Cosine{}},
	{Name: "onecycle", Value: OneCycle{}},
	{Name: "plateau", Value: Plateau{}},
	{Name: "halve", Value: func() Plateau { return Plateau{} }},
}

// ParseOptimizer reads an optimiser such as adam or adam(0.9,beta2=0.99); the empty text is plain gradient descent.
func ParseOptimizer(text string) (Optimizer, error) {
	return parse[Optimizer](Optimizers, text, SGD{})
}

// ParseSchedule reads a schedule such as constant or onecycle(warmup=0.2); the empty text is Constant.
func ParseSchedule(text string) (Schedule, error) {
	return parse[Schedule](Schedules, text, Constant{})
}

// parse reads one of the kinds whose numbers make sense; the empty text is the zero value.
func parse[V any](kinds term.Kinds, text string, zero V) (V, error) {
	if text == "" {
		return zero, nil
	}
	if err := kinds.Parse(text, &zero); err != nil {
		return zero, err
	}
	return zero, valid(zero)
}
