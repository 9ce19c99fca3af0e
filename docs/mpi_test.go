package docs

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// wire is what connects processes: messages take latency seconds and one second for so many bytes.
type wire struct{ latency, bandwidth float64 }

// trained is a network in mini-batches: seconds that one process takes for an example, and its weights.
type trained struct {
	example float64
	weights float64
	batch   int
}

// memory is what one core reads or writes, in bytes a second, and passes is how often a step of several processes goes through all
// weights or gradients, of 4 bytes each, beside the products: its share goes into the flat buffer (2), and the update reads two and writes one.
const (
	memory = 10e9
	passes = 5
)

// allreduce is the time of Rabenseifner's algorithm, which MPI libraries use for long vectors: each process sends and receives all bytes
// twice, but for its own part, in 2 log₂ n messages (Thakur, Rabenseifner and Gropp 2005, section 4.4).
func allreduce(n int, bytes float64, w wire) float64 {
	k := float64(n)
	return 2*math.Ceil(math.Log2(k))*w.latency + 2*(k-1)/k*bytes/w.bandwidth
}

// step is the time of a mini-batch on n processes: the largest part, what each does with all weights, and the sum.
func step(t trained, n int, w wire) float64 {
	if n == 1 {
		return float64(t.batch) * t.example
	}
	bytes := 4 * t.weights
	return math.Ceil(float64(t.batch)/float64(n))*t.example + passes*bytes/memory + allreduce(n, bytes, w)
}

// The networks and connections of the table in mpi.md.
var (
	deep     = trained{1. / 9800, 1.67e6, 0}
	large    = trained{1. / 1280, 25e6, 0}
	machine  = wire{.5e-6, 8e9}
	fast     = wire{2e-6, 12e9}
	ethernet = wire{30e-6, 1.1e9}
)

// scaling is the table: by how much n processes are faster than one.
func scaling() string {
	var b strings.Builder
	b.WriteString("| net | m | connection | one process | 2 | 4 | 8 | 16 | 32 |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range []struct {
		name string
		trained
		batches []int
	}{{"deep, 1.67 M weights", deep, []int{10, 128, 1024}}, {"25 M weights", large, []int{128, 1024}}} {
		for _, m := range r.batches {
			for _, c := range []struct {
				name string
				wire
			}{{"one machine", machine}, {"100 Gbit/s", fast}, {"10 Gbit/s Ethernet", ethernet}} {
				t := r.trained
				t.batch = m
				one := step(t, 1, c.wire)
				fmt.Fprintf(&b, "| %s | %d | %s | %.3g ms ", r.name, m, c.name, 1e3*one)
				for _, n := range []int{2, 4, 8, 16, 32} {
					if n > m {
						b.WriteString("| – ")
						continue
					}
					fmt.Fprintf(&b, "| %.1f ", one/step(t, n, c.wire))
				}
				b.WriteString("|\n")
			}
		}
	}
	return b.String()
}

// TestScaling: the table of the page is the model's.
func TestScaling(t *testing.T) {
	page, err := os.ReadFile("mpi.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), scaling()) {
		t.Errorf("mpi.md does not have the table\n%s", scaling())
	}
}

// TestStep: the model's limits: a sum of nothing takes messages only, two processes send all bytes once in each direction, many twice; and
// with a perfect connection and no weights, two processes take half the time of one.
func TestStep(t *testing.T) {
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	near("no bytes", allreduce(8, 0, wire{1, 1}), 6)
	near("two processes", allreduce(2, 100, wire{0, 1}), 100)
	near("many processes", allreduce(1<<20, 1, wire{0, 1}), 2-2./(1<<20))
	none := wire{0, math.Inf(1)}
	near("half", step(trained{1, 0, 10}, 2, none), step(trained{1, 0, 10}, 1, none)/2)
	near("the largest part", step(trained{1, 0, 10}, 4, none), 3)
}
