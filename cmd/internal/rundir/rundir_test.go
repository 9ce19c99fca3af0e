package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/safetensors"
)

var noon = time.Date(2026, 3, 4, 12, 0, 5, 600, time.UTC)

// quick is a disk that saves the time of syncing.
type quick struct{ osDisk }

func (quick) sync(string) error { return nil }

func (q quick) create(path string) (file, error) { return unsynced(q.osDisk.create(path)) }
func (q quick) extend(path string) (file, error) { return unsynced(q.osDisk.extend(path)) }

type unsyncedFile struct{ file }

func (unsyncedFile) Sync() error { return nil }

func unsynced(f file, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

// start makes a run on the disk d.
func start(t *testing.T, d disk) *Run {
	t.Helper()
	r, err := create(d, t.TempDir(), "mlp", noon, Info{Seed: 7}, Texts{ModelTOML: []byte("name = \"mlp\"\n")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// most is the limit on checkpoints.
const most = 1 << 20

// weights is the checkpoint of a step: no two are alike.
func weights(step int) *safetensors.File {
	f := float32(step)
	return &safetensors.File{
		Metadata: map[string]string{"step": fmt.Sprint(step)},
		Tensors:  []safetensors.Tensor{{Name: "w", Shape: []int{2, 2}, Data: []float32{f, -f, 1 / f, 0}}, {Name: "b", Shape: []int{}, Data: []float32{f + 0.5}}},
	}
}

// line is the event of a step.
func line(step int) string { return fmt.Sprintf(`{"event":"epoch","epoch":%d}`, step) + "\n" }

// train does the steps from first to last: an event and a checkpoint each.
func train(t *testing.T, r *Run, first, last int, best ...int) {
	t.Helper()
	for step := first; step <= last; step++ {
		if err := epoch(r, step, slices.Contains(best, step)); err != nil {
			t.Fatal(err)
		}
	}
}

func epoch(r *Run, step int, best bool) error {
	if err := r.Event(json.RawMessage(line(step))); err != nil {
		return err
	}
	return r.Checkpoint(weights(step), step, best)
}

// content returns a file of the run.
func content(t *testing.T, r *Run, name ...string) string {
	t.Helper()
	b, err := os.ReadFile(r.file(name...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestManyCommands: a run.json with more commands than trainings have is damaged.
func TestManyCommands(t *testing.T) {
	r := start(t, quick{})
	for _, c := range []struct {
		args, resumes, each int
		ok                  bool
	}{{10_000, 0, 0, true}, {10_001, 0, 0, false}, {0, 1000, 10, true}, {0, 1001, 0, false}, {1, 1000, 10, false}} {
		info := Info{Argv: make([]string, c.args), Resumes: make([]Resumption, c.resumes)}
		for i := range info.Resumes {
			info.Resumes[i].Argv = make([]string, c.each)
		}
		text, err := json.Marshal(info)
		if err != nil {
			t.Fatal(err)
		}
		put(t, r.file(infoFile), string(text))
		if _, err := Open(r.Path()); (err == nil) != c.ok || err != nil && !(errors.Is(err, ErrDamaged) && strings.Contains(err.Error(), "; restore the file")) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestCreate(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a", "runs")
	r, err := Create(root, "784-30-10", noon, Info{Argv: []string{"train", "784-30-10"}, Seed: math.MaxUint64, Kernel: "go"}, Texts{ModelTOML: []byte("format = 1\n")})
	if err != nil {
		t.Fatal(err)
	}
	if name := filepath.Base(r.Path()); filepath.Dir(r.Path()) != root || !regexp.MustCompile(`^784-30-10-20260304-120005-[0-9a-f]{4}$`).MatchString(name) {
		t.Errorf("the folder is %s", r.Path())
	}
	want := Info{Model: "784-30-10", Status: Running, Argv: []string{"train", "784-30-10"}, Seed: math.MaxUint64, Kernel: "go", Started: noon}
	if err := r.Update(func(i *Info) {
		i.Status, i.Best, i.Test = Done, &Best{Epoch: 3, ValAcc: new(0.9542)}, &Test{Correct: new(9542), Total: 10000}
	}); err != nil {
		t.Fatal(err)
	}
	want.Status, want.Best, want.Test = Done, &Best{Epoch: 3, ValAcc: new(0.9542)}, &Test{Correct: new(9542), Total: 10000}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	back, err := Open(r.Path())
	if err != nil || !reflect.DeepEqual(back.Info(), want) || !reflect.DeepEqual(r.Info(), want) {
		t.Errorf("got %+v, %v, want %+v", back.Info(), err, want)
	}
	if b, err := back.ModelTOML(); err != nil || string(b) != "format = 1\n" {
		t.Errorf("model.toml is %q, %v", b, err)
	}
	var keys map[string]any
	if err := json.Unmarshal([]byte(content(t, r, "run.json")), &keys); err != nil || keys["status"] != "done" || keys["started"] != "2026-03-04T12:00:05.0000006Z" || keys["ended"] != nil {
		t.Errorf("run.json is %v, %v", keys, err)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ model, want string }{
		{"mlp", "mlp"},
		{"784-30-10", "784-30-10"},
		{"conv(20,5) relu pool(2)", "conv-20-5-relu-pool-2"},
		{"../../etc/passwd", "etc-passwd"},
		{"Größe_2.toml", "gr-e-2-toml"},
		{"", "run"},
		{"...", "run"},
		{strings.Repeat("x", 39) + " y", strings.Repeat("x", 39)},
		{strings.Repeat("ab ", 500), "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a"},
	} {
		if got := plain(c.model); got != c.want {
			t.Errorf("%q: got %q, want %q", c.model, got, c.want)
		}
	}
}

// taken is a disk on which the first names are taken.
type taken struct {
	quick
	names *[]string
	n     int
}

func (d taken) mkdir(path string) error {
	if *d.names = append(*d.names, path); len(*d.names) <= d.n {
		return &fs.PathError{Op: "mkdir", Path: path, Err: fs.ErrExist}
	}
	return d.quick.mkdir(path)
}

func TestCreateTakesAFreeName(t *testing.T) {
	var names []string
	r := start(t, taken{names: &names, n: 3})
	if len(names) != 5 || r.Path() != names[3] { // The fifth is the folder of the checkpoints.
		t.Errorf("tried %q, took %s", names, r.Path())
	}
	if _, err := create(taken{names: &names, n: 1000}, t.TempDir(), "mlp", noon, Info{}, Texts{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("no free name: got %v", err)
	}
}

func TestCreateBelowAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "")
	for _, root := range []string{path, filepath.Join(path, "runs")} {
		if r, err := Create(root, "mlp", noon, Info{}, Texts{}); r != nil || err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, %v", root, r, err)
		}
	}
}

func TestUpdateFails(t *testing.T) {
	r := start(t, quick{})
	before := content(t, r, infoFile)
	if err := r.Update(func(i *Info) { i.Best = &Best{Epoch: 1, ValAcc: new(math.NaN())} }); err == nil || !strings.Contains(err.Error(), r.file(infoFile)) {
		t.Errorf("NaN: got %v", err)
	}
	if r.Info().Best != nil || content(t, r, infoFile) != before {
		t.Errorf("after the error: %+v, %s", r.Info(), content(t, r, infoFile))
	}
}

func TestEvents(t *testing.T) {
	r := start(t, quick{})
	for _, v := range []any{struct {
		Epoch int `json:"epoch"`
	}{1}, json.RawMessage("{\n\"epoch\": 2\n}")} {
		if err := r.Event(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Event(math.Inf(1)); err == nil || !strings.Contains(err.Error(), r.file(metricsFile)) {
		t.Errorf("infinity: got %v", err)
	}
	if got, want := content(t, r, metricsFile), `{"epoch":1}`+"\n"+`{"epoch":2}`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyRead(t *testing.T) {
	w := start(t, quick{})
	train(t, w, 1, 2, 1)
	r, err := Open(w.Path() + "/") // while it is written
	if err != nil {
		t.Fatal(err)
	}
	if s, err := r.Latest(most); err != nil || s.Step != 2 {
		t.Errorf("latest: %v, %v", s, err)
	}
	w.Close()
	for _, closed := range []*Run{r, w} {
		for name, err := range map[string]error{"Event": closed.Event(1), "Update": closed.Update(func(*Info) {}), "Checkpoint": closed.Checkpoint(weights(3), 3, false)} {
			if err == nil || !strings.Contains(err.Error(), r.Path()) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), filepath.Join(dir, "none")) {
		t.Errorf("no such folder: %v", err)
	}
	path := filepath.Join(dir, infoFile)
	for _, c := range []struct{ text, want string }{
		{"", "byte offset 0: damaged: EOF"},
		{`{"model":"mlp"`, "damaged: unexpected EOF"},
		{`{"model":}`, "damaged: invalid character '}'"},
		{`{"seed":-1}`, "damaged: json: cannot unmarshal number -1"},
		{`[]`, "damaged: json: cannot unmarshal array"},
		{`{} {}`, "byte offset 2: damaged: text after"},
		{`{"model":"` + strings.Repeat("x", 1<<20) + `"}`, "1048588 bytes, more than the limit of 262144"},
	} {
		put(t, path, c.text)
		_, err := Open(dir)
		_, _, again := Resume(dir, most)
		for _, err := range []error{err, again} {
			if !errors.Is(err, ErrDamaged) || !strings.HasPrefix(err.Error(), "rundir: "+path) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%.20q: got %v", c.text, err)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, lockFile)); err == nil {
		t.Error("a folder that is no run was locked")
	}
}

func TestList(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "note.txt"), "no folder")
	var want []string
	for i, model := range []string{"a", "z", "b"} {
		r, err := create(quick{}, root, model, noon.Add(time.Duration(i)*time.Minute), Info{}, Texts{})
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		want = append([]string{r.Path()}, want...)
	}
	put(t, filepath.Join(want[1], infoFile), `{"model":`)
	if err := os.Chtimes(want[1], noon, noon.Add(90*time.Second)); err != nil {
		t.Fatal(err)
	}
	// The broken one was changed between the starts of the others.
	entries, err := List(root)
	if err != nil || len(entries) != 3 {
		t.Fatalf("got %v, %v", entries, err)
	}
	for i, e := range entries {
		if e.Path != want[i] {
			t.Errorf("%d: got %s, want %s", i, e.Path, want[i])
		}
	}
	if e := entries[0]; e.Err != nil || e.Info.Model != "b" {
		t.Errorf("the newest is %+v", e)
	}
	if e := entries[1]; !errors.Is(e.Err, ErrDamaged) {
		t.Errorf("the broken one is %+v", e)
	}
	if none, err := List(filepath.Join(root, "none")); len(none) > 0 || err != nil {
		t.Errorf("no such root: %v", err)
	}
}

// TestDataJSON: data.json is read as it was written, or not at all, and a run from before there were any has none.
func TestDataJSON(t *testing.T) {
	text := []byte(`{"kind":"table"}`)
	r, err := create(quick{}, t.TempDir(), "mlp", noon, Info{}, Texts{DataJSON: text})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := r.DataJSON(); err != nil || string(got) != string(text) {
		t.Errorf("%s, %v", got, err)
	}
	if err := os.WriteFile(r.file(dataFile), []byte(`{"kind":"fable"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := r.DataJSON(); !errors.Is(err, ErrDamaged) {
		t.Errorf("changed: %v", err)
	}
	if err := os.Remove(r.file(dataFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.DataJSON(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if got, err := start(t, quick{}).DataJSON(); got != nil || err != nil {
		t.Errorf("from before: %s, %v", got, err)
	}
	if _, err := create(quick{}, t.TempDir(), "mlp", noon, Info{}, Texts{DataJSON: make([]byte, intake.Log+1)}); err == nil || !strings.Contains(err.Error(), "fewer columns") {
		t.Errorf("large: %v", err)
	}
}
