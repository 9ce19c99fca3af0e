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
		Short: "Open a page to draw digits on, and to watch, start and compare trainings",
		Long: wrap("Serve a page for the browser: draw a digit and see what the network answers and what goes on inside of it; watch trainings, "+
			"also those begun in a terminal; start and stop one; compare runs. RUN is the run that reads the drawings at first, and the latest "+
			"if it is not given. The page is for this machine only, unless --addr gives it another address; then the address has a token, "+
			"without which nobody is answered.", 100),
		Args:              arguments(0, 1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.serve(ctx, &f, args)
		},
	}
	set := cmd.Flags()
	set.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`HOST:PORT` of the page; port 0 is any that is free")
	set.BoolVar(&f.open, "open", false, "open the page in the browser")
	set.StringVar(&f.runs, "runs", "runs", "`DIR` of the runs' folders")
	set.StringVar(&f.drawings, "drawings", "drawings", "`DIR` for drawings that were said to be a digit; eval --data reads it")
	set.BoolVar(&f.json, "json", false, "the address as a JSON object")
	return cmd
}

// serve answers until the end of ctx; a training that it began is saved then.
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

// openBrowser lets the system open the page.
func openBrowser(url string) error {
	switch runtime.GOOS {
	case "darwin":
		return exec.Command("open", url).Start()
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url).Start()
	}
	return exec.Command("xdg-open", url).Start()
}

// server is what the page talks to.
type server struct {
	app      *app
	runs     string
	first    string // the run that was named, if any; it may be anywhere
	drawings *collection
	queue    *queue
	sets     *dataSets

	cache // opened runs
	tests map[string]*testResult

	small  chan struct{} // predictions at a time
	large  chan struct{} // large pictures
	heavy  chan struct{} // work on all images of a data set
	events chan struct{} // streams of events
}

// dataOf are the data that a run was trained on.
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

// maxEvents is how many streams of events there are at most.
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
		reply(w, nil, statusf(http.StatusNotFound, "no %s %s; docs/serve.md lists what there is", r.Method, r.URL.Path))
	})
	return mux
}

// statusError is an error with the status of the answer.
type statusError struct {
	status int
	error
}

func (e *statusError) Unwrap() error { return e.error }

func statusf(status int, format string, args ...any) error {
	return &statusError{status, fmt.Errorf(format, args...)}
}

// reply answers with v as JSON, or with the error in the command line's words.
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

// statusOf is the status for an error, by the exit code that it would have.
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

// path is the folder of the run of that name, which is one that List has: no name of a client's gets to the file system. Without a name
// it is the run that serve was given, or the latest with a checkpoint.
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
	return "", statusf(http.StatusNotFound, "unknown run %q; %s ls lists those in %s", id, commandName(), s.runs)
}
