package cli

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// fileLimit is the largest file that the program may write, in bytes: a disk that fills up.
const fileLimit = "STHENO_TEST_FILE_LIMIT"

func limitFiles() {
	n, err := strconv.ParseUint(os.Getenv(fileLimit), 10, 64)
	if err != nil {
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}
