package op

import "fmt"

// failure carries an error from inside a Build to the border of package graph, so that layers need not return errors.
type failure struct{ err error }

// Fail stops the build of a graph with an error. Use it in a layer's Build, in a loss and in gradient rules.
func Fail(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// Catch sets *err if the build failed, and passes on any other panic. Defer it.
func Catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case failure:
		*err = r.err
	default:
		panic(r)
	}
}

// Wrap adds around's context to the error of a failed build. Other panics, such as those of gorgonia.Must, become build errors, too. Defer
// it.
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
