// Package dataset reads the data that people have, and makes training data of them:
//
//   - dataset.go: [Open] and [Data], examples in three parts with all that a network must know of them
//   - part.go: [Part], examples as package train wants them
//   - schema.go: [Schema], what becomes of an example before a network sees it: kept with a run, and repeated
//   - split.go, scale.go: the three parts, and what standardizes inputs
//   - arrays.go: examples and targets of any shape and type, which idx.go finds in folders of MNIST's layout, and numpy.go in .npz files
//   - sheet.go, survey.go, table.go: the rows of a table, what its columns are, and the inputs that they become
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

// Goal says what targets are.
type Goal int

// Auto makes classes of text, and of whole numbers in IDX and NumPy files; any other numbers stay numbers, those of a table too.
const (
	Auto Goal = iota
	Classes
	Numbers
)

// Options say how data are read.
type Options struct {
	Target   []string                // the columns of a table that are to be predicted
	Goal     Goal                    // what the targets are
	Size     [2]int                  // rows and columns that pictures are brought to; 0: they stay as they are
	Unscaled bool                    // inputs that are no bytes stay as they are (--scale none); otherwise they are standardized
	FillMean bool                    // missing cells of a table get the training part's mean (--fill mean); otherwise they are an error
	Seed     uint64                  // draws the parts, where the data have none of their own
	Schema   *Schema                 // of the run whose network the data are for; nil: made from the training part
	Progress func(done, total int64) // bytes read of a large file; may be nil
}

// Data are examples in three parts.
type Data struct {
	Name                    string // that of the file or the folder; mnist for what is inside the program
	Path                    string // as given; empty for what is inside the program
	Files                   []File
	Schema                  Schema
	Train, Validation, Test Part
	Drawn                   bool // the test part was drawn by the seed; otherwise the data have one of their own

	learn  Part                    // Train and Validation, where they are one piece of memory
	origin func(outputs int) error // the place of a label beyond them; nil where labels have no bytes of their own
}

// File is one of the files that data were read from, or a folder of pictures, of which Bytes is the sum and SHA256 that of the lines
// that sha256sum prints for them.
type File struct {
	Name   string
	Bytes  int64
	SHA256 string // in hexadecimal, of the file as stored
}

// An OptionError says that an option does not fit the data: a column that is not there, or a size for a table.
type OptionError struct{ Path, Msg string }

// Error gives the path and the fault.
func (e *OptionError) Error() string { return e.Path + ": " + e.Msg }

// Open reads the data at a path: a folder with IDX files or with folders of pictures, a .npz file, or a .csv or .tsv table. The path "" is
// the MNIST inside the program.
//
// Bad content is an [intake.Error], a [mnist.FormatError] or an [npz.FormatError], options that do not fit are an [OptionError], and errors of the file system
// wrap theirs.
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
			return nil, &OptionError{path, "no folder of pictures; leave out --size"}
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
		return openIDX(path, o) // which says what is wrong
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
		return nil, &OptionError{path, "no folder of folders of pictures; leave out --size"}
	}
	return openIDX(path, o)
}

// Full is d with the validation part joined to the training part, and nothing to validate.
func (d *Data) Full() *Data {
	full := *d
	if full.Train = d.learn; d.learn.N == 0 {
		full.Train = join(d.Train, d.Validation)
	}
	full.Validation = d.Validation.Slice(0, 0)
	return &full
}

// All is every example of d, in memory of their own.
func (d *Data) All() Part { return join(d.Full().Train, d.Test) }

// SHA256 is one digest for the data: that of the digests of its files, in the order of Files, each in hexadecimal on a line of its own.
func (d *Data) SHA256() string {
	sum := sha256.New()
	for _, f := range d.Files {
		fmt.Fprintln(sum, f.SHA256)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Placed says that labels have places in a file, which CheckLabels names.
func (d *Data) Placed() bool { return d.origin != nil && d.Path != "" }

// CheckLabels reports the first label that is not below n, the number of a network's outputs.
func (d *Data) CheckLabels(n int) error {
	if len(d.Schema.Classes) <= n {
		return nil
	}
	if d.origin != nil {
		return d.origin(n)
	}
	return errorf(d.Path, "%d classes for %d outputs; use a network with more", len(d.Schema.Classes), n)
}

// errorf is a fault in the contents of a file.
func errorf(path, format string, args ...any) error {
	return &intake.Error{Path: path, Msg: fmt.Sprintf(format, args...)}
}
