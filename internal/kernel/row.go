package kernel

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// Env is the environment variable that chooses the row, like the flag --kernel.
const Env = "STHENO_KERNEL"

// row is one implementation of the kernels, and whether the processor can run it.
type row struct {
	name string
	ok   bool
	set  Set[float32]
	wide Set[float64] // differs from the Go row only in products and simple loops
}

var (
	loop32  = loops[float32]()
	loop64  = loops[float64]()
	rows    = append(machineRows(), row{"go", true, loop32, loop64})
	current atomic.Pointer[row]
)

// holders counts who relies on the current row.
var holders struct {
	sync.Mutex
	n int
}

func init() {
	current.Store(&rows[fastest()])
	if name := os.Getenv(Env); name != "" {
		chosen = Use(name)
	}
}

// chosen is the error for the row that the environment chose, if any.
var chosen error

// Err returns an error if the environment chose a row that does not exist or cannot run here. The fastest row is then in use.
func Err() error {
	if chosen != nil {
		return fmt.Errorf("%s: %w", Env, chosen)
	}
	return nil
}

func fastest() int {
	for i, r := range rows {
		if r.ok {
			return i
		}
	}
	return len(rows) - 1
}

// For returns the current row's set for elements of type T.
func For[T Float]() *Set[T] {
	r := current.Load()
	return setOf[T](&r.set, &r.wide)
}

// Loops returns the Go row's set, which every other row is tested against.
func Loops[T Float]() *Set[T] { return setOf[T](&loop32, &loop64) }

// setOf returns set for float32, and wide for float64.
func setOf[T Float](set *Set[float32], wide *Set[float64]) *Set[T] {
	if s, ok := any(set).(*Set[T]); ok {
		return s
	}
	return any(wide).(*Set[T])
}

// ErrHeld is Use's error while somebody relies on another row.
var ErrHeld = errors.New("is in use")

// Use makes the named row the current one.
func Use(name string) error {
	for i, r := range rows {
		if r.name == name && r.ok {
			return use(&rows[i])
		}
	}
	return fmt.Errorf("kernel %q is not one of this machine's: %s", name, strings.Join(Names(), ", "))
}

func use(r *row) error {
	holders.Lock()
	defer holders.Unlock()
	if now := current.Load(); now != r && holders.n > 0 {
		return fmt.Errorf("kernel %s: %s %w by a training; use %[1]s when that is over", r.name, now.name, ErrHeld)
	}
	current.Store(r)
	return nil
}

// Hold keeps the current row in use until release is called.
func Hold() (release func()) {
	holders.Lock()
	defer holders.Unlock()
	holders.n++
	return sync.OnceFunc(func() {
		holders.Lock()
		defer holders.Unlock()
		holders.n--
	})
}

// Name returns the current row's name.
func Name() string { return current.Load().name }

// Names returns the rows that this machine can run, fastest first.
func Names() []string {
	var names []string
	for _, r := range rows {
		if r.ok {
			names = append(names, r.name)
		}
	}
	return names
}
