package rundir

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ghost is a disk that remembers what a power cut would leave at each instant. What is not synced may be lost: the bytes of a file
// until the file is synced, and its name until the folder is.
type ghost struct {
	quick
	root      string
	now, kept map[string]*inode // the files by path, as the process sees them, and as they are promised to be
	states    []state           // no two alike
	seen      map[string]bool
	acked     int // the newest checkpoint that was acknowledged
}

type inode struct{ now, kept []byte }

// state is what can be found on the disk after a crash.
type state struct {
	kind  string
	acked int
	files map[string]string
}

// crash adds the states that are possible now.
func (g *ghost) crash() {
	removed := maps.Clone(g.kept) // removals came through before the renames did
	maps.DeleteFunc(removed, func(path string, i *inode) bool {
		return !slices.Contains(slices.Collect(maps.Values(g.now)), i) && g.now[path] == nil
	})
	for _, c := range []struct {
		kind  string
		files map[string]*inode
		data  func(*inode) []byte
	}{
		{"killed", g.now, func(i *inode) []byte { return i.now }},
		{"all unsynced lost", g.kept, func(i *inode) []byte { return i.kept }},
		{"unsynced bytes lost", g.now, func(i *inode) []byte { return i.kept }},
		{"unsynced names lost, but for removals", removed, func(i *inode) []byte { return i.kept }},
	} {
		s := state{c.kind, g.acked, map[string]string{}}
		for path, i := range c.files {
			s.files[path] = string(c.data(i))
		}
		if key := fmt.Sprint(s.acked, s.files); !g.seen[key] {
			g.seen[key] = true
			g.states = append(g.states, s)
		}
	}
}

func (g *ghost) name(path string) string {
	parts := strings.SplitAfterN(strings.TrimPrefix(path, g.root), "/", 3) // below the folder of the run
	return parts[len(parts)-1]
}

func (g *ghost) create(path string) (file, error) {
	f, err := g.quick.create(path)
	i := &inode{}
	g.now[g.name(path)] = i
	g.crash()
	return &ghostFile{f, g, i}, err
}

func (g *ghost) extend(path string) (file, error) {
	f, err := g.quick.extend(path)
	if g.now[g.name(path)] == nil {
		g.now[g.name(path)] = &inode{}
	}
	return &ghostFile{f, g, g.now[g.name(path)]}, err
}

func (g *ghost) rename(from, to string) error {
	g.now[g.name(to)] = g.now[g.name(from)]
	delete(g.now, g.name(from))
	g.crash()
	return g.quick.rename(from, to)
}

func (g *ghost) remove(path string) error {
	delete(g.now, g.name(path))
	g.crash()
	return g.quick.remove(path)
}

func (g *ghost) sync(folder string) error {
	inside := func(path string) bool { return filepath.Dir(path) == filepath.Clean(g.name(folder+"/")) }
	maps.DeleteFunc(g.kept, func(path string, _ *inode) bool { return inside(path) })
	for path, i := range g.now {
		if inside(path) {
			g.kept[path] = i
		}
	}
	g.crash()
	return nil
}

type ghostFile struct {
	file
	g *ghost
	i *inode
}

func (f *ghostFile) Write(p []byte) (int, error) {
	before := f.i.now
	for _, n := range []int{len(p) / 2, len(p)} {
		f.i.now = slices.Concat(before, p[:n])
		f.g.crash()
	}
	return f.file.Write(p)
}

func (f *ghostFile) Sync() error {
	f.i.kept = f.i.now
	f.g.crash()
	return nil
}

// TestPowerCut trains five steps, and resumes from every state that a crash can leave: from the newest checkpoint that was
// acknowledged, or from the one that was being written, with the lines that belong to it.
func TestPowerCut(t *testing.T) {
	g := &ghost{root: t.TempDir(), now: map[string]*inode{}, kept: map[string]*inode{}, seen: map[string]bool{}}
	r, err := create(g, g.root, "mlp", noon, Info{}, Texts{ModelTOML: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	g.states = nil // A run that Create has not returned yet is nobody's.
	best := []int{0, 1, 1, 1, 4, 4}
	for step := 1; step <= 5; step++ {
		train(t, r, step, step, 1, 4)
		g.acked = step
		g.crash()
	}
	if len(g.states) < 60 {
		t.Errorf("only %d states", len(g.states))
	}
	dir := filepath.Join(t.TempDir(), "run")
	for n, state := range g.states {
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(filepath.Join(dir, checkpoints), 0o777)); err != nil {
			t.Fatal(err)
		}
		for path, text := range state.files {
			put(t, filepath.Join(dir, path), text)
		}
		w, s, err := resume(quick{}, dir, most)
		if err != nil {
			t.Fatalf("state %d, %s: %v; %q", n, state.kind, err, state.files)
		}
		step := 0
		if s != nil {
			step = s.Step
			isStep(t, s, nil, step)
		}
		if step != state.acked && step != state.acked+1 || s != nil && s.Skipped != nil {
			t.Fatalf("state %d, %s: resumed from %d after %d was acknowledged: %v", n, state.kind, step, state.acked, s)
		}
		want := ""
		for i := range step {
			want += line(i + 1)
		}
		if got := content(t, w, metricsFile); got != want {
			t.Fatalf("state %d, %s: step %d, and metrics.jsonl is %q", n, state.kind, step, got)
		}
		if b, err := w.Best(most); state.acked > 0 && (err != nil || b.Step != best[step] && b.Step != best[min(step+1, 5)]) {
			t.Fatalf("state %d, %s: the best is %v, %v", n, state.kind, b, err)
		}
		if names, err := w.names(); err != nil || len(names) < min(state.acked, 2) {
			t.Fatalf("state %d, %s: %v are left, and two must be: %v", n, state.kind, names, err)
		}
		w.Close()
	}
}
