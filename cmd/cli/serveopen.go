package cli

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
)

// openRun is a run whose network is in memory.
type openRun struct {
	mu     sync.Mutex
	path   string
	saved  time.Time // when the weights were saved
	t      *trained
	plain  *graph.Predictor
	layers *graph.Predictor // made when first needed
}

// cache has the runs that were used most recently.
type cache struct {
	cacheLock sync.Mutex
	opened    map[string]*openRun
	order     []string // paths, the most recently used last
}

const maxOpen = 8 // runs in memory

// reader is the run with that id, with the weights that it saved last.
func (s *server) reader(id string) (*openRun, error) {
	path, err := s.pathOf(id)
	if err != nil {
		return nil, err
	}
	o := s.entry(path)
	o.mu.Lock()
	defer o.mu.Unlock()
	if saved := rundir.Saved(path); o.t == nil || !saved.Equal(o.saved) {
		t, err := s.app.trained(path)
		if err != nil && o.t == nil {
			return nil, err
		}
		if err != nil {
			return o, nil // A training may be writing to it, so the old weights serve once more.
		}
		o.t, o.saved, o.plain, o.layers = t, saved, t.net.Predictor(1), nil
	}
	return o, nil
}

// pathOf is path, without listing the runs if this one is open.
func (s *server) pathOf(id string) (string, error) {
	s.cacheLock.Lock()
	defer s.cacheLock.Unlock()
	for path := range s.opened {
		if filepath.Base(path) == id {
			return path, nil
		}
	}
	return s.path(id)
}

// entry finds or makes the cache's entry for a path.
func (s *server) entry(path string) *openRun {
	s.cacheLock.Lock()
	defer s.cacheLock.Unlock()
	o := s.opened[path]
	if o == nil {
		if len(s.order) >= maxOpen {
			delete(s.opened, s.order[0])
			s.order = s.order[1:]
		}
		o = &openRun{path: path}
		s.opened[path] = o
	}
	for i, p := range s.order {
		if p == path {
			s.order = append(s.order[:i], s.order[i+1:]...)
			break
		}
	}
	s.order = append(s.order, path)
	return o
}

// predict computes the outputs for one example and, if inside is set, of each layer.
func (o *openRun) predict(x []float32, inside bool) (y []float32, layers []graph.LayerOutput, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	y = make([]float32, o.t.net.Outputs)
	if !inside {
		return y, nil, o.plain.Predict(y, x)
	}
	if o.layers == nil {
		o.layers = o.t.net.LayerPredictor(1)
	}
	err = o.layers.Predict(y, x)
	return y, o.layers.Layers(), err
}

// patience is how long a request waits for its turn.
const patience = 10 * time.Second

// turn waits for a place in a gate; leave returns the place.
func turn(ctx context.Context, gate chan struct{}) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case gate <- struct{}{}:
		return func() { <-gate }, nil
	case <-ctx.Done():
		return nil, statusf(http.StatusServiceUnavailable, "too many requests at once; try again")
	}
}
