//go:build mpi

package mpi

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// An abi is the handles and constants from an MPI library's mpi.h.
type abi struct {
	world, float, double, add, returns uintptr // MPI_COMM_WORLD, MPI_FLOAT, MPI_DOUBLE, MPI_SUM, MPI_ERRORS_RETURN
	inPlace                            uintptr // MPI_IN_PLACE
	serialized                         int32   // MPI_THREAD_SERIALIZED
}

// mpich is the common ABI of MPICH 3.1, Intel MPI 5, MVAPICH 2.2, Cray MPT 7 and later versions (www.mpich.org/abi). standard is the ABI of MPI 5.0,
// chapter 20.
var (
	mpich    = abi{0x44000000, 0x4c00040a, 0x4c00080b, 0x58000003, 0x54000001, ^uintptr(0), 2}
	standard = abi{0x101, 0x210, 0x214, 0x21, 0x142, 1, 2048}
)

// named is the file of a library, and its ABI.
type named struct {
	name string
	abi  abi
}

// libraries are tried in this order. Debian's MPICH has the first name. MPICH's own build and its relatives have the second, which Open MPI 1.10
// also used.
var libraries = []named{{"libmpich.so.12", mpich}, {"libmpi.so.12", mpich}, {"libmpi_abi.so.0", standard}}

// bound are the functions of a library.
type bound struct {
	abi
	initThread func(argc, argv uintptr, required int32, provided *int32) int32
	setHandler func(comm, handler uintptr) int32
	commRank   func(comm uintptr, rank *int32) int32
	commSize   func(comm uintptr, size *int32) int32
	allreduce  func(send uintptr, receive unsafe.Pointer, count int32, datatype, op, comm uintptr) int32
	errorText  func(code int32, text *byte, length *int32) int32
	libVersion func(text *byte, length *int32) int32
	finish     func() int32
	abortAll   func(comm uintptr, code int32) int32
}

// quiet keeps UCX, which MPICH may use, from printing its stack after another process has died, and from taking over the signals by which Go notices
// a nil pointer. Go's report of the abort that follows would hide the error too.
func quiet() {
	for name, value := range map[string]string{"UCX_HANDLE_ERRORS": "none", "UCX_ERROR_SIGNALS": ""} {
		if _, set := os.LookupEnv(name); !set {
			os.Setenv(name, value)
		}
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGABRT)
}

// Start loads the library, and joins this process's job. A process that mpirun has not started is a job of its own.
func Start() (*World, error) {
	quiet()
	b, err := load(libraries)
	if err != nil {
		return nil, err
	}
	var provided, rank, size int32
	if err := b.check("MPI_Init_thread", b.initThread(0, 0, b.serialized, &provided)); err != nil {
		return nil, err
	}
	if provided < b.serialized {
		return nil, fmt.Errorf("%s: it supports only the first thread of a process; use a build with thread support", b.version())
	}
	w := &World{library: b, sharing: 1}
	err = errors.Join(
		b.check("MPI_Comm_set_errhandler", b.setHandler(b.world, b.returns)),
		b.check("MPI_Comm_rank", b.commRank(b.world, &rank)),
		b.check("MPI_Comm_size", b.commSize(b.world, &size)))
	if err != nil {
		return nil, err
	}
	if w.rank, w.size = int(rank), int(size); w.size == 1 {
		return w, stranded()
	}
	w.sharing, err = w.count(processors())
	return w, err
}

// processors names the processors that this process may run on.
func processors() string {
	host, _ := os.Hostname() // without a name, all processes seem to be on one host
	var set unix.CPUSet
	_ = unix.SchedGetaffinity(0, &set) // without an answer, each process seems to have all processors
	return fmt.Sprint(host, set)
}

