package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// A job is a training that the page has started. It runs as a process of its own, like one typed in a terminal: it shares neither memory nor a
// kernel with the page, and stops in the same way.
type job struct {
	id      int
	args    []string
	model   string
	status  string // queued, running, stopping, or the run's status
	run     string // the name of its folder, once it has one
	err     string
	process *os.Process
}

// The most jobs that may wait, and the most that are remembered.
const (
	maxQueued = 16
	maxJobs   = 64
)

const (
	queued   = "queued"
	stopping = "stopping"
)

// queue trains one job after the other.
type queue struct {
	runs   string
	mu     sync.Mutex
	jobs   []*job
	last   int // id
	busy   bool
	closed bool
	idle   sync.WaitGroup
}

func newQueue(runs string) *queue { return &queue{runs: runs} }

// add appends a job.
func (q *queue) add(model string, args []string) (*job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := 0
	for _, j := range q.jobs {
		if j.status == queued {
			waiting++
		}
	}
	if waiting >= maxQueued || q.closed {
		return nil, statusf(http.StatusServiceUnavailable, "%d trainings are waiting already; stop some", waiting)
	}
	q.last++
	j := &job{id: q.last, model: model, args: args, status: queued}
	q.jobs = append(q.jobs, j)
	if len(q.jobs) > maxJobs {
		q.jobs = q.jobs[1:]
	}
	q.next()
	return j, nil
}

// next starts the first waiting job, unless one is running. The caller holds the lock.
func (q *queue) next() {
	i := slices.IndexFunc(q.jobs, func(j *job) bool { return j.status == queued })
	if q.busy || q.closed || i < 0 {
		return
	}
	j := q.jobs[i]
	j.status, q.busy = string(rundir.Running), true
	q.idle.Add(1)
	go func() {
		defer q.idle.Done()
		status, err := q.train(j)
		q.mu.Lock()
		defer q.mu.Unlock()
		j.status, j.err, j.process, q.busy = string(status), err, nil, false
		q.next()
	}()
}

// train runs a job to its end.
func (q *queue) train(j *job) (rundir.Status, string) {
	self, err := os.Executable()
	if err != nil {
		return rundir.Failed, err.Error()
	}
	cmd := exec.Command(self, j.args...)
	var errs bytes.Buffer
	cmd.Stderr = &capped{w: &errs}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return rundir.Failed, err.Error()
	}
	q.mu.Lock()
	err = cmd.Start()
	if j.process = cmd.Process; err == nil && j.status == stopping {
		stop(j.process)
	}
	q.mu.Unlock()
	if err != nil {
		return rundir.Failed, err.Error()
	}
	q.read(j, out)
	err = cmd.Wait()
	message := strings.TrimPrefix(strings.TrimSpace(errs.String()), programName()+": ")
	switch {
	case err == nil:
		return rundir.Done, ""
	case cmd.ProcessState.ExitCode() == exitDiverged:
		return rundir.Diverged, message
	case cmd.ProcessState.ExitCode() > exitSignal || q.statusOf(j) == stopping:
		return rundir.Interrupted, message
	}
	return rundir.Failed, message
}

// read takes the run's name from the training's output.
func (q *queue) read(j *job, out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var e struct{ Event, Run string }
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Event == "start" {
			q.mu.Lock()
			j.run = filepath.Base(e.Run)
			q.mu.Unlock()
		}
	}
	_, _ = io.Copy(io.Discard, out) // the scanner gives up on a long line, which must not stop the training
}

func (q *queue) statusOf(j *job) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return j.status
}

// stop asks a training to save and end. On a system without that signal it is killed, and the last epoch's checkpoint remains.
func stop(p *os.Process) {
	if p.Signal(os.Interrupt) != nil {
		_ = p.Kill()
	}
}

// cancel removes a job from the queue, or stops it.
func (q *queue) cancel(id int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.jobs, func(j *job) bool { return j.id == id })
	if i < 0 {
		return statusf(http.StatusNotFound, "no training %d; GET /api/train lists them", id)
	}
	j := q.jobs[i]
	switch j.status {
	case queued:
		q.jobs = slices.Delete(q.jobs, i, i+1)
	case string(rundir.Running):
		j.status = stopping
		if j.process != nil {
			stop(j.process)
		}
	}
	return nil
}

