package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"image"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/mnist"
)

// maxSide is the most rows or columns of a data set's pictures.
const maxSide = 1024

// partNames are the folders of the parts, with the usual names of each.
var partNames = [3][]string{{"train", "training"}, {"validation", "val", "valid"}, {"test", "testing"}}

// picture is a file in a folder of pictures.
type picture struct {
	name  string // relative to the top folder, with slashes
	class int
	bytes int64
}

// album is a folder of folders of pictures.
type album struct {
	path    string
	o       Options
	parts   [3][]picture
	files   []File // the folders of pictures
	classes []string
	shape   []int
	done    int64 // bytes read
	total   int64
}

// openPictures reads a folder of folders of pictures: train/cat/1.png or cat/1.png.
func openPictures(top string, o Options) (*Data, error) {
	a := &album{path: top, o: o}
	if err := a.list(); err != nil {
		return nil, err
	}
	if err := a.measure(); err != nil {
		return nil, err
	}
	var parts [3]Part
	sums := map[string]hash.Hash{}
	for i := range parts {
		var err error
		if parts[i], err = a.read(a.parts[i], sums); err != nil {
			return nil, err
		}
	}
	for i, f := range a.files {
		a.files[i].SHA256 = hex.EncodeToString(sums[f.Name].Sum(nil))
	}
	d := &Data{Name: filepath.Base(top), Path: top, Files: a.files}
	d.Schema = Schema{Kind: Pictures, Input: a.shape, Bytes: true, Classes: a.classes, Targets: []string{"class"}}
	return d, d.album(parts, o)
}

// album makes the parts from pictures. These are sorted by class, so those for validation are drawn at random.
func (d *Data) album(parts [3]Part, o Options) error {
	if validation, test := parts[1].N > 0, parts[2].N > 0; validation || !test {
		return d.part(parts[:], validation, test, o)
	}
	n := drawValidation(parts[0], o.Seed)
	if n == 0 {
		return errorf(d.Path, "%d training pictures are too few to hold out a sixth for validation; add some, or a folder validation", parts[0].N)
	}
	return d.divide(parts[0], &parts[2], n, o)
}

// list finds the pictures.
func (a *album) list() error {
	folders, files, err := a.entries("")
	if err != nil {
		return err
	}
	if len(files) > 0 {
		return errorf(filepath.Join(a.path, files[0].name), "a picture outside a folder; put each into a folder that is named after its class")
	}
	own := slices.ContainsFunc(folders, func(name string) bool { return partOfName(name) == 0 })
	if !own {
		a.classes = folders
		return a.listPart(0, "", folders)
	}
	var names [3]string
	for _, folder := range folders {
		i := partOfName(folder)
		if i < 0 {
			return errorf(filepath.Join(a.path, folder), "a folder beside train; only validation and test may be there")
		}
		if names[i] != "" {
			return errorf(filepath.Join(a.path, folder), "a folder for the same part as %s; keep one of them", names[i])
		}
		names[i] = folder
	}
	for i, folder := range names {
		if folder == "" {
			continue
		}
		classes, files, err := a.entries(folder)
		if err != nil {
			return err
		}
		if len(files) > 0 {
			return errorf(filepath.Join(a.path, files[0].name), "a picture beside the folders of classes; put it into one of them")
		}
		if i == 0 {
			a.classes = classes
		}
		if err := a.listPart(i, folder, classes); err != nil {
			return err
		}
	}
	return nil
}

// partOfName is 0 for training, 1 for validation, 2 for test, and -1 for other names.
func partOfName(folder string) int {
	return slices.IndexFunc(partNames[:], func(names []string) bool { return slices.Contains(names, strings.ToLower(folder)) })
}

// listPart finds a part's pictures, in a folder for each class.
func (a *album) listPart(i int, folder string, classes []string) error {
	if a.o.Schema != nil {
		a.classes = a.o.Schema.Classes
	}
	for _, class := range classes {
		name := path.Join(folder, class)
		label := slices.Index(a.classes, class)
		if label < 0 {
			return errorf(filepath.Join(a.path, name), "%v", term.Unknown("class", class, short(a.classes)))
		}
		folders, files, err := a.entries(name)
		if err != nil {
			return err
		}
		if len(folders) > 0 {
			return errorf(filepath.Join(a.path, name, folders[0]), "a folder within a class's folder; put the pictures into %s itself", class)
		}
		if len(files) == 0 {
			return errorf(filepath.Join(a.path, name), "no PNG or JPEG file; add some, or delete the folder")
		}
		sum := int64(0)
		for k := range files {
			files[k].class = label
			sum += files[k].bytes
		}
		a.total += sum
		a.files = append(a.files, File{Name: name, Bytes: sum})
		a.parts[i] = append(a.parts[i], files...)
	}
	return nil
}

