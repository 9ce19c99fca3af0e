.PHONY: help test check race fuzz bench listings asm
help:      ## show these lines
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'
test:      ## run all tests
	go test ./...
check:     ## run everything that CI runs
	.ci/run
race:      ## run all tests under the race detector
	go test -race -timeout 20m ./...
fuzz:      ## fuzz each target with 5,000 inputs
	.ci/fuzz
bench:     ## images per second of training, then GFLOP/s of each kernel, row and shape (for benchstat)
	go run ./cmd/stheno bench
	go test ./internal/kernel -run '^$$' -bench . -count 6
listings:  ## rewrite the golden listings of the compiled programs
	go test ./graph -run TestListings -update
asm:       ## regenerate the assembly
	go generate ./internal/kernel
