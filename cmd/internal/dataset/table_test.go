package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/intake"
)

// write writes a file below a new folder.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// lines is a table of n rows, each made by a format that has the row's number in it.
func lines(head, row string, n int) string {
	var b strings.Builder
	b.WriteString(head + "\n")
	for i := range n {
		fmt.Fprintf(&b, row+"\n", i)
	}
	return b.String()
}

// flowers is a table like Fisher's: so many rows of three classes in turn, and numbers that tell them apart.
func flowers(n int) string {
	var b strings.Builder
	b.WriteString("length,width,color,species\n")
	for i := range n {
		fmt.Fprintf(&b, "%d.%d,%g,%s,%s\n", 4+i%3, i%7, 0.25*float64(i%5), []string{"red", "blue"}[i%2], []string{"virginica", "setosa", "versicolor"}[i%3])
	}
	return b.String()
}

func TestTableOfClasses(t *testing.T) {
	d, err := Open(write(t, "iris.csv", flowers(150)), Options{Target: []string{"species"}, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	s := d.Schema
	if want := []string{"setosa", "versicolor", "virginica"}; !slices.Equal(s.Classes, want) || !slices.Equal(s.Input, []int{4}) || s.Kind != Table {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(s.Columns[2].Texts, []string{"blue", "red"}) || s.Columns[2].Scale != (Scale{0, 1}) {
		t.Errorf("color: %+v", s.Columns[2])
	}
	if d.Name != "iris.csv" || len(d.Files) != 1 || len(d.Files[0].SHA256) != 64 || d.Files[0].Bytes != int64(len(flowers(150))) || !d.Drawn {
		t.Errorf("%q, %+v", d.Name, d.Files)
	}
	for _, c := range []struct {
		part Part
		n    int
	}{{d.Train, 120}, {d.Validation, 15}, {d.Test, 15}, {d.Full().Train, 135}, {d.Full().Validation, 0}} {
		if counts := c.part.Counts(3); c.part.Len() != c.n || slices.Max(counts) > slices.Min(counts) {
			t.Errorf("%d examples, %v; want %d", c.part.Len(), counts, c.n)
		}
	}
	for k := range 2 {
		var column []float32
		for i := range d.Train.N {
			column = append(column, d.Train.X[4*i+k])
		}
		got := scaleOf(slices.Values(column))
		if math.Abs(got.Mean) > 1e-6 || math.Abs(got.Deviation-1) > 1e-6 {
			t.Errorf("column %d of the training part has mean %v, deviation %v", k, got.Mean, got.Deviation)
		}
	}
}

func TestTableOfNumbers(t *testing.T) {
	path := write(t, "t.csv", lines("x,y,z", "%d.5,3,-1e3", 100))
	d, err := Open(path, Options{Target: []string{"z", "x"}})
	if err != nil {
		t.Fatal(err)
	}
	y := slices.Clone(d.Train.Y)
	d.Schema.Restore(y)
	if d.Schema.Classes != nil || !slices.Equal(d.Schema.Targets, []string{"z", "x"}) || len(y) != 160 || y[0] != -1000 || math.Abs(float64(y[1])-.5) > 1e-5 {
		t.Errorf("%+v, %v", d.Schema, y[:4])
	}
	if slices.Max(d.Train.X) != 0 || slices.Min(d.Train.X) != 0 {
		t.Error("a column of threes is not 0")
	}
	d, err = Open(path, Options{Target: []string{"z"}, Unscaled: true})
	if err != nil || d.Train.X[1] != 3 {
		t.Errorf("unscaled: %v, %v", d.Train.X[:2], err)
	}
	whole := write(t, "t.csv", lines("x,y", "%d.5,1", 50)+lines("2.5,10", "%d,2", 50))
	if d, err = Open(whole, Options{Target: []string{"y"}, Goal: Classes}); err != nil || !slices.Equal(d.Schema.Classes, []string{"1", "2", "10"}) {
		t.Errorf("numbers as classes: %v, %v", d, err)
	}
}

// TestMoments keeps what tells points in time apart, though float32 has 24 bits.
func TestMoments(t *testing.T) {
	d, err := Open(write(t, "t.csv", lines("time,y", "17000000%02d,1", 100)), Options{Target: []string{"y"}})
	if err != nil {
		t.Fatal(err)
	}
	c := d.Schema.Columns[0]
	for i := 1; i < d.Train.N; i++ {
		if step := float64(d.Train.X[i]-d.Train.X[i-1]) * c.Scale.Deviation; step < 0.999 {
			t.Fatalf("step %v between rows %d and %d", step, i-1, i)
		}
	}
}

// TestChanged puts another table in the place of one between its first reading and its second.
func TestChanged(t *testing.T) {
	for name, other := range map[string]string{
		"other numbers": lines("x,y", "%d.5,2", 50), "more rows": lines("x,y", "%d,2", 51), "fewer rows": lines("x,y", "%d,2", 49), "no rows": "x,y\n", "other names": lines("a,b", "%d,2", 50),
	} {
		path, changed := write(t, "t.csv", lines("x,y", "%d,2", 50)), false
		_, err := Open(path, Options{Target: []string{"y"}, Progress: func(done, total int64) {
			if done == total/2 && !changed {
				changed = true
				if err := os.Rename(write(t, "other.csv", other), path); err != nil {
					t.Error(err)
				}
			}
		}})
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !errors.Is(err, intake.ErrDamaged) || !changed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMissingCells(t *testing.T) {
	var b strings.Builder
	b.WriteString("age,deck,fare\n")
	for i := range 40 {
		b.WriteString([]string{"", "NaN", "?", "n/a", "10", "20", "30", "40"}[i%8] + "," + []string{"A", "B", "", "NA"}[i%4] + ",1\n")
	}
	path := write(t, "t.csv", b.String())
	d, err := Open(path, Options{Target: []string{"fare"}, FillMean: true, Unscaled: true})
	if err != nil {
		t.Fatal(err)
	}
	age, deck := d.Schema.Columns[0], d.Schema.Columns[1]
	if age.Texts != nil || !slices.Equal(deck.Texts, []string{"A", "B", "NA"}) || len(deck.Fill) != 3 {
		t.Fatalf("%+v", d.Schema.Columns)
	}
	var sum float32
	for _, f := range deck.Fill {
		sum += f
	}
	if math.Abs(float64(sum)-1) > 1e-6 || age.Fill[0] < 20 || age.Fill[0] > 30 {
		t.Errorf("filled with %v and %v", age.Fill, deck.Fill)
	}
	row, err := d.Schema.Rows(write(t, "new.csv", "deck,age\n,\n"), Options{})
	if err != nil || !slices.Equal(row.X, append(slices.Clone(age.Fill), deck.Fill...)) || row.Y != nil {
		t.Errorf("%v, %v", row, err)
	}
}

// wide is a small table whose texts would be many inputs.
func wide() string {
	var b strings.Builder
	for k := range 100 {
		fmt.Fprintf(&b, "c%d,", k)
	}
	b.WriteString("y\n")
	for i := range 1600 {
		b.WriteString(strings.Repeat(fmt.Sprintf("t%d,", i%800), 100) + "1\n")
	}
	return b.String()
}

func TestTableErrors(t *testing.T) {
	many := lines("x,name,y", "1,name%d,2", 30)
	for _, c := range []struct{ text, want string }{
		{"", "is empty"}, {"x,y\n", "but no rows"}, {"1,2\n3,4\n", "numbers instead of names"}, {"5.1,3,setosa\n4.9,3,setosa\n", "numbers instead of names"},
		{"x,,y\n1,2,3\n", "column 2 has no name"}, {"x,x,y\n1,2,3\n", `columns 1 and 2 are both named "x"`},
		{"x,y\n1,2\n1\n", "line 3: the number of cells is not that of the 2 names"}, {"x,y\n1,2,3\n", "line 2: the number of cells"},
		{"x,y\n1,2\n,3\n", "line 3, column x: the cell is missing; complete it, or use --fill mean"}, {"x,y\n1,2\n3,\n", "line 3, column y: nothing to predict"},
		{"x,y\n1,2\nNaN,3\n", "line 3, column x: the cell is missing"}, {"x,y\n1,2\ninf,3\n", `line 3, column x: "inf" is not a number`},
		{"x,y\n1,2\n-Inf,3\n", `"-Inf" is not a number`}, {"x,y\n1,2\n1e999,3\n", `"1e999" is not a number`}, {"x,y\n1,2\n1e39,3\n", "1e+39 is too large"},
		{"x,y\n1,2\nabc,3\n", `line 3, column x: "abc" is not a number, but line 2 has 1`}, {"x,y\nabc,3\n1,2\n", `line 3, column x: the number 1, but the text "abc" in line 2`},
		{"x;y\n1,5;2\n", `line 2, column x: "1,5" has a comma; write numbers with a point`}, {"x,y\n\"1,234\",2\n", "has a comma"},
		{"x,y\n\"1,2\n3,4\n", "line 2: a quote that is not closed"}, {"x,y\n1,a\"b\n", "line 2: a quote within a cell"},
		{"x,y\n1,\"a\"b\n", "line 2: a quote that is not closed at the end of its cell"}, {"\xff\xfex\x00", "UTF-16"}, {"x\xff,y\n1,2\n", "not UTF-8"}, {"x,y\n\xff,2\n", "not UTF-8"},
		{many, "column name: 30 different texts in 30 rows"}, {lines("x,name,y", "1,name%d,2", 1100), "line 1002, column name: more than 1000 different texts"},
		{lines("Id,x,y", "%d,1,2", 30), "column Id: it numbers the rows"}, {"x,y\n" + strings.Repeat("a", 1001) + ",1\n", "a text of 1001 bytes"},
		{"\"" + strings.Repeat("a,\n", 2<<20), "more than 4 MiB in a row, perhaps because a quote is not closed"}, {strings.Repeat("a,", 1<<17) + "y\n", "131073 columns"},
		{"x,y\n1,2\n\"" + strings.Repeat("a,\n", 2<<20), "after line 2: more than 4 MiB in a row"}, {wide(), "1600 rows of 80000 inputs take more than 192 MiB; delete columns with many texts, such as c0"},
		{"x,y,z\n1,2,\n2,3,\n", "column z: all cells are empty"}, {"x,y\n1,2\n3,4\n", "2 examples are too few"},
	} {
		path := write(t, "t.csv", c.text)
		_, err := Open(path, Options{Target: []string{"y"}})
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) || !errors.Is(err, intake.ErrDamaged) {
			t.Errorf("%.40q: %v; want %s", c.text, err, c.want)
		}
	}
}

func TestTableOptions(t *testing.T) {
	path := write(t, "t.csv", lines("length,width,species", "%d.5,1,a", 20))
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "no column to predict; use --target species, or another of length, width"},
		{Options{Target: []string{"speceis"}}, `unknown column "speceis"; did you mean species?`},
		{Options{Target: []string{"width", "width"}}, "twice"}, {Options{Target: []string{"width", "length", "species"}}, "every column"},
		{Options{Target: []string{"width", "length"}, Goal: Classes}, "only one column can be predicted as classes"},
		{Options{Target: []string{"width"}, Size: [2]int{2, 2}}, "leave out --size"},
	} {
		_, err := Open(path, c.o)
		if _, ok := errors.AsType[*OptionError](err); !ok || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v; want %s", c.o, err, c.want)
		}
	}
	for _, o := range []Options{{Target: []string{"species", "width"}}, {Target: []string{"species"}, Goal: Numbers}} {
		if _, err := Open(path, o); err == nil || !strings.Contains(err.Error(), `line 2, column species: "a" is not a number`) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for o, want := range map[*Options]string{{Target: []string{"species"}}: "column species: the only class is a", {Target: []string{"width"}, Goal: Classes}: "column width: the only class is 1"} {
		if _, err := Open(path, *o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", o.Target, err)
		}
	}
	if _, err := Open(path, Options{Target: []string{"length"}, Goal: Classes}); err == nil || !strings.Contains(err.Error(), "0.5 is not a class") {
		t.Error(err)
	}
}

// TestRowErrors reads tables that do not fit a network.
func TestRowErrors(t *testing.T) {
	d, err := Open(write(t, "t.csv", flowers(60)), Options{Target: []string{"species"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"length,color\n1,red\n", `unknown column "width"; use length or color; the network was trained with this column`}, {"length,width,color\n1,2,rde\n", `line 2, column color: unknown text "rde"; did you mean red?`},
		{"length,width,color\n1,x,red\n", `line 2, column width: "x" is not a number`}, {"length,width,color\n1,,red\n", "line 2, column width: the cell is missing"},
		{"length,width,color\n1,2,\n", "line 2, column color: the cell is missing"}, {"length,width,color,species\n1,2,red,setsa\n", `unknown class "setsa"; did you mean setosa?`},
		{"length,width,color,species\n1,2,red,\n", `unknown class ""`}, {"length,width,color\n1e39,2,red\n", "is too large"},
	} {
		path := write(t, "new.csv", c.text)
		if _, err := d.Schema.Rows(path, Options{}); err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v; want %s", c.text, err, c.want)
		}
	}
}

// TestRandomTables writes tables of all forms, and finds every number and class in them again: in the parts, and by the schema as a run keeps it.
func TestRandomTables(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		n, columns := 40+r.IntN(60), 1+r.IntN(4)
		comma, end := []string{",", ";", "\t"}[r.IntN(3)], []string{"\n", "\r\n"}[r.IntN(2)]
		var b strings.Builder
		b.WriteString([]string{"", "\ufeff"}[r.IntN(2)])
		quote := func(s string) string {
			if r.IntN(4) == 0 || strings.ContainsAny(s, comma+"\" ") {
				s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
			}
			return s
		}
		for k := range columns {
			b.WriteString(quote("column "+strconv.Itoa(k)) + comma)
		}
		b.WriteString("text" + comma + "class" + end)
		values, texts, classes := make([]float64, n*columns), make([]int, n), make([]int, n)
		for i := range n {
			for k := range columns {
				v := math.Round(r.NormFloat64()*1e4) / 64
				values[i*columns+k] = v
				b.WriteString(quote(strconv.FormatFloat(v, "feg"[r.IntN(3)], -1, 64)) + comma)
			}
			texts[i], classes[i] = r.IntN(3), i%4
			b.WriteString(quote([]string{`a "b"`, "c" + comma + "d", "é"}[texts[i]]) + comma + quote("class "+strconv.Itoa(classes[i])) + end)
		}
		path := write(t, "t.csv", b.String())
		d, err := Open(path, Options{Target: []string{"class"}, Seed: seed, Unscaled: seed%3 == 0})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, b.String())
		}
		kept, err := json.Marshal(d.Schema)
		var s Schema
		if err != nil || json.Unmarshal(kept, &s) != nil || !reflect.DeepEqual(s, d.Schema) {
			t.Fatalf("seed %d: the schema is not what was written: %s", seed, kept)
		}
		all, err := s.Rows(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for k := range columns {
				c := s.Columns[k]
				if got := float64(all.X[i*s.Input[0]+k])*c.Scale.Deviation + c.Scale.Mean + c.Base; math.Abs(got-values[i*columns+k]) > 1e-4 {
					t.Fatalf("seed %d: row %d, column %d: %v, want %v", seed, i, k, got, values[i*columns+k])
				}
			}
			if got := all.X[i*s.Input[0]+columns+texts[i]]; got != 1 || all.Labels[i] != classes[i] {
				t.Fatalf("seed %d: row %d: text %v, class %d", seed, i, got, all.Labels[i])
			}
		}
		again, err := Open(path, Options{Seed: seed, Schema: &s})
		if err != nil || !reflect.DeepEqual(again.Test, d.Test) || !reflect.DeepEqual(again.Train, d.Train) {
			t.Fatalf("seed %d: other bits by the schema (%v)", seed, err)
		}
	}
}
