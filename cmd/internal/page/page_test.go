package page

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// open serves a page whose API answers with the method.
func open(t *testing.T, address string) (s *Server, base string) {
	t.Helper()
	s, err := Listen(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method) }))
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error)
	go func() { over <- s.Serve() }()
	t.Cleanup(func() {
		s.Close()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return s, "http://127.0.0.1:" + port
}

// status is what a request gets; headers are pairs.
func status(t *testing.T, method, url string, headers ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, a.Header, string(body)
}

func TestLoopback(t *testing.T) {
	s, base := open(t, "127.0.0.1:0")
	host := strings.TrimPrefix(base, "http://")
	_, port, _ := net.SplitHostPort(host)
	if s.token != "" || s.URL() != base+"/" {
		t.Errorf("token %q, address %s", s.token, s.URL())
	}
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/", nil, 200},
		{"GET", "/app.js", nil, 200},
		{"GET", "/..%2fpage.go", nil, 404},
		{"GET", "/none", nil, 404},
		{"POST", "/api/x", nil, 200},
		{"GET", "/api/x", []string{"Host", "localhost:" + port}, 200},
		{"GET", "/api/x", []string{"Host", "LOCALHOST"}, 200},
		{"GET", "/api/x", []string{"Host", "[::1]:" + port}, 200},
		{"GET", "/api/x", []string{"Host", "rebound.example:" + port}, 421},
		{"GET", "/", []string{"Host", "rebound.example:" + port}, 421},
		{"GET", "/api/x", []string{"Host", "localhost.example"}, 421},
		{"GET", "/api/x", []string{"Host", "10.0.0.1:" + port}, 421},
		{"GET", "/api/x", []string{"Origin", base}, 200},
		{"GET", "/api/x", []string{"Origin", "https://" + host}, 403},
		{"GET", "/api/x", []string{"Origin", "http://127.0.0.1:1"}, 403},
		{"POST", "/api/x", []string{"Origin", "null"}, 403},
		{"GET", "/api/x", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"GET", "/api/x", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"GET", "/api/x", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"}, 200},
		{"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe"}, 403},
	} {
		got, header, _ := status(t, c.method, base+c.path, c.headers...)
		if got != c.want || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s %q: %d, want %d; %v", c.method, c.path, c.headers, got, c.want, header)
		}
	}
}

// TestToken: where others may reach the page, nothing is answered without the token, which the printed address has.
func TestToken(t *testing.T) {
	s, base := open(t, "0.0.0.0:0")
	at, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	token := at.Query().Get("token")
	if len(token) < 20 || at.Port() == "" {
		t.Fatal(s.URL())
	}
	for _, c := range []struct {
		path    string
		headers []string
		want    int
	}{
		{"/", nil, 401},
		{"/app.js", nil, 401},
		{"/api/x", nil, 401},
		{"/api/x?token=" + token, nil, 401}, // which would stay in histories
		{"/?token=wrong", nil, 401},
		{"/?token=" + token, nil, 303},
		{"/api/x", []string{"Authorization", "Bearer " + token}, 200},
		{"/api/x", []string{"Authorization", "Bearer wrong"}, 401},
		{"/", []string{"Cookie", tokenName + "=" + token}, 200},
		{"/", []string{"Cookie", tokenName + "=wrong"}, 401},
		{"/", []string{"Host", "rebound.example", "Cookie", tokenName + "=" + token}, 421},
		{"/", []string{"Host", "192.168.0.7:80", "Cookie", tokenName + "=" + token}, 200},
	} {
		got, header, _ := status(t, "GET", base+c.path, c.headers...)
		if got != c.want {
			t.Errorf("%s %q: %d, want %d", c.path, c.headers, got, c.want)
		}
		if cookie := header.Get("Set-Cookie"); got == 303 && !(strings.Contains(cookie, "HttpOnly") && strings.Contains(cookie, "SameSite=Strict")) {
			t.Errorf("cookie %q", cookie)
		}
	}
}

// TestWaiting: of connections that send nothing or half of a head, the oldest are closed, and a whole request is answered all the while.
func TestWaiting(t *testing.T) {
	_, base := open(t, "127.0.0.1:0")
	var conns []net.Conn
	for i := range 2 * maxWaiting {
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
		if i%2 == 0 {
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: loc")
		}
		if i%64 == 0 {
			if got, _, _ := status(t, "GET", base+"/"); got != 200 {
				t.Errorf("after %d: %d", i, got)
			}
		}
	}
	closed := 0
	for _, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			closed++
		} else if err == nil {
			t.Error("an answer to half of a head")
		}
		if closed >= maxWaiting/2 {
			return
		}
	}
	t.Errorf("%d of %d were closed", closed, len(conns))
}

func TestAddress(t *testing.T) {
	for _, address := range []string{"", "8080", "127.0.0.1", "127.0.0.1:none"} {
		if s, err := Listen(address, http.NotFoundHandler()); err == nil {
			s.Close()
			t.Errorf("%q: no error", address)
		}
	}
}
