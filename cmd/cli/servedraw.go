package cli

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/mnist"
)

// A collection is labeled drawings, in the four files of a data set. The test files have each drawing once. The training files repeat them,
// because a data set must have such files, and every label must occur in them.
type collection struct {
	dir string
	mu  sync.Mutex
	set *mnist.Set // nil until it is read
}

// maxDrawings is the most drawings in a collection.
const maxDrawings = 10_000

// change reads the drawings, lets f change them, and writes them if f has.
func (d *collection) change(f func(s *mnist.Set) error) (mnist.Set, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.set == nil {
		s, err := readDrawings(d.dir)
		if err != nil {
			return s, err
		}
		d.set = &s
	}
	s := *d.set
	s.Images, s.Labels = slices.Clip(s.Images), slices.Clip(s.Labels)
	if err := f(&s); err != nil || s.Len() == d.set.Len() {
		return s, err
	}
	if err := writeDrawings(d.dir, s); err != nil {
		return *d.set, err
	}
	d.set = &s
	return s, nil
}

func readDrawings(dir string) (mnist.Set, error) {
	empty := mnist.Set{Rows: 28, Cols: 28}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	data, err := mnist.LoadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err == nil && (data.Test.Rows != empty.Rows || data.Test.Cols != empty.Cols) {
		err = usagef("%s: images of %d×%d, not of 28×28; give another folder with --drawings", dir, data.Test.Rows, data.Test.Cols)
	}
	if err != nil {
		return empty, err
	}
	return data.Test, nil
}

// writeDrawings writes the four files, or removes them if there are no drawings.
func writeDrawings(dir string, s mnist.Set) error {
	files := map[string][]byte{}
	if s.Len() > 0 {
		const fewest = 6 // training images, so that the last one can validate
		all := s
		for all.Len() < max(fewest, 2*s.Len()) {
			all.Images, all.Labels = slices.Concat(all.Images, s.Images), slices.Concat(all.Labels, s.Labels)
		}
		files["train-images-idx3-ubyte"], files["train-labels-idx1-ubyte"] = all.IDX()
		files["t10k-images-idx3-ubyte"], files["t10k-labels-idx1-ubyte"] = s.IDX()
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, name := range []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} {
		path := filepath.Join(dir, name)
		var err error
		if s.Len() > 0 {
			err = rundir.Replace(path, files[name])
		} else if err = os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// showDrawings answers GET /api/drawings.
func (s *server) showDrawings(*http.Request) (any, error) {
	return s.drawn(func(*mnist.Set) error { return nil })
}

// addDrawing answers POST /api/drawings?label=7, whose body is a picture.
func (s *server) addDrawing(r *http.Request) (any, error) {
	label, err := strconv.ParseUint(r.URL.Query().Get("label"), 10, 8)
	if err != nil || label > 9 {
		return nil, usagef("label %q; use 0 to 9", r.URL.Query().Get("label"))
	}
	e, err := s.framed(r, nil)
	if err == nil {
		err = e.frame
	}
	if err != nil {
		return nil, err
	}
	return s.drawn(func(set *mnist.Set) error {
		if set.Len() >= maxDrawings {
			return usagef("%s: %d drawings; give another folder with --drawings", s.drawings.dir, maxDrawings)
		}
		set.Images, set.Labels = append(set.Images, mnist.Largest(e.digits).Pixels...), append(set.Labels, byte(label))
		return nil
	})
}

// dropDrawing answers DELETE /api/drawings, which removes the last drawing.
func (s *server) dropDrawing(*http.Request) (any, error) {
	return s.drawn(func(set *mnist.Set) error {
		if set.Len() == 0 {
			return statusf(http.StatusNotFound, "%s: no drawing to remove", s.drawings.dir)
		}
		*set = set.Slice(0, set.Len()-1)
		return nil
	})
}

// drawn counts the drawings, after f has changed them.
func (s *server) drawn(f func(*mnist.Set) error) (any, error) {
	set, err := s.drawings.change(f)
	if err != nil {
		return nil, err
	}
	return object{{"count", set.Len()}, {"labels", histogram(set.Labels, 10)}, {"folder", s.drawings.dir}}, nil
}
