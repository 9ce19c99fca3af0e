package dataset

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestSchemaRefused changes one place of a good schema in each row.
func TestSchemaRefused(t *testing.T) {
	const table = `{"kind":"table","input":[3],"columns":[{"name":"a","scale":{"mean":1,"deviation":2},"fill":[1]},` +
		`{"name":"b","texts":["x","y"],"scale":{"mean":0,"deviation":1},"fill":[0,1]}],"classes":["p","q"],"targets":["t"]}`
	const images = `{"kind":"images","input":[2,4,4],"channels":[{"mean":1,"deviation":2},{"mean":1,"deviation":2}],"targets":["y0","y1"]}`
	for _, c := range []struct{ text, old, new, want string }{
		{table, `"kind":"table"`, `"kind":"tabel"`, `unknown kind "tabel"`}, {table, `[3]`, `[4]`, "2 columns of 3 inputs"}, {table, `[3]`, `[]`, "input of shape []"},
		{table, `[3]`, `[1,3]`, "input of shape [1 3]"}, {table, `[3]`, `[0]`, "input of shape [0]"}, {table, `[3]`, `[-3]`, "input of shape [-3]"},
		{images, `[2,4,4]`, `[65536,65536,4]`, "input of shape [65536"}, {table, `"fill":[1]`, `"fill":[]`, `column "a" has 0 texts and 0 numbers`},
		{table, `,"fill":[1]`, ``, "1 of them filled in"}, {table, `["x","y"]`, `[]`, "has 0 texts"}, {table, `"deviation":1`, `"deviation":0`, "a deviation of 0"},
		{images, `"deviation":2}]`, `"deviation":0}]`, "a deviation of 0"}, {images, `"images"`, `"table"`, "0 columns"}, {images, `[2,4,4]`, `[3,4,4]`, "2 scales for images"},
		{images, `"input"`, `"bytes":true,"input"`, "2 scales"}, {table, `"input"`, `"bytes":true,"input"`, "a table of bytes"}, {table, `["t"]`, `[]`, "0 targets"},
		{table, `["t"]`, `["t","u"]`, "2 targets of 2 classes"}, {table, `["p","q"]`, `[]`, "1 targets of 0 classes"}, {table, `[3]`, `"3"`, "cannot unmarshal"},
	} {
		var s Schema
		if err := json.Unmarshal([]byte(c.text), &s); err != nil {
			t.Fatal(err)
		}
		bad := strings.Replace(c.text, c.old, c.new, 1)
		if err := json.Unmarshal([]byte(bad), &s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: %v; want %s", c.new, c.old, err, c.want)
		}
	}
}
