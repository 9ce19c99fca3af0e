// Package page serves a page and its API to one person's browser, and keeps everybody else out. Unless told otherwise it listens on the
// loopback only. It refuses other host names, scripts of other sites, slow senders and large bodies.
package page

import (
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

//go:embed static
var files embed.FS

// A Server is the page at an address.
type Server struct {
	listener net.Listener
	host     string // as given in the address; "" for all interfaces
	token    string // "" on the loopback
	http     http.Server
}

// The limits. A request's head and body must arrive within these times, and an answer must be sent within them. Streams of events have none.
const (
	headTime  = 5 * time.Second
	bodyTime  = 20 * time.Second
	writeTime = 60 * time.Second
	idleTime  = 60 * time.Second
	maxHead   = 16 << 10 // bytes

	maxWaiting = 128 // connections that have not sent a complete head
	tokenName  = "stheno-token"
)

// Listen listens at an address host:port. api answers requests below /api/, and the page's files the rest. If the host is not the loopback,
// requests need a token.
func Listen(address string, api http.Handler) (*Server, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, err
	}
	s := &Server{host: host}
	if s.listener, err = net.Listen("tcp", address); err != nil {
		return nil, err
	}
	if !s.listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		s.token = rand.Text()
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", api)
	mux.Handle("/", http.FileServerFS(static))
	waiting := &waiting{conns: map[net.Conn]time.Time{}}
	s.http = http.Server{
		Handler: waiting.over(s.guard(mux)), ConnState: waiting.watch, ConnContext: keepConn, MaxHeaderBytes: maxHead,
		ReadHeaderTimeout: headTime, ReadTimeout: bodyTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
	}
	return s, nil
}

// URL is the address of the page, with the token if there is one.
func (s *Server) URL() string {
	at := s.listener.Addr().(*net.TCPAddr)
	host := s.host
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	_, port, _ := net.SplitHostPort(at.String())
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/"}
	if s.token != "" {
		u.RawQuery = url.Values{"token": {s.token}}.Encode()
	}
	return u.String()
}

// Serve answers requests until Close.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// Close ends Serve and all connections.
func (s *Server) Close() error { return s.http.Close() }

// policy allows the page its own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses requests that come neither from the page itself nor from the user's own programs.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case !s.known(r.Host):
			Fail(w, http.StatusMisdirectedRequest, "host "+r.Host+" is not this server's; open the address that serve printed")
		case !sameSite(r):
			Fail(w, http.StatusForbidden, "the request comes from another site; open the page itself")
		case !s.admits(w, r):
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// known reports whether a Host can only be this server. A foreign page whose name was rebound in the DNS to this machine sends its own name.
func (s *Server) known(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.Trim(strings.ToLower(host), "[]")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || s.token != ""
	}
	name, _ := os.Hostname()
	return host == "localhost" || s.token != "" && (host == strings.ToLower(s.host) || host == strings.ToLower(name))
}

// sameSite reports whether no other site made the browser send the request. Another site may link to the page, but not to the API.
func sameSite(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return true
	}
	return r.Method == http.MethodGet && r.URL.Path == "/" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// admits checks the token. A token in the address moves into a cookie, so that it does not stay in the address.
func (s *Server) admits(w http.ResponseWriter, r *http.Request) bool {
	if s.token == "" {
		return true
	}
	given := r.URL.Query().Get("token")
	if r.URL.Path == "/" && s.isToken(given) {
		http.SetCookie(w, &http.Cookie{Name: tokenName, Value: s.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return false
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	cookie, err := r.Cookie(tokenName)
	if s.isToken(bearer) || err == nil && s.isToken(cookie.Value) {
		return true
	}
	Fail(w, http.StatusUnauthorized, "no token; open the address that serve printed, or send Authorization: Bearer TOKEN")
	return false
}

func (s *Server) isToken(text string) bool {
	return subtle.ConstantTimeCompare([]byte(text), []byte(s.token)) == 1
}

// Fail answers with an error as JSON.
func Fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": message})
}
