package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/page"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

func asMaxBytes(err error) (*http.MaxBytesError, bool) {
	return errors.AsType[*http.MaxBytesError](err)
}

// list answers GET /api/runs.
func (s *server) list(*http.Request) (any, error) {
	entries, err := rundir.List(s.runs)
	if err != nil {
		return nil, err
	}
	list := []object{}
	if s.first != "" && filepath.Clean(filepath.Dir(s.first)) != filepath.Clean(s.runs) {
		if r, err := rundir.Open(s.first); err == nil {
			list = append(list, runObject(rundir.Entry{Path: s.first, Info: r.Info()}))
		}
	}
	for _, e := range entries {
		list = append(list, runObject(e))
	}
	o := object{{"runs", list}}
	if path, err := s.path(""); err == nil {
		o = append(o, field{"default", filepath.Base(path)})
	}
	return o, nil
}

// runObject is a run's line in JSON.
func runObject(e rundir.Entry) object {
	o := object{{"id", filepath.Base(e.Path)}}
	if e.Err != nil {
		return append(o, field{"status", broken}, field{"error", e.Err.Error()})
	}
	i := e.Info
	o = append(o, field{"name", orNull(i.Name)}, field{"status", i.Status}, field{"model", i.Model}, field{"seed", i.Seed},
		field{"best", i.Best}, field{"test", i.Test}, field{"started", i.Started}, field{"saved", !rundir.Saved(e.Path).IsZero()},
		field{"data", cmp.Or(i.DataKind, dataset.Digits)})
	if i.Error != "" {
		o = append(o, field{"error", i.Error})
	}
	return o
}

// run answers GET /api/runs/ID: the run's line, its first event, and its epochs so far.
func (s *server) run(r *http.Request) (any, error) {
	path, err := s.path(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	epochs := []event{}
	h, err := readHistory(path, func(e event) { epochs = append(epochs, e) })
	if err != nil {
		return nil, err
	}
	schema, err := schemaOf(h.run)
	if err != nil {
		return nil, err
	}
	return append(runObject(rundir.Entry{Path: path, Info: h.info}), field{"settings", h.start}, field{"epochs", epochs}, field{"schema", schema}), nil
}

// pause is the time between two looks for new events.
const pause = 250 * time.Millisecond

// follow answers GET /api/runs/ID/events: the lines of metrics.jsonl, now and as they are written, as server-sent events.
func (s *server) follow(w http.ResponseWriter, r *http.Request) {
	path, err := s.path(r.PathValue("id"))
	if err != nil {
		reply(w, nil, err)
		return
	}
	select {
	case s.events <- struct{}{}:
		defer func() { <-s.events }()
	default:
		page.Fail(w, http.StatusServiceUnavailable, fmt.Sprintf("%d streams of events; close a page", maxEvents))
		return
	}
	f := follower{path: path, w: w, control: http.NewResponseController(w)}
	_ = f.control.SetReadDeadline(time.Time{}) // a stream lasts longer than a request
	w.Header().Set("Content-Type", "text/event-stream")
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for f.step() {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// follower is a stream of a run's events.
type follower struct {
	path    string
	w       io.Writer
	control *http.ResponseController
	sent    []byte
	status  rundir.Status
	size    int64
	quiet   int // steps in which nothing was sent
}

// step sends what is new, and reports whether there may be more.
func (f *follower) step() bool {
	status := f.ended() // before reading events, so that none is missed
	var b strings.Builder
	if info, err := os.Stat(filepath.Join(f.path, "metrics.jsonl")); err != nil || info.Size() != f.size {
		if err == nil {
			f.size = info.Size()
		}
		f.news(&b)
	}
	if status != f.status {
		f.status = status
		fmt.Fprintf(&b, "event: status\ndata: %q\n\n", status)
	}
	over := status != rundir.Running
	if over {
		b.WriteString("event: over\ndata: null\n\n")
	}
	const beat = 60 // quiet steps after which a comment tests whether the client is still there
	if f.quiet++; b.Len() == 0 && f.quiet >= beat {
		b.WriteString(": \n\n")
	}
	if b.Len() == 0 {
		return true
	}
	f.quiet = 0
	_ = f.control.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(f.w, b.String()); err != nil || f.control.Flush() != nil {
		return false
	}
	return !over
}

// news writes the events that were not sent yet. A resumed run may have fewer events than before; then all are sent again.
func (f *follower) news(b *strings.Builder) {
	text, err := rundir.Metrics(f.path)
	if err != nil {
		fmt.Fprintf(b, "event: fault\ndata: %s\n\n", mustJSON(err.Error()))
		return
	}
	if !bytes.HasPrefix(text, f.sent) {
		b.WriteString("event: restart\ndata: null\n\n")
		f.sent = nil
	}
	for line := range bytes.Lines(text[len(f.sent):]) {
		fmt.Fprintf(b, "data: %s\n\n", bytes.TrimRight(line, "\r\n"))
	}
	f.sent = text
}

// ended is the run's status, as ls shows it.
func (f *follower) ended() rundir.Status {
	info, err := rundir.Look(f.path)
	if err != nil {
		return rundir.Failed
	}
	return info.Status
}
