package mnist

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed data/*.gz
var embedded embed.FS

// Data is a data set, split as the book splits MNIST.
type Data struct {
	Name                    string
	Train, Validation, Test Set     // the validation images are the last ones of the training file
	Files                   [4]File // training images and labels, test images and labels

	dir string // the folder of the files, for errors
}

// Full returns d with the validation images appended to the training images, and an empty validation set.
func (d *Data) Full() *Data {
	full := *d
	full.Train.Images = slices.Concat(d.Train.Images, d.Validation.Images)
	full.Train.Labels = slices.Concat(d.Train.Labels, d.Validation.Labels)
	full.Validation = d.Validation.Slice(0, 0)
	return &full
}

// File is one of a data set's files.
type File struct {
	Name   string
	SHA256 string // of the stored file, gzipped or not, in hexadecimal
	Bytes  int64  // as stored
}

// Load returns the 70,000 MNIST digits that are inside the program: 50,000 for training, the next 10,000 for validation, and 10,000 for testing,
// in the order of the files.
func Load() (*Data, error) {
	files, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	d, err := load(files, "data")
	if err != nil {
		return nil, err
	}
	if err := d.CheckLabels(10); err != nil {
		return nil, err
	}
	d.Name = "mnist"
	return d, nil
}

// LoadDir reads a data set in MNIST's layout from four files in dir. Each may be plain or gzipped, and be named train-images-idx3-ubyte or
// train-images.idx3-ubyte, with or without .gz; LoadDir takes the first that it finds. Images may have any size up to 1024×1024, the same in
// training and test, and a file may have up to 2 GiB of elements. A link out of dir is an error.
//
// The validation images are the last sixth of the training file, but at most 10,000: with 60,000 images, those of the book. The number of
// classes is the largest training label plus 1. A label that occurs only among the validation or test images is an error, because no network
// could learn it. To check that the labels fit a network, use [Data.CheckLabels].
//
// Bad content is a [FormatError]. Errors of the file system are wrapped; for a missing file this is [fs.ErrNotExist].
func LoadDir(dir string) (*Data, error) {
	arrays, err := LoadArrays(dir)
	if err != nil {
		return nil, err
	}
	return Split(dir, arrays)
}

// Split makes a data set of four arrays, which [LoadArrays] read in dir. Its errors are those of [LoadDir].
func Split(dir string, arrays [4]Array) (*Data, error) {
	d := &Data{Name: filepath.Base(dir), dir: dir}
	var sets [2]Set
	for i, a := range arrays {
		d.Files[i] = a.File
	}
	for i := range sets {
		images, labels := arrays[2*i], arrays[2*i+1]
		pixels, gray := images.Data.([]byte)
		bytes, classes := labels.Data.([]byte)
		if !gray || len(images.Shape) != 3 {
			return nil, d.errorf(2*i, 0, "not gray images of bytes; use images like MNIST's")
		}
		if !classes || len(labels.Shape) != 1 {
			return nil, d.errorf(2*i+1, 0, "not labels of one byte each; use labels like MNIST's")
		}
		sets[i] = Set{Images: pixels, Labels: bytes, Rows: images.Shape[1], Cols: images.Shape[2]}
	}
	return d, d.split(sets[0], sets[1])
}

// CheckLabels returns a [FormatError] for the first label that is not below classes, the number of a network's outputs.
func (d *Data) CheckLabels(classes int) error {
	return d.checkLabels(func(label byte) bool { return int(label) < classes },
		fmt.Sprintf("> %d; use labels 0 to %d or a network with more outputs", classes-1, classes-1))
}

// SHA256 returns one digest for the whole data set: the digest of its files' four digests, in the order of Files, each in hexadecimal on a line
// of its own.
func (d *Data) SHA256() string {
	sum := sha256.New()
	for _, f := range d.Files {
		fmt.Fprintln(sum, f.SHA256)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// load reads the data set at the root of files and splits it. dir is its name in errors.
func load(files fs.FS, dir string) (*Data, error) {
	arrays, err := readArrays(files, dir)
	if err != nil {
		return nil, err
	}
	return Split(dir, arrays)
}

// split makes the training, validation and test sets.
func (d *Data) split(train, test Set) error {
	if test.Rows != train.Rows || test.Cols != train.Cols {
		return d.errorf(2, 8, "images of %d×%d, but %d×%d in training; take all files from one data set",
			test.Rows, test.Cols, train.Rows, train.Cols)
	}
	n, validation := train.Len(), min(train.Len()/6, 10_000)
	if validation == 0 {
		return d.errorf(0, 4, "%d training images; use at least 6, because the last sixth is for validation", n)
	}
	d.Train, d.Validation, d.Test = train.Slice(0, n-validation), train.Slice(n-validation, n), test
	classes := int(slices.Max(d.Train.Labels)) + 1
	d.Train.Classes, d.Validation.Classes, d.Test.Classes = classes, classes, classes
	return d.checkLearnable()
}

// checkLearnable returns an error for a label that no training image has.
func (d *Data) checkLearnable() error {
	var learned [256]bool
	for _, label := range d.Train.Labels {
		learned[label] = true
	}
	return d.checkLabels(func(label byte) bool { return learned[label] },
		"does not occur among the training images; shuffle or correct the files")
}

// checkLabels returns an error for the first label that is not ok, with its place in the file.
func (d *Data) checkLabels(ok func(label byte) bool, wrong string) error {
	for _, part := range []struct {
		labels []byte
		file   int // index into Files
		first  int // the index in the file of the first label
	}{
		{d.Train.Labels, 1, 0},
		{d.Validation.Labels, 1, d.Train.Len()},
		{d.Test.Labels, 3, 0},
	} {
		bad := func(label byte) bool { return !ok(label) }
		if i := slices.IndexFunc(part.labels, bad); i >= 0 {
			return d.errorf(part.file, int64(headerSize+part.first+i), "label %d %s", part.labels[i], wrong)
		}
	}
	return nil
}

func (d *Data) errorf(file int, offset int64, format string, args ...any) error {
	return &FormatError{filepath.Join(d.dir, d.Files[file].Name), offset, fmt.Sprintf(format, args...)}
}

// readArrays reads the four files at the root of files. In each part it reads the labels first, because they are small and tell how many images
// there must be.
func readArrays(files fs.FS, dir string) (arrays [4]Array, err error) {
	left := all
	for i, part := range []string{"train", "t10k"} {
		labels, err := readFile(files, dir, part, "labels", "idx1-ubyte", 0, &left)
		if err != nil {
			return arrays, err
		}
		images, err := readFile(files, dir, part, "images", "idx3-ubyte", labels.Len(), &left)
		if err != nil {
			return arrays, err
		}
		arrays[2*i], arrays[2*i+1] = images, labels
	}
	return arrays, nil
}

// readFile reads the images or labels of a part, train or t10k; kind is how MNIST spells their type. See readArray for n.
func readFile(files fs.FS, dir, part, what, kind string, n int, left *room) (Array, error) {
	f, err := open(files, dir, part, what, kind)
	if err != nil {
		return Array{}, err
	}
	defer f.Close()
	a, err := readArray(f, f.path, n, left)
	a.File = f.stored()
	return a, err
}

// source is an open file that computes the digest of what is read.
type source struct {
	fs.File
	path  string
	sum   hash.Hash
	bytes int64
}

// open opens the file part-what-kind or part-what.kind, with or without .gz, or else the only one with another spelling.
func open(files fs.FS, dir, part, what, kind string) (*source, error) {
	stem := part + "-" + what
	names := []string{stem + "-" + kind + ".gz", stem + "-" + kind, stem + "." + kind + ".gz", stem + "." + kind}
	f, err := openOne(files, dir, names)
	if f != nil || err != nil {
		return f, err
	}
	var all []string
	if entries, err := fs.ReadDir(files, "."); err == nil { // If this fails, there is no other spelling.
		for _, e := range entries {
			all = append(all, e.Name())
		}
	}
	found := others(all, part, what)
	if len(found) > 1 {
		return nil, several(dir, what, found)
	}
	if f, err := openOne(files, dir, found); f != nil || err != nil {
		return f, err
	}
	return nil, fmt.Errorf("%s: %w; add one of %s", dir, fs.ErrNotExist, strings.Join(names, ", "))
}

// openOne opens the first file that exists. Only regular files count: some archives unpack into a folder with one spelling beside the file with the
// other, and a pipe could block forever.
func openOne(files fs.FS, dir string, names []string) (*source, error) {
	for _, name := range names {
		info, err := fs.Stat(files, name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		path := filepath.Join(dir, name)
		if err != nil && strings.Contains(err.Error(), "escapes") { // Package os has no name for this error.
			return nil, &FormatError{path, -1, "a link out of its folder; put the file itself there"}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		file, err := files.Open(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return &source{File: file, path: path, sum: sha256.New()}, nil
	}
	return nil, nil
}

// Read reads from the file.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.File.Read(p)
	s.sum.Write(p[:n])
	s.bytes += int64(n)
	return n, err
}

// stored describes the file after it has been read to its end.
func (s *source) stored() File {
	return File{filepath.Base(s.path), hex.EncodeToString(s.sum.Sum(nil)), s.bytes}
}
