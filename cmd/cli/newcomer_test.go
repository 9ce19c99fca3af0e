package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What train says to do next leads to a page, opened in the browser, that reads a digit right.
func TestNext(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the browser is opened by a program of the system")
	}
	dir := dataSet(t, 12_000, 10)
	t.Chdir(t.TempDir())
	bin := t.TempDir()
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	for _, name := range []string{"xdg-open", "open"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\necho \"$1\" >address.part && mv address.part address\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	out := ok(t, "train", "sprint99", "--seed", "1", "--name", "mine", "--data", dir).out
	_, next, _ := strings.Cut(out, "\nnext ")
	next, _, _ = strings.Cut(strings.TrimSpace(next), "\n")
	run := onlyRun(t, "runs")
	if next != "stheno serve "+run+" --open" {
		t.Fatalf("next is %q in\n%s", next, out)
	}
	s := &served{T: t, runs: "runs", drawings: "drawings"}
	for _, args := range [][]string{strings.Fields(next)[2:], {"mine"}} {
		s.start(args...)
		file, label := testDigit(t, 0)
		read := s.want("POST", "/api/predict", file)["runs"].([]any)[0].(map[string]any)
		if read["run"] != filepath.Base(run) || read["digit"] != float64(label) {
			t.Errorf("serve %q: a %d is read as %v by %v", args, label, read["digit"], read["run"])
		}
	}
	var address []byte
	for end := time.Now().Add(time.Minute); address == nil; address, _ = os.ReadFile("address") {
		if time.Now().After(end) {
			t.Fatal("no browser was opened")
		}
		time.Sleep(time.Millisecond)
	}
	answer, err := http.Get(strings.TrimSpace(string(address)))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "text/html") {
		t.Errorf("%s: %s, %s", address, answer.Status, kind)
	}
}