// close stops the running job, and waits until it has saved.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	for _, j := range q.jobs {
		if j.status == string(rundir.Running) && j.process != nil {
			j.status = stopping
			stop(j.process)
		}
	}
	q.mu.Unlock()
	q.idle.Wait()
}

// list lists the jobs, newest last.
func (q *queue) list() []object {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := []object{}
	for _, j := range q.jobs {
		list = append(list, j.object())
	}
	return list
}

func (j *job) object() object {
	return object{{"id", j.id}, {"model", j.model}, {"status", j.status}, {"run", j.run}, {"error", j.err}, {"args", j.args}}
}

// capped keeps the first 4 KiB.
type capped struct{ w *bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	const most = 4 << 10
	c.w.Write(p[:min(len(p), max(0, most-c.w.Len()))])
	return len(p), nil
}

// settings are the flags of train that the page may set: those that name neither files nor the machine.
var settings = []string{
	"epochs", "batch", "eta", "etas", "lambda", "momentum", "optimizer", "schedule", "clip", "ema", "init", "full", "train-size", "drop-tail", "augment", "patience", "seed", "name",
}

// startTraining answers POST /api/train: {"model": "784-30-10", "epochs": 3}, with the flags of train as keys; or {"resume": ID}.
func (s *server) startTraining(r *http.Request) (any, error) {
	var body map[string]any
	if err := readJSONBody(r, &body); err != nil {
		return nil, err
	}
	leave, err := turn(r.Context(), s.small)
	if err != nil {
		return nil, err
	}
	defer leave()
	model, args, err := s.command(body)
	if err != nil {
		return nil, err
	}
	j, err := s.queue.add(model, args)
	if err != nil {
		return nil, err
	}
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return j.object(), nil
}

// command is the model and the checked arguments of a training.
func (s *server) command(body map[string]any) (model string, args []string, err error) {
	args = []string{"train", "--json", "--runs", s.runs}
	if id, ok := body["resume"].(string); ok && len(body) == 1 {
		path, err := s.path(id)
		return id, append(args, "--resume", path), err
	}
	model, _ = body["model"].(string)
	delete(body, "model")
	m, net, err := s.built(model)
	if err != nil {
		return model, nil, err
	}
	flags, err := s.recipeFlags(&m, net, body)
	if err != nil {
		return model, nil, err
	}
	return model, append(append(args, flags...), "--", model), nil
}

// recipeFlags turns settings into flags of train, puts them into the model's recipe, and checks it.
func (s *server) recipeFlags(m *models.Model, net *graph.Net, body map[string]any) ([]string, error) {
	flags, err := settingArgs(body)
	if err != nil {
		return nil, err
	}
	f := plainFlags(s.app.reader())
	if err := f.set.Parse(flags); err != nil {
		return nil, usagef("%w", err)
	}
	f.override(&m.Recipe)
	t, err := m.Recipe.Trainer(net)
	if err == nil {
		err = t.CheckSettings()
	}
	if err != nil {
		return nil, usagef("model %s: %w", m.Name, err)
	}
	return flags, nil
}

// settingArgs turns settings into flags of train.
func settingArgs(body map[string]any) (args []string, err error) {
	for _, name := range settings {
		key := strings.ReplaceAll(name, "-", "_")
		v, ok := body[key]
		if !ok {
			continue
		}
		delete(body, key)
		switch v := v.(type) {
		case string:
			args = append(args, fmt.Sprintf("--%s=%s", name, v))
		case float64:
			args = append(args, fmt.Sprintf("--%s=%s", name, strconv.FormatFloat(v, 'f', -1, 64)))
		case bool:
			args = append(args, fmt.Sprintf("--%s=%t", name, v))
		default:
			return nil, usagef("%s: %v is neither a text nor a number; use a value that train --%s takes", key, v, name)
		}
	}
	for key := range body {
		keys := strings.Split(strings.ReplaceAll(strings.Join(settings, " "), "-", "_"), " ")
		return nil, unknown("field", key, append(keys, "model", "resume"))
	}
	return args, nil
}

// showQueue answers GET /api/train.
func (s *server) showQueue(*http.Request) (any, error) {
	return object{{"jobs", s.queue.list()}}, nil
}

// stopTraining answers DELETE /api/train/ID.
func (s *server) stopTraining(r *http.Request) (any, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return nil, usagef("training %q; use its number", r.PathValue("id"))
	}
	if err := s.queue.cancel(id); err != nil {
		return nil, err
	}
	return s.showQueue(r)
}
