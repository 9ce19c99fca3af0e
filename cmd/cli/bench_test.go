package cli

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBench(t *testing.T) {
	list := events(t, ok(t, "bench", "mlp", "--batch", "10,100", "--seconds", "0.1", "--threads", "1", "--vm", "tape", "--json").out)
	if len(list) != 2 {
		t.Fatalf("%v", list)
	}
	for i, b := range list {
		perImage := 2 * (3*(784*30+300) - 784*30) / 1e9
		speed, gflops, peak := b["images_per_s"].(float64), b["gflops"].(float64), b["peak_gflops"].(float64)
		if b["model"] != "mlp" || b["batch"] != []float64{10, 100}[i] || b["threads"] != 1. || b["vm"] != "tape" || b["kernel"] == "" ||
			b["compile_ms"].(float64) <= 0 || speed < 100 || gflops < .999*speed*perImage || gflops > 1.001*speed*perImage ||
			peak <= 0 || b["peak_gflops_one_thread"] != peak || b["of_peak"] != gflops/peak {
			t.Errorf("%v", b)
		}
	}
	out := ok(t, "bench", "mlp", "--batch", "10", "--seconds", "0.1").out
	if strings.Count(out, "\n") != 5 || !strings.Contains(out, "\npeak ") || !strings.Contains(out, "\nmlp  ") {
		t.Errorf("%s", out)
	}
}

// TestBenchWhole times trainings of two epochs, and of as many as the recipe has.
func TestBenchWhole(t *testing.T) {
	const few = `format = 1
name = "few"
layer = "dense(10)"

[train]
epochs = 3
batch = 20
eta = 0.1
train_size = 200
`
	file := filepath.Join(t.TempDir(), "few.toml")
	if err := os.WriteFile(file, []byte(few), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags         []string
		batch, epochs float64
	}{
		{nil, 20, 3},
		{[]string{"--batch", "50", "--epochs", "2"}, 50, 2},
	} {
		list := events(t, ok(t, append([]string{"bench", "--whole", file, "--threads", "1", "--json"}, c.flags...)...).out)
		if len(list) != 1 {
			t.Fatalf("%v: %v", c.flags, list)
		}
		b := list[0]
		first, last, whole := b["first_epoch_seconds"].(float64), b["last_epoch_seconds"].(float64), b["seconds"].(float64)
		if b["batch"] != c.batch || b["epochs"] != c.epochs || first <= 0 || last <= 0 || whole < first+last ||
			math.Abs(b["first_images_per_s"].(float64)*first-200) > 1e-6 || math.Abs(b["last_images_per_s"].(float64)*last-200) > 1e-6 {
			t.Errorf("%v: %v", c.flags, b)
		}
	}
	if out := ok(t, "bench", "--whole", file, "--epochs", "1").out; !strings.HasSuffix(out, " 100%\n") || strings.Count(out, "\n") != 4 {
		t.Errorf("%s", out)
	}
}
