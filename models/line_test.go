package models

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/stheno-ml/stheno/internal/term/termtest"
)

// lines are networks to mutate and read.
var lines = []string{
	"784-30-10",
	"conv(20,5) relu pool(2) conv(40,5) relu pool(2) dense(100) dropout(.5) dense(10)",
	"conv(8,3,stride=2,pad=same,bias=false) batchnorm(momentum=0.2) leakyrelu(slope=.3) avgpool(2) reshape(8x49) layernorm dense(10,init=he)",
	"conv(8,5) repeat(2,residual(conv(8,3,pad=same) relu)) add(seq,conv(8,1)) concat(relu,tanh pool(1)) globalavgpool dense(10)",
	"conv(8,5) prelu pool(3,stride=2,pad=1) dropout2d(.25) elu(alpha=.5) avgpool(3,1,1) selu softplus prelu(shared=true) dense(10)",
	"dense(8) shared(a,seq(dense(8) tanh)) frozen(dense(8)) shared(a,seq(dense(8) tanh)) slice(0,4) dense(10)",
	"reshape(28x28) masked(-1) perstep(dense(8) tanh) concat(last,seq(reverse last)) dense(10)",
	"conv(8,7,stride=7) steps positions residual(perstep(layernorm) attention(4)) globalavgpool dense(10)",
	"reshape(784) slice(0,9) embedding(30,8,padded=true) attention(2,init=he) last dense(10)",
	"reshape(28x28) masked(0) lstm(6,both=true) gru(4,reverse=true,init=orthogonal) rnn(5) last dense(10)",
	"graph(dense(9,name=a) relu(from=a,name=b) tanh(from=a,name=c) add(from=b c)) dense(10)",
}

// TestLineMutations: a thousand mutated lines are read and built without a panic, and every error has a column.
func TestLineMutations(t *testing.T) {
	random, column := rand.New(rand.NewPCG(5, 6)), regexp.MustCompile(`^column \d+: `)
	refused := 0
	for i := range 1000 {
		text := string(termtest.Mutate(random, []byte(lines[i%len(lines)])))
		_, err := Reader{Fit: true}.Line(text, image)
		if err == nil {
			continue
		}
		if refused++; !column.MatchString(err.Error()) {
			t.Errorf("%v, of\n%s", err, text)
		}
	}
	if refused < 300 || refused == 1000 {
		t.Errorf("refused %d of 1,000", refused)
	}
}

// TestBlame: errors give the column of the layer that does not fit.
func TestBlame(t *testing.T) {
	for text, want := range map[string]string{
		"conv(20,50) dense(10)":                        "column 1: layer 0 conv(20,50): ",
		"conv(8,5) residual(relu pool(40)) dense(10)":  "column 25: layer 1 residual: ",
		"conv(8,5) residual(relu conv(8,3)) dense(10)": "column 11: layer 1 residual: ",
		"relu repeat(2,relu pool(20)) dense(10)":       "column 20: layer 1 repeat(2): ",
		"relu add(conv(8,30),relu) dense(10)":          "column 6: layer 1 add: ",
		"784-0-10":                                     `column 1: 784-0-10 has "0" neurons; use at least 1`,
		"784-30-":                                      `column 1: 784-30- has "" neurons`,
		"784--30":                                      `column 1: 784--30 has "" neurons`,
		"relu relu":                                    "column 6: the last layer's output is (1, 1, 28, 28)",
	} {
		_, err := Reader{Fit: true}.Line(text, image)
		if err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
