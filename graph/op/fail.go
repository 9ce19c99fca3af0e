package op

import "fmt"

// failure carries an error from inside a Build to the border of package graph, so that layers need no error plumbing.
type failure struct{ err error }

// Fail stops the build of a graph with an error. It is for a Layer's or a Loss's Build and for gradient rules.
func Fail(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// Catch turns a failed build into *err; any other panic goes on. It is to be deferred.
func Catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case failure:
		*err = r.err
	default:
		panic(r)
	}
}

// Wrap puts where it happened around the error of a failed build; a panic of Gorgonia's, as of its Must, is such an error too. It is to
// be deferred.
func Wrap(around func(error) error) {
	switch r := recover().(type) {
	case nil:
	case failure:
		panic(failure{around(r.err)})
	case error:
		panic(failure{around(fmt.Errorf("panic: %w", r))})
	default:
		panic(failure{around(fmt.Errorf("panic: %v", r))})
	}
}
