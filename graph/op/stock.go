package op

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// stepwise says that o, an op of Gorgonia's without gradient rules, is a function of steps, the derivative of which is 0: a comparison, a
// sign, a rounding, or the size of a tensor.
func stepwise(o gorgonia.Op) bool {
	switch fmt.Sprintf("%T", o) {
	case "gorgonia.elemBinOp", "gorgonia.elemUnaryOp", "gorgonia.sizeOp":
		return true
	}
	return false
}

func corrected(o gorgonia.Op) []Grad {
	return nil
}
