// Package dataset reads common kinds of files, and turns them into training data:
//
//   - dataset.go: [Open] and [Data], examples in three parts, with everything that a network must know about them
//   - part.go: [Part], examples as package train wants them
//   - schema.go: [Schema], how an example is prepared for a network. A run keeps it, so that it can be repeated
//   - split.go, scale.go: the division into three parts, and the standardization of inputs
//   - arrays.go: examples and targets of any shape and type, from folders in MNIST's layout (idx.go) and from .npz files (numpy.go)
//   - sheet.go, survey.go, table.go: the rows of a table, the kinds of its columns, and the inputs that they become
//   - pictures.go, pixels.go: folders of folders of pictures
package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/stheno-ml/stheno/internal/intake"
)

// Goal says whether targets are classes or numbers.
type Goal int

// Auto takes texts as classes, and also whole numbers in IDX and NumPy files. Any other numbers, such as those of a table, stay numbers.
const (
	Auto Goal = iota
	Classes
	Numbers
)

// Options say how to read data.
type Options struct {
	Target   []string                // the columns of a table to predict
	Goal     Goal                    // what the targets are
	Size     [2]int                  // rows and columns to resize pictures to; 0: as they are
	Unscaled bool                    // leave inputs other than bytes as they are (--scale none); otherwise they are standardized
	FillMean bool                    // fill missing cells of a table with the training part's mean (--fill mean); otherwise they are an error
	Seed     uint64                  // divides data that has no parts of its own
	Schema   *Schema                 // from the run whose network the data is for; nil: make one from the training part
	Progress func(done, total int64) // bytes read of a large file; may be nil
}

// Data is examples in three parts.
type Data struct {
	Name                    string // of the file or the folder; mnist for the data inside the program
	Path                    string // as given; empty for the data inside the program
	Files                   []File
	Schema                  Schema
	Train, Validation, Test Part
	Drawn                   bool // the test part was drawn by the seed; otherwise the data has its own

	learn  Part                    // Train and Validation together, if they are one piece of memory
	origin func(outputs int) error // an error with the place of a label beyond the outputs; nil if labels have no places in a file
}

// File is a file that data was read from, or a folder of pictures. For a folder, Bytes is the sum, and SHA256 the digest of the lines that
// sha256sum prints for its pictures.
type File struct {
	Name   string
	Bytes  int64
	SHA256 string // in hexadecimal, of the file as stored
}

// An OptionError means that an option does not fit the data, such as a missing column, or a size for a table.
type OptionError struct{ Path, Msg string }

// Error is the path and the fault.
func (e *OptionError) Error() string { return e.Path + ": " + e.Msg }

// Open reads the data at a path: a folder with IDX files or with folders of pictures, a .npz file, or a .csv or .tsv table. The path "" means
// the MNIST inside the program.
//
// Bad content is an [intake.Error], a [mnist.FormatError] or an [npz.FormatError]. Options that do not fit are an [OptionError]. Errors of the
// file system are wrapped.
func Open(path string, o Options) (*Data, error) {
	d, err := open(path, o)
	if err == nil {
		d.standardizeTargets(o)
	}
	return d, err
}

func open(path string, o Options) (*Data, error) {
	if path == "" {
		return openMNIST(o)
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".npz", ".csv", ".tsv":
		if len(o.Target) > 0 && ext == ".npz" {
			return nil, &OptionError{path, "only a table has columns to predict; leave out --target"}
		}
		if o.Size != [2]int{} {
			return nil, &OptionError{path, "not a folder of pictures; leave out --size"}
		}
		if ext == ".npz" {
			return openNumPy(path, o)
		}
		return openTable(path, o)
	}
	if len(o.Target) > 0 {
		return nil, &OptionError{path, "only a table has columns to predict; leave out --target"}
	}
	return openFolder(path, o)
}

// idxName is part of the name of an IDX file, such as train-images-idx3-ubyte.
var idxName = regexp.MustCompile(`[-.]idx[1-9]-`)

// openFolder reads a folder of IDX files, or of folders of pictures.
func openFolder(path string, o Options) (*Data, error) {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return nil, errorf(path, "neither a folder nor a file that ends in .npz, .csv or .tsv; give one of these")
	}
	entries, err := os.ReadDir(intake.Folder(path))
	if err != nil {
		return openIDX(path, o) // it reports what is wrong
	}
	idx, pictures := false, false
	for _, e := range entries {
		idx = idx || idxName.MatchString(e.Name())
		pictures = pictures || e.Name()[0] != '.' && (e.IsDir() || isPicture(e.Name()))
	}
	if pictures && !idx {
		return openPictures(path, o)
	}
	if o.Size != [2]int{} {
		return nil, &OptionError{path, "not a folder of folders of pictures; leave out --size"}
	}
	return openIDX(path, o)
}

// Full is d with the validation part added to the training part, and without validation.
func (d *Data) Full() *Data {
	full := *d
	if full.Train = d.learn; d.learn.N == 0 {
		full.Train = join(d.Train, d.Validation)
	}
	full.Validation = d.Validation.Slice(0, 0)
	return &full
}

// All is all examples of d, copied.
func (d *Data) All() Part { return join(d.Full().Train, d.Test) }

// SHA256 is a digest of the whole data: that of its files' digests in the order of Files, each in hexadecimal on a line of its own.
func (d *Data) SHA256() string {
	sum := sha256.New()
	for _, f := range d.Files {
		fmt.Fprintln(sum, f.SHA256)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Placed reports whether labels have places in a file, which CheckLabels names.
func (d *Data) Placed() bool { return d.origin != nil && d.Path != "" }

// CheckLabels reports the first label that is not below n, the number of a network's outputs.
func (d *Data) CheckLabels(n int) error {
	if len(d.Schema.Classes) <= n {
		return nil
	}
	if d.origin != nil {
		return d.origin(n)
	}
	return errorf(d.Path, "%d classes for %d outputs; use a network with more outputs", len(d.Schema.Classes), n)
}

// errorf is the error for bad content of a file.
func errorf(path, format string, args ...any) error {
	return &intake.Error{Path: path, Msg: fmt.Sprintf(format, args...)}
}
