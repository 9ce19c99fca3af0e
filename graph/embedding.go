package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// Embedding turns tokens (m,steps), whole numbers from 0 to Vocabulary−1, into a sequence of learned vectors (m,steps,Size), one for each
// token. A step or prediction whose examples contain any other number fails.
type Embedding struct {
	Vocabulary int  `term:",required"`
	Size       int  `term:",required"`
	Padded     bool // token 0 is padding, as for Masked, and its vector is 0
}

// Build creates the parameter embeddingN.w (Vocabulary,Size), which is initialized from N(0,1) and does not decay.
func (e Embedding) Build(b *Builder, x *Node) *Node {
	s := x.Shape()
	switch {
	case e.Vocabulary < 1 || e.Size < 1:
		op.Fail("vocabulary %d, size %d; use at least 1", e.Vocabulary, e.Size)
	case len(s) != 2:
		op.Fail("input %v is not tokens (m,steps); put flatten before it", s)
	}
	name := b.Name("embedding")
	b.tokens = append(b.tokens, tokens{node: x, layer: name, vocabulary: e.Vocabulary})
	y := op.Lookup.Apply(x, b.param(name+".w", Shape{e.Vocabulary, e.Size}, false, func(w any) {
		Draw(Gaussian).fill(w, e.Vocabulary, 1, b.net.config.Seed, name+".w")
		if e.Padded {
			blank(w, e.Size)
		}
	}))
	if !e.Padded {
		return y
	}
	mask := op.Present(0).Apply(x)
	if outer := b.Present(x); outer != nil {
		mask = op.Keep.Apply(mask, outer)
	}
	y = op.Keep.Apply(y, mask)
	b.SetPresent(y, mask)
	return y
}

// blank sets the first n numbers to 0.
func blank(x any, n int) {
	switch x := x.(type) {
	case []float32:
		clear(x[:n])
	case []float64:
		clear(x[:n])
	}
}

// tokens are the node that an embedding reads its tokens from, and their memory.
type tokens struct {
	node       *Node
	layer      string
	vocabulary int
	data       any // filled by a run
}

// wrong returns an error if any token is not a row of the embedding.
func wrong[T kernel.Float](k *tokens, examples int) error {
	x := k.data.([]T)
	steps := len(x) / examples
	for i, token := range x {
		if _, ok := op.Token(token, k.vocabulary); !ok {
			return fmt.Errorf("graph: %s: token %v at step %d of example %d of the mini-batch; use whole numbers from 0 to %d, or a larger vocabulary",
				k.layer, token, i%steps, i/steps, k.vocabulary-1)
		}
	}
	return nil
}
