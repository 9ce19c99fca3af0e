package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/page"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/internal/term"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	addr, runs, drawings string
	open, json           bool
}

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [flags] [RUN]",
		Short: "Serve a page to draw digits, and to watch, start and compare trainings",
		Long: wrap("Serve a page for the browser. Draw a digit, and see what the network answers and what happens inside it; watch trainings, "+
			"including those started in a terminal; start and stop one; compare runs. RUN is the run that reads drawings at first; the latest "+
			"if not given. Only this machine can open the page, unless --addr gives another address; then the printed address contains a "+
			"token, and requests without it are refused.", 100),
		Args:              arguments(0, 1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.serve(ctx, &f, args)
		},
	}
	set := cmd.Flags()
	set.StringVar(&f.addr, "addr", "127.0.0.1:8080", "serve at `HOST:PORT`; port 0 means any free port")
	set.BoolVar(&f.open, "open", false, "open the page in the browser")
	set.StringVar(&f.runs, "runs", "runs", "`DIR` with the runs' folders")
	set.StringVar(&f.drawings, "drawings", "drawings", "`DIR` for drawings that you label; eval --data reads it")
	set.BoolVar(&f.json, "json", false, "print the address as a JSON object")
	return cmd
}

// serve answers requests until ctx ends. Then a training that it started is saved.
func (a *app) serve(ctx context.Context, f *serveFlags, args []string) error {
	s := &server{
		app: a, runs: f.runs, drawings: &collection{dir: f.drawings}, cache: cache{opened: map[string]*openRun{}}, tests: map[string]*testResult{},
		sets: &dataSets{app: a}, small: make(chan struct{}, runtime.GOMAXPROCS(0)), large: make(chan struct{}, 1),
		heavy: make(chan struct{}, 1), events: make(chan struct{}, maxEvents),
		queue: newQueue(f.runs),
	}
	if len(args) > 0 {
		path, err := a.runPath(f.runs, args[0])
		if err != nil {
			return err
		}
		s.first = path
		if _, err := s.reader(filepath.Base(path)); err != nil {
			return err
		}
	}
	p, err := page.Listen(f.addr, s.routes())
	if err != nil {
		return usagef("--addr %s: %w; give another", f.addr, err)
	}
	if f.json {
		err = printJSON(a.out, object{{"address", p.URL()}})
	} else {
		_, err = fmt.Fprintln(a.out, p.URL())
	}
	if err != nil {
		return err
	}
	if f.open {
		if err := openBrowser(p.URL()); err != nil {
			a.note(fmt.Errorf("--open: %w; open the address yourself", err))
		}
	}
	over := make(chan error, 1)
	go func() { over <- p.Serve() }()
	select {
	case err = <-over:
	case <-ctx.Done():
		err = p.Close()
	}
	s.queue.close()
	return err
}

// openBrowser asks the system to open the page.
func openBrowser(url string) error {
	switch runtime.GOOS {
	case "darwin":
		return exec.Command("open", url).Start()
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url).Start()
	}
	return exec.Command("xdg-open", url).Start()
}

// server answers the page's requests.
type server struct {
	app      *app
	runs     string
	first    string // the run in the command line, which may be anywhere; "" if none
	drawings *collection
	queue    *queue
	sets     *dataSets

	cache // opened runs
	tests map[string]*testResult

	small  chan struct{} // limits predictions at a time
	large  chan struct{} // limits large pictures
	heavy  chan struct{} // limits work on all images of a data set
	events chan struct{} // limits streams of events
}

// dataOf is the data that a run was trained on.
func (s *server) dataOf(t *trained) (*dataset.Data, error) {
	d, err := s.sets.load(t, "")
	if err == nil {
		err = fits(d, t.model)
	}
	if err == nil {
		err = d.CheckLabels(t.net.Outputs)
	}
	return d, err
}

// maxEvents is the most streams of events.
const maxEvents = 64

// routes are the parts of the API; docs/serve.md describes them.
func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(r *http.Request) (any, error){
		"POST /api/predict":       s.predict,
		"GET /api/models":         s.models,
		"GET /api/network":        s.network,
		"GET /api/runs":           s.list,
		"GET /api/runs/{id}":      s.run,
		"GET /api/runs/{id}/look": s.look,
		"GET /api/runs/{id}/test": s.test,
		"GET /api/drawings":       s.showDrawings,
		"POST /api/drawings":      s.addDrawing,
		"DELETE /api/drawings":    s.dropDrawing,
		"GET /api/gradient":       s.gradient,
		"GET /api/train":          s.showQueue,
		"POST /api/train":         s.startTraining,
		"DELETE /api/train/{id}":  s.stopTraining,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := answer(r)
			reply(w, v, err)
		})
	}
	mux.HandleFunc("GET /api/runs/{id}/events", s.follow)
	mux.HandleFunc("GET /api/runs/{id}/export", s.sendExport)
	mux.HandleFunc("GET /api/network.svg", s.picture)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		reply(w, nil, statusf(http.StatusNotFound, "no %s %s; docs/serve.md lists the requests", r.Method, r.URL.Path))
	})
	return mux
}

// statusError is an error with the HTTP status of the answer.
type statusError struct {
	status int
	error
}

func (e *statusError) Unwrap() error { return e.error }

func statusf(status int, format string, args ...any) error {
	return &statusError{status, fmt.Errorf(format, args...)}
}

// reply answers with v as JSON, or with the error as the command line would print it.
func reply(w http.ResponseWriter, v any, err error) {
	var text []byte
	if err == nil {
		text, err = json.Marshal(v)
	}
	if err != nil {
		page.Fail(w, statusOf(err), err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

// statusOf is the HTTP status for an error, by its exit code.
func statusOf(err error) int {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	switch exitCode(err) {
	case exitUsage:
		return http.StatusBadRequest
	case exitData:
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}

// path is the folder of the run with that id. It is looked up in List, so that no path from a client reaches the file system. Without an id
// it is the run from the command line, or the latest with a checkpoint.
func (s *server) path(id string) (string, error) {
	if s.first != "" && (id == "" || id == filepath.Base(s.first)) {
		return s.first, nil
	}
	entries, err := rundir.List(s.runs)
	if err != nil {
		return "", err
	}
	var names []string
	for _, e := range entries {
		name := filepath.Base(e.Path)
		if id == name || id == "" && e.Err == nil && !rundir.Saved(e.Path).IsZero() {
			return e.Path, nil
		}
		names = append(names, name)
	}
	if id == "" {
		return "", statusf(http.StatusNotFound, "no runs in %s yet; %s train sprint99 makes one", s.runs, commandName())
	}
	if near := term.Nearest(id, names); near != "" {
		return "", statusf(http.StatusNotFound, "unknown run %q; did you mean %s?", id, near)
	}
	return "", statusf(http.StatusNotFound, "unknown run %q; %s ls lists the runs in %s", id, commandName(), s.runs)
}