// entries are the folders and the pictures in a folder, by name. Hidden files and files of other kinds are skipped, but pictures of a kind that
// cannot be read are an error.
func (a *album) entries(folder string) (folders []string, files []picture, err error) {
	list, err := os.ReadDir(intake.Folder(filepath.Join(a.path, folder)))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(a.path, folder), err)
	}
	for _, e := range list {
		name := path.Join(folder, e.Name())
		switch {
		case e.Name()[0] == '.':
		case e.IsDir():
			folders = append(folders, e.Name())
		case linked(filepath.Join(a.path, folder), e):
			return nil, nil, errorf(filepath.Join(a.path, name), "a link to a folder; put the folder itself there")
		case isPicture(name):
			info, err := e.Info()
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", filepath.Join(a.path, name), err)
			}
			files = append(files, picture{name: name, bytes: info.Size()})
		case hasExt(name, ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".avif", ".ppm", ".pgm"):
			return nil, nil, errorf(filepath.Join(a.path, name), "only PNG and JPEG can be read; convert it to one of them, or delete it")
		}
	}
	return folders, files, nil
}

// isPicture reports whether a file of this name is read.
func isPicture(name string) bool { return hasExt(name, ".png", ".jpg", ".jpeg") }

func hasExt(name string, list ...string) bool {
	return slices.Contains(list, strings.ToLower(path.Ext(name)))
}

// linked reports whether an entry is a link to a folder.
func linked(folder string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return false
	}
	info, err := os.Stat(filepath.Join(folder, e.Name()))
	return err == nil && info.IsDir()
}

// measure finds the shape of all pictures: the options' size, or the size that they all have, in color if any picture is.
func (a *album) measure() error {
	if s := a.o.Schema; s != nil {
		if len(s.Input) != 3 || !s.Bytes {
			return errorf(a.path, "pictures, but the network was trained on %s of shape %v; give similar data", s.Kind, s.Input)
		}
		a.shape = s.Input
		return nil
	}
	if len(a.classes) < 2 {
		return errorf(a.path, "pictures of only one class, %s; add a folder with another", strings.Join(a.classes, ""))
	}
	channels, rows, cols, n := 1, a.o.Size[0], a.o.Size[1], 0
	first := ""
	for _, part := range a.parts {
		for _, p := range part {
			c, err := a.config(p)
			if err != nil {
				return err
			}
			if !gray(c.ColorModel) {
				channels = 3
			}
			n++
			switch {
			case a.o.Size != [2]int{}:
			case first == "":
				first, rows, cols = p.name, c.Height, c.Width
			case c.Height != rows || c.Width != cols:
				return errorf(filepath.Join(a.path, p.name), "%d×%d pixels, but %s has %d×%d; use --size %dx%d to resize all",
					c.Height, c.Width, first, rows, cols, rows, cols)
			}
		}
	}
	if rows < 1 || cols < 1 || rows > maxSide || cols > maxSide {
		return errorf(a.path, "pictures of %d×%d, not between 1 and %d; use --size, such as 64x64", rows, cols, maxSide)
	}
	if most := max(maxSmall, maxGrowth*a.total); int64(n) > most/int64(channels*rows*cols) {
		return errorf(a.path, "%d pictures of %d×%d take more than %d MiB; use --size, such as 64x64", n, rows, cols, most>>20)
	}
	a.shape = []int{channels, rows, cols}
	return nil
}

// open opens a picture's file.
func (a *album) open(p picture) (*os.File, error) {
	f, _, err := intake.OpenFile(a.path, filepath.FromSlash(p.name), os.O_RDONLY)
	return f, err
}

// config is a picture's size and colors, from the head of its file.
func (a *album) config(p picture) (image.Config, error) {
	f, err := a.open(p)
	if err != nil {
		return image.Config{}, err
	}
	defer f.Close()
	const head = 8 << 20 // bytes, enough for what cameras write before the size
	c, _, err := image.DecodeConfig(io.LimitReader(f, head))
	if err != nil {
		return c, errorf(filepath.Join(a.path, p.name), "not a valid PNG or JPEG (%v); save or download it again, or delete it", err)
	}
	return c, nil
}

// read reads pictures, and adds the lines of sha256sum for them to their folders' digests.
func (a *album) read(list []picture, sums map[string]hash.Hash) (Part, error) {
	p := Part{N: len(list), shape: a.shape}
	p.Pixels, p.Labels = make([]byte, p.N*p.inputs()), make([]int, p.N)
	for i, pic := range list {
		f, err := a.open(pic)
		if err != nil {
			return p, err
		}
		sum := sha256.New()
		img, err := mnist.ReadImage(io.TeeReader(f, sum), filepath.Join(a.path, pic.name))
		if err == nil {
			_, err = io.Copy(sum, io.LimitReader(f, pic.bytes)) // the part that the decoder did not read
		}
		f.Close()
		if err != nil {
			return p, err
		}
		folder := path.Dir(pic.name)
		if sums[folder] == nil {
			sums[folder] = sha256.New()
		}
		fmt.Fprintf(sums[folder], "%x  %s\n", sum.Sum(nil), pic.name)
		b := img.Bounds()
		if a.o.Schema == nil && a.o.Size == [2]int{} && (b.Dy() != a.shape[1] || b.Dx() != a.shape[2]) {
			return p, errorf(filepath.Join(a.path, pic.name), "%d×%d pixels, but others have %d×%d; use --size %dx%d",
				b.Dy(), b.Dx(), a.shape[1], a.shape[2], a.shape[1], a.shape[2])
		}
		pixels(p.Pixels[i*p.inputs():(i+1)*p.inputs()], img, a.shape)
		p.Labels[i] = pic.class
		if a.done += pic.bytes; a.o.Progress != nil {
			a.o.Progress(a.done, a.total)
		}
	}
	return p, nil
}
