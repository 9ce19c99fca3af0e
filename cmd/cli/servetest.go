package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"path/filepath"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/cmd/internal/weights"
)

// testResult is the result of a run on the test images, with the weights that it had saved at that time.
type testResult struct {
	saved  time.Time
	answer object
}

// maxMisread is the most misread digits that are sent.
const maxMisread = 200

// test answers GET /api/runs/ID/test: a run's accuracy on the test images, its confusion matrix, and what it misread.
func (s *server) test(r *http.Request) (any, error) {
	path, err := s.path(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	leave, err := s.longTurn(r.Context())
	if err != nil {
		return nil, err
	}
	defer leave() // the gate guards s.tests too
	saved := rundir.Saved(path)
	if t := s.tests[path]; t != nil && t.saved.Equal(saved) {
		return t.answer, nil
	}
	answer, err := s.measure(path)
	if err != nil {
		return nil, err
	}
	if len(s.tests) >= maxOpen {
		clear(s.tests)
	}
	s.tests[path] = &testResult{saved, answer}
	return answer, nil
}

// longTurn waits for the gate of heavy work until the client gives up.
func (s *server) longTurn(ctx context.Context) (leave func(), err error) {
	select {
	case s.heavy <- struct{}{}:
		return func() { <-s.heavy }, nil
	case <-ctx.Done():
		return nil, statusf(http.StatusServiceUnavailable, "the request was canceled; try again")
	}
}

func (s *server) measure(path string) (object, error) {
	t, err := s.app.trained(path)
	if err != nil {
		return nil, err
	}
	data, err := s.dataOf(t)
	if err != nil {
		return nil, err
	}
	read := evaluation{name: path, epoch: t.epoch, data: data, part: data.Test, classes: t.net.Outputs, rebuilds: t.rebuilds()}
	if err := read.measure(t.net, 0); err != nil {
		return nil, err
	}
	o := append(object{{"run", filepath.Base(path)}, {"epoch", t.epoch}}, read.object()...)
	if read.numbers() {
		return o, nil
	}
	matrix, mistakes := confusion(read.part.Labels, read.answers, read.classes), read.mistakes()
	worst := mistakes[:min(len(mistakes), maxMisread)]
	misread := mistakeObjects(worst)
	if set, ok := read.part.Set(read.classes); ok {
		o = append(o, field{"rows", set.Rows}, field{"cols", set.Cols})
		for i := range misread {
			misread[i] = append(misread[i], field{"image", set.Image(worst[i].image)})
		}
	}
	return append(o, field{"classes", read.names()}, field{"confusion", matrix}, field{"misread_all", len(mistakes)}, field{"misread", misread}), nil
}

// sendExport answers GET /api/runs/ID/export?as=npz with a file that export writes.
func (s *server) sendExport(w http.ResponseWriter, r *http.Request) {
	name, text, err := s.exportFile(r)
	if err != nil {
		reply(w, nil, err)
		return
	}
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

func (s *server) exportFile(r *http.Request) (name string, text []byte, err error) {
	path, err := s.path(r.PathValue("id"))
	if err != nil {
		return "", nil, err
	}
	ending := "." + r.URL.Query().Get("as")
	form, ok := exports[ending]
	if !ok {
		return "", nil, usagef("as=%q; use an ending that export takes", ending[1:])
	}
	leave, err := s.longTurn(r.Context())
	if err != nil {
		return "", nil, err
	}
	defer leave()
	t, err := s.app.exported(s.runs, []string{path})
	if err != nil {
		return "", nil, err
	}
	text, err = form(t, weights.Stheno)
	return filepath.Base(path) + ending, text, err
}

// mustJSON is the JSON of a value that always has one, such as a text.
func mustJSON(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}
