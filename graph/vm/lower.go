package vm

import (
	"strings"

	"github.com/stheno-ml/stheno/graph/op"
)

// lower takes Gorgonia's own ops as ours where they mean the same. An op is recognised by its type, never by its name alone: anybody may
// call an op "+".
func lower(p *program) {
	for _, in := range p.code {
		if in.own == nil && in.alike() && stock(in.op, "elemBinOp") && strings.HasPrefix(in.op.String(), "+ ") && in.x[0].shape.Eq(in.x[1].shape) && in.x[0].shape.Eq(in.y.shape) {
			in.own = op.Add
		}
	}
}
