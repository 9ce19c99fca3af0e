package cli

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestServeDocs: the requests that docs/serve.md makes with curl are answered as it shows, but for the run; … stands for anything.
func TestServeDocs(t *testing.T) {
	s := serve(t)
	file, _ := testDigit(t, 0)
	page := readAll(t, "../../docs/serve.md")
	run := regexp.MustCompile(`sprint99-\d{8}-\d{6}-[0-9a-f]{4}`)
	parts := strings.Split(page, "\n$ curl ")[1:]
	for _, part := range parts {
		lines := strings.SplitN(part, "\n", 3)
		_, path, _ := strings.Cut(lines[0], "http://127.0.0.1:8080")
		method, body := http.MethodGet, ""
		if strings.Contains(lines[0], "--data-binary") {
			method, body = http.MethodPost, string(file)
		}
		r, err := http.NewRequest(method, s.url+run.ReplaceAllString(path, s.run), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		want := regexp.QuoteMeta(run.ReplaceAllString(lines[1], s.run))
		want = strings.NewReplacer("…", ".*", `"digit":7`, `"digit":\d`, `"sprint99","parameters":28882`, `"784-30-10","parameters":23860`).Replace(want)
		if err != nil || !regexp.MustCompile("(?m)^"+want+"$").Match(text) {
			t.Errorf("$ curl %s\n%.300s %v; the page has\n%s", lines[0], text, err, lines[1])
		}
	}
	if n := events(t, ok(t, "summary", "sprint99", "--json").out)[0]["parameters"]; len(parts) != 2 || n != 28882. {
		t.Errorf("%d requests; sprint99 has %v parameters, the page 28882", len(parts), n)
	}
}
