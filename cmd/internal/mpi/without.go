//go:build !mpi || !linux

package mpi

import "errors"

// Start is an error: this program was built without MPI.
func Start() (*World, error) {
	return nil, errors.New("this program was built without MPI; build it on Linux with: go build -tags mpi ./cmd/stheno")
}
