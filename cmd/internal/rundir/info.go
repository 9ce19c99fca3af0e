package rundir

import (
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Status says how a run ended, or that it has not.
type Status string

// The run.json of a killed run says Running until it is resumed. List finds out, and says Killed.
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
	Name       string       `json:"name,omitempty"` // given by the user
	Model      string       `json:"model"`          // the model's name
	Status     Status       `json:"status"`
	Argv       []string     `json:"argv"` // the command that made the run; the fields from here to Host never change
	Seed       uint64       `json:"seed"`
	DType      string       `json:"dtype,omitempty"` // of an imported network; empty: float64
	DataSHA256 string       `json:"data_sha256"`
	DataJSON   string       `json:"data_json_sha256,omitempty"` // the digest of data.json; empty for old runs, which had none
	DataKind   string       `json:"data_kind,omitempty"`        // digits, images, pictures or table; empty for old runs
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

// Resumption is a command that resumed a run, and the machine it ran on.
type Resumption struct {
	Argv   []string  `json:"argv"`
	Build  string    `json:"build"`
	Kernel string    `json:"kernel"`
	VM     string    `json:"vm"`
	Host   string    `json:"host"`
	Time   time.Time `json:"time"`            // of the first, if several were alike
	Times  int       `json:"times,omitempty"` // how many more were alike
}

// Last is the last command that wrote the run: the last of Resumes, or the one that made the run.
func (i Info) Last() Resumption {
	if n := len(i.Resumes); n > 0 {
		return i.Resumes[n-1]
	}
	return Resumption{Argv: i.Argv, Build: i.Build, Kernel: i.Kernel, VM: i.VM, Host: i.Host, Time: i.Started}
}

// Resumed adds a command that resumes the run. If it differs from the last one only in its time, it is counted, because a run may be resumed a
// thousand times.
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

// check is an error if there are more commands than any training writes, so that a list of runs cannot use up memory.
func (i Info) check() error {
	const mostResumes, mostArgs = 1000, 10_000
	args := len(i.Argv)
	for _, r := range i.Resumes {
		args += len(r.Argv)
	}
	if len(i.Resumes) > mostResumes || args > mostArgs {
		return fmt.Errorf("%d resumes and %d arguments, over the limits of %d and %d; restore the file", len(i.Resumes), args, mostResumes, mostArgs)
	}
	return nil
}

// Best is the epoch with the highest accuracy on the validation images, as a fraction, or with the lowest loss. ValAcc and ValLoss are nil if
// they do not apply.
type Best struct {
	Epoch   int      `json:"epoch"`
	ValAcc  *float64 `json:"val_acc"`
	ValLoss *float64 `json:"val_loss,omitempty"` // if the loss has no classes; the lowest is best
}

// Test counts the test images that were classified correctly.
type Test struct {
	Correct *int    `json:"correct"` // nil if the loss has no classes
	Total   int     `json:"total"`
	Loss    float64 `json:"loss,omitempty"` // if the loss has no classes

	MAE *float64 `json:"mae,omitempty"` // for numbers: the mean absolute error, in their own unit
	R2  *float64 `json:"r2,omitempty"`  // for numbers: the fraction of their variance that is explained; nil if they do not vary
}
