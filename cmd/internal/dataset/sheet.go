package dataset

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/internal/intake"
)

const (
	maxRow     = 4 << 20 // bytes of a row; a quote that is not closed turns the rest of the file into one row
	maxColumns = 1 << 17
)

// sweep is the number of bytes after which the garbage collector runs.
const sweep = 64 << 20

// sheet reads a table row by row. Cells are separated by commas, semicolons or tabs, and the first row has the names of the columns.
type sheet struct {
	path     string
	file     *os.File
	size     int64
	sum      hash.Hash
	read     int64 // bytes
	row      int64 // the position in the file when the row began
	line     int   // of the last row
	progress func(done, size int64)
	csv      *csv.Reader
	names    []string
}

// openSheet opens a table and reads the names of its columns.
func openSheet(path string, progress func(done, size int64)) (*sheet, error) {
	file, info, err := intake.OpenFile("", path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	s := &sheet{path: path, file: file, size: info.Size(), sum: sha256.New(), progress: progress}
	if err := s.begin(); err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

func (s *sheet) close() { s.file.Close() }

// Read reads from the file, for the reader of rows.
func (s *sheet) Read(p []byte) (int, error) {
	if s.read-s.row > maxRow {
		return 0, fmt.Errorf("more than %d MiB in a row, perhaps because a quote is not closed; correct it", maxRow>>20)
	}
	n, err := s.file.Read(p)
	if (s.read+int64(n))/sweep > s.read/sweep {
		runtime.GC() // otherwise the texts of rows, which are garbage, could take as much memory as all examples
	}
	s.read += int64(n)
	s.sum.Write(p[:n])
	if s.progress != nil {
		s.progress(s.read, s.size)
	}
	return n, err
}

// digest is the file's digest, after it has been read.
func (s *sheet) digest() string { return hex.EncodeToString(s.sum.Sum(nil)) }

// begin finds the separator of cells, and reads the names.
func (s *sheet) begin() error {
	in := bufio.NewReaderSize(s, 1<<18)
	head, err := in.Peek(1 << 16) // of a short file, everything
	if err != nil && err != io.EOF {
		return s.broken(err)
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return errorf(s.path, "the text is UTF-16; save it as UTF-8")
	}
	if mark := []byte("\xef\xbb\xbf"); bytes.HasPrefix(head, mark) {
		head = head[len(mark):]
		in.Discard(len(mark))
	}
	s.csv = csv.NewReader(in)
	s.csv.ReuseRecord = true
	s.csv.Comma = separator(head)
	s.csv.TrimLeadingSpace = s.csv.Comma != '\t'
	names, err := s.csv.Read()
	if err == io.EOF {
		return errorf(s.path, "the table is empty; its first line must name the columns")
	}
	if err != nil {
		return s.broken(err)
	}
	if len(names) > maxColumns {
		return errorf(s.path, "%d columns, more than %d; delete some", len(names), maxColumns)
	}
	for _, name := range names {
		s.names = append(s.names, strings.TrimSpace(name))
	}
	return s.checkNames()
}

// separator is the most frequent separator between the names: a comma, a semicolon or a tab.
func separator(head []byte) rune {
	counts, quoted := map[byte]int{}, false
	for _, b := range head {
		if b == '"' {
			quoted = !quoted
		}
		if b == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[b]++
		}
	}
	best := byte(',')
	for _, b := range []byte{';', '\t'} {
		if counts[b] > counts[best] {
			best = b
		}
	}
	return rune(best)
}

func (s *sheet) checkNames() error {
	at, numbers, fraction := map[string]int{}, 0, false
	for i, name := range s.names {
		if !utf8.ValidString(name) {
			return errorf(s.path, "line 1: the name %q is not UTF-8; save the table as UTF-8", name)
		}
		if name == "" {
			return errorf(s.path, "line 1: column %d has no name; name it, or delete it if it numbers the rows (in pandas, use index=False)", i+1)
		}
		if first, twice := at[name]; twice {
			return errorf(s.path, "line 1: columns %d and %d are both named %q; rename one", first, i+1, name)
		}
		at[name] = i + 1
		if v, ok := number(name); ok {
			numbers++
			fraction = fraction || v != math.Trunc(v)
		}
	}
	if numbers == len(s.names) || fraction {
		return errorf(s.path, "line 1: numbers instead of names; add a line above it with the columns' names")
	}
	return nil
}

// rows calls f with the trimmed cells of each row until f returns an error. The cells are valid until f returns. A table without rows is an error.
func (s *sheet) rows(f func(line int, cells []string) error) error {
	any := false
	for {
		s.row = s.read
		cells, err := s.csv.Read()
		if err == io.EOF && any {
			return nil
		}
		if err == io.EOF {
			return errorf(s.path, "a table with names but no rows; add some")
		}
		if err != nil {
			return s.broken(err)
		}
		any = true
		for i, cell := range cells {
			cells[i] = strings.TrimSpace(cell)
		}
		s.line, _ = s.csv.FieldPos(0)
		if err := f(s.line, cells); err != nil {
			return err
		}
	}
}

// broken turns an error of the CSV reader into one that says what to do.
func (s *sheet) broken(err error) error {
	parse, ok := errors.AsType[*csv.ParseError](err)
	_, failed := errors.AsType[*fs.PathError](err)
	switch {
	case failed:
		return fmt.Errorf("%s: %w", s.path, err)
	case !ok:
		return errorf(s.path, "after line %d: %v", s.line, err)
	case parse.Err == csv.ErrFieldCount:
		return errorf(s.path, "line %d: the number of cells is not that of the %d names in line 1; put cells that contain a %q in quotes",
			parse.StartLine, len(s.names), s.csv.Comma)
	case parse.Err == csv.ErrBareQuote:
		return errorf(s.path, "line %d: a quote within a cell; write it twice, and one at each end of the cell", parse.Line)
	case parse.Err == csv.ErrQuote:
		return errorf(s.path, "line %d: a quote that is not closed at the end of its cell; close it, or write a quote within a cell twice", parse.StartLine)
	}
	return errorf(s.path, "line %d: %v", parse.Line, parse.Err)
}

// cell is the error for a cell.
func (s *sheet) cell(line, column int, format string, args ...any) error {
	return errorf(s.path, "line %d, column %s: %s", line, s.names[column], fmt.Sprintf(format, args...))
}

// number is the finite number in a cell, if there is one.
func number(cell string) (float64, bool) {
	if cell == "" || cell[0] > '9' || len(cell) > 2 && (cell[1]|0x20 == 'x' || cell[2]|0x20 == 'x') { // neither NaN nor a hexadecimal number
		return 0, false
	}
	v, err := strconv.ParseFloat(cell, 64)
	return v, err == nil && !math.IsInf(v, 0)
}

// missing reports whether a cell has no number: it is empty, or has one of the words that programs write there.
func missing(cell string) bool {
	switch len(cell) {
	case 0:
		return true
	case 1:
		return cell == "?"
	case 2, 3, 4:
		word := strings.ToLower(cell)
		return word == "na" || word == "n/a" || word == "nan" || word == "null"
	}
	return false
}

// grouped reports whether a cell has a number with commas: 1,5 or 1,234.5.
func grouped(cell string) bool {
	if !strings.Contains(cell, ",") {
		return false
	}
	_, ok := number(strings.ReplaceAll(cell, ",", ""))
	return ok
}
