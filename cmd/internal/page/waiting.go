package page

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// waiting are the connections whose request has not come yet, from the first byte to the end of its head. Where they become too many, the
// oldest is closed, so that whoever opens connections and sends little shuts out nobody but himself.
type waiting struct {
	mu    sync.Mutex
	conns map[net.Conn]time.Time
}

// connKey is where a request's context has its connection.
type connKey struct{}

func keepConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// watch is told of each change of a connection: it waits when it is new, and again when a request is over.
func (f *waiting) watch(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch state {
	case http.StateNew, http.StateIdle:
		f.conns[c] = time.Now()
		f.limit()
	case http.StateClosed, http.StateHijacked:
		delete(f.conns, c)
	}
}

// limit closes the connection that waits longest where there are too many.
func (f *waiting) limit() {
	if len(f.conns) <= maxWaiting {
		return
	}
	var oldest net.Conn
	for c, since := range f.conns {
		if oldest == nil || since.Before(f.conns[oldest]) {
			oldest = c
		}
	}
	delete(f.conns, oldest)
	oldest.Close()
}

// over takes the connection of a request, whose head has come, off the list.
func (f *waiting) over(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		c, _ := r.Context().Value(connKey{}).(net.Conn)
		delete(f.conns, c)
		f.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}
