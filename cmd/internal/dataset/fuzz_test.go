package dataset

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/npz"
)

// fuzzed opens a file of these bytes twice, the second time by the schema of the first as a run keeps it: the parts must be the same, or the
// error one that names a fault.
func fuzzed(t *testing.T, path string, file []byte, o Options) *Data {
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	d, err := Open(path, o)
	if err != nil {
		_, option := errors.AsType[*OptionError](err)
		_, archive := errors.AsType[*npz.FormatError](err)
		if !option && !archive && !errors.Is(err, intake.ErrDamaged) {
			t.Fatalf("%T: %v", err, err)
		}
		return nil
	}
	kept, err := json.Marshal(d.Schema)
	var s Schema
	if err == nil {
		err = json.Unmarshal(kept, &s)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, kept)
	}
	o.Schema = &s
	again, err := Open(path, o)
	if err != nil || !reflect.DeepEqual(again.Train, d.Train) || !reflect.DeepEqual(again.Test, d.Test) {
		t.Fatalf("other parts by the schema: %v", err)
	}
	for _, p := range []Part{d.Train, d.Validation, d.Test} {
		for _, x := range p.X {
			if x != x {
				t.Fatal("an input is NaN")
			}
		}
	}
	return d
}

func FuzzTable(f *testing.F) {
	for _, text := range []string{
		flowers(30), lines("x,y", "%d,2", 30), lines("x;y;z", "%d,5;\"a;b\";2", 30), lines("\ufeffx\ty", "%d\t2\r", 30), "x,y\n1,\n?,2\n\"a\nb\",3\n", lines("x,y", "17000000%02d,NaN", 30),
	} {
		f.Add([]byte(text), false, true)
		f.Add([]byte(text), true, false)
	}
	path := filepath.Join(f.TempDir(), "t.csv")
	f.Fuzz(func(t *testing.T, file []byte, fill, classes bool) {
		o := Options{Target: []string{"y"}, FillMean: fill}
		if classes {
			o.Goal = Classes
		}
		fuzzed(t, path, file, o)
		o.Target = []string{"species"}
		fuzzed(t, path, file, o)
	})
}

func FuzzNumPy(f *testing.F) {
	for _, packed := range []bool{false, true} {
		x, y := make([]float32, 60), make([]int64, 20)
		for _, shape := range [][]int{{20, 3}, {20, 3, 1}, {20, 1, 1, 3}} {
			file, err := os.ReadFile(saved(f, packed, npz.Array{Name: "x", Shape: shape, Data: x}, npz.Array{Name: "y", Shape: []int{20}, Data: y}))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(file)
		}
	}
	path := filepath.Join(f.TempDir(), "t.npz")
	f.Fuzz(func(t *testing.T, file []byte) { fuzzed(t, path, file, Options{}) })
}