// count is the number of processes that give the same text.
func (w *World) count(text string) (int, error) {
	h := fnv.New64a()
	h.Write([]byte(text))
	sum := float64(h.Sum64() >> 11) // 53 bits fit into a float64
	all := make([]float64, w.size)
	all[w.rank] = sum
	if err := w.Sum(all); err != nil {
		return 0, err
	}
	n := 0
	for _, other := range all {
		if other == sum {
			n++
		}
	}
	return n, nil
}

// stranded is an error if this process was started as one of several by a launcher that the library does not understand. Then each process would
// take itself for the only one.
func stranded() error {
	for _, v := range []string{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"} {
		if n, err := strconv.Atoi(os.Getenv(v)); err == nil && n > 1 {
			return fmt.Errorf("%s is %d, but MPI sees only one process; start it with the mpirun of the installed MPI library, or with srun --mpi=pmi2", v, n)
		}
	}
	return nil
}

// load finds the first library that exists, and its functions.
func load(libraries []named) (*bound, error) {
	var tried []string
	for _, l := range libraries {
		tried = append(tried, l.name)
		handle, err := purego.Dlopen(l.name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err != nil {
			continue
		}
		if _, err := purego.Dlsym(handle, "ompi_mpi_comm_world"); err == nil {
			tried[len(tried)-1] += " (Open MPI's, which has another ABI)"
			continue
		}
		b := &bound{abi: l.abi}
		if err := b.bind(handle); err != nil {
			return nil, fmt.Errorf("%s: %w; install another version of MPICH", l.name, err)
		}
		return b, nil
	}
	return nil, fmt.Errorf("no MPI library: tried %s; install MPICH (Debian: apt-get install mpich), or add its folder to LD_LIBRARY_PATH", strings.Join(tried, ", "))
}

func (b *bound) bind(handle uintptr) error {
	for _, f := range []struct {
		function any
		name     string
	}{
		{&b.initThread, "MPI_Init_thread"}, {&b.setHandler, "MPI_Comm_set_errhandler"}, {&b.commRank, "MPI_Comm_rank"},
		{&b.commSize, "MPI_Comm_size"}, {&b.allreduce, "MPI_Allreduce"}, {&b.errorText, "MPI_Error_string"},
		{&b.libVersion, "MPI_Get_library_version"}, {&b.finish, "MPI_Finalize"}, {&b.abortAll, "MPI_Abort"},
	} {
		address, err := purego.Dlsym(handle, f.name)
		if err != nil {
			return err
		}
		purego.RegisterFunc(f.function, address)
	}
	return nil
}

// check turns a function's result into an error.
func (b *bound) check(function string, code int32) error {
	if code == 0 {
		return nil
	}
	var text [8192]byte // more than any library's MPI_MAX_ERROR_STRING
	var n int32
	if b.errorText(code, &text[0], &n) != 0 {
		return fmt.Errorf("%s: error %d", function, code)
	}
	return fmt.Errorf("%s: %s", function, text[:n])
}

func (b *bound) sum(x any) error {
	switch x := x.(type) {
	case []float32:
		return b.check("MPI_Allreduce", b.allreduce(b.inPlace, unsafe.Pointer(unsafe.SliceData(x)), int32(len(x)), b.float, b.add, b.world))
	case []float64:
		return b.check("MPI_Allreduce", b.allreduce(b.inPlace, unsafe.Pointer(unsafe.SliceData(x)), int32(len(x)), b.double, b.add, b.world))
	}
	return fmt.Errorf("%T cannot be added up; use []float32 or []float64", x)
}

func (b *bound) finalize() error { return b.check("MPI_Finalize", b.finish()) }

func (b *bound) abort(code int) {
	b.abortAll(b.world, int32(code))
	os.Exit(code) // the library may return
}

func (b *bound) version() string {
	var text [8192]byte // MPI_MAX_LIBRARY_VERSION_STRING, which is the largest of all libraries'
	var n int32
	b.libVersion(&text[0], &n)
	line, _, _ := strings.Cut(string(text[:n]), "\n")
	return strings.TrimRight(line, "\x00")
}
