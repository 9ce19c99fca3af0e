package models_test

import (
	"testing"

	"github.com/stheno-ml/stheno/models"
)

// FuzzDecode: any text is a model or an error, and a model that is written can be read back.
func FuzzDecode(f *testing.F) {
	for _, m := range models.All {
		text, err := models.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("format = 1\nname = 'a'\nlayer = 'conv(4,5) relu pool(2) dense(10)'\ntrain = { eta = 0.1, optimizer = 'adam(0.9)' }\n"))
	f.Add([]byte("format = 1\n[[layer]]\nop = 'concat'\n[[layer.branch]]\n[[layer.branch]]\nlayer = 'dense(3)'\n[[layer]]\nop = 'dense'\nout = 1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := models.Reader{}.Decode("f.toml", text)
		if err != nil {
			return
		}
		first, err := models.Encode(m)
		if err != nil {
			return // refused before anything is written
		}
		again, err := models.Reader{}.Decode("again.toml", first)
		if err != nil {
			t.Fatalf("%v in\n%s\nfrom\n%q", err, first, text)
		}
		if second, err := models.Encode(again); err != nil || string(second) != string(first) {
			t.Fatalf("%v\n%s\nthen\n%s\nfrom\n%q", err, first, second, text)
		}
	})
}
