package rundir

import (
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Status says how a run ended, if it has.
type Status string

// The run.json of a run that was killed says Running until it is resumed; List knows better, and says Killed.
const (
	Running     Status = "running"
	Done        Status = "done"
	Interrupted Status = "interrupted"
	Failed      Status = "failed"
	Diverged    Status = "diverged"
	Killed      Status = "killed"
)

// Info is run.json.
type Info struct {
	Name       string       `json:"name,omitempty"` // what the person calls the run
	Model      string       `json:"model"`          // as it was given
	Status     Status       `json:"status"`
	Argv       []string     `json:"argv"` // the command that made the run; this and what follows to Host stays as it was then
	Seed       uint64       `json:"seed"`
	DType      string       `json:"dtype,omitempty"` // of a network that was imported; float64 where it is not said
	DataSHA256 string       `json:"data_sha256"`
	DataJSON   string       `json:"data_json_sha256,omitempty"` // the digest of data.json; empty: a run from before there were any
	DataKind   string       `json:"data_kind,omitempty"`        // digits, images, pictures or table; empty as DataJSON is
	Build      string       `json:"build"`
	Kernel     string       `json:"kernel"`
	VM         string       `json:"vm"`
	Host       string       `json:"host"`
	Resumes    []Resumption `json:"resumes,omitempty"`
	Started    time.Time    `json:"started,omitzero"`
	Ended      time.Time    `json:"ended,omitzero"`
	Best       *Best        `json:"best,omitempty"`
	Test       *Test        `json:"test,omitempty"`
	Error      string       `json:"error,omitempty"`
}

// Resumption is a command that went on with a run, and where.
type Resumption struct {
	Argv   []string  `json:"argv"`
	Build  string    `json:"build"`
	Kernel string    `json:"kernel"`
	VM     string    `json:"vm"`
	Host   string    `json:"host"`
	Time   time.Time `json:"time"`            // of the first, if there were several alike
	Times  int       `json:"times,omitempty"` // how many more there were
}

// Last is the command that wrote the run last: the last of Resumes, or the one that made it.
func (i Info) Last() Resumption {
	if n := len(i.Resumes); n > 0 {
		return i.Resumes[n-1]
	}
	return Resumption{Argv: i.Argv, Build: i.Build, Kernel: i.Kernel, VM: i.VM, Host: i.Host, Time: i.Started}
}

// Resumed adds a command that goes on with the run. One that is as the last but for its time is counted: a run may be resumed a thousand times.
func (i *Info) Resumed(r Resumption) {
	last := i.Last()
	last.Time, last.Times = r.Time, r.Times
	if n := len(i.Resumes); n > 0 && reflect.DeepEqual(last, r) {
		i.Resumes = slices.Clone(i.Resumes)
		i.Resumes[n-1].Times++
		return
	}
	i.Resumes = append(i.Resumes[:len(i.Resumes):len(i.Resumes)], r)
}

// check is an error if there are more commands than any training writes into a file of this size, and a list of runs should hold.
func (i Info) check() error {
	const mostResumes, mostArgs = 1000, 10_000
	args := len(i.Argv)
	for _, r := range i.Resumes {
		args += len(r.Argv)
	}
	if len(i.Resumes) > mostResumes || args > mostArgs {
		return fmt.Errorf("%d resumes and %d arguments, and the limits are %d and %d; restore the file", len(i.Resumes), args, mostResumes, mostArgs)
	}
	return nil
}

// Best is the epoch with the highest accuracy on the validation images, as a fraction, or with the lowest loss; ValAcc and ValLoss are nil where
// there are none of those.
type Best struct {
	Epoch   int      `json:"epoch"`
	ValAcc  *float64 `json:"val_acc"`
	ValLoss *float64 `json:"val_loss,omitempty"` // where the loss has no classes, and the lowest one is best
}

// Test counts the test images that were classified correctly.
type Test struct {
	Correct *int    `json:"correct"` // nil where the loss has no classes
	Total   int     `json:"total"`
	Loss    float64 `json:"loss,omitempty"` // where the loss has no classes

	MAE *float64 `json:"mae,omitempty"` // of numbers: the mean absolute error, in their own unit
	R2  *float64 `json:"r2,omitempty"`  // of numbers: the part of their variance that is explained; nil where they have none
}
