package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"

	"github.com/stheno-ml/stheno/graph"
)

func (a *app) versionCommand() *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "version [flags]",
		Short: "Print the build, the kernels and the processor",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if json {
				return printJSON(a.out, object{
					{"build", build()}, {"go", runtime.Version()}, {"os", runtime.GOOS}, {"arch", runtime.GOARCH},
					{"kernel", graph.Kernel()}, {"kernels", graph.Kernels()}, {"cpu", processor()},
					{"processors", runtime.GOMAXPROCS(0)}, {"vms", []string{"stheno", "tape"}},
				})
			}
			var t table
			t.add("stheno", build())
			t.add("go", fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH))
			t.add("kernel", fmt.Sprintf("%s of %s", graph.Kernel(), strings.Join(graph.Kernels(), ", ")))
			t.add("cpu", fmt.Sprintf("%d processors: %s", runtime.GOMAXPROCS(0), strings.Join(processor(), " ")))
			t.add("vm", "stheno, tape")
			t.print(a.out)
			return nil
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print a JSON object")
	return cmd
}

// build is the module's version, and the revision if it was built from a repository.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version, revision, modified := info.Main.Version, "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = " " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " with changes"
		}
	}
	return version + revision + modified
}

// processor lists the features of this processor that the kernels use.
func processor() []string {
	features := []string{}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA}, {"avx512f", cpu.X86.HasAVX512F}, {"avx512bw", cpu.X86.HasAVX512BW},
		{"avx512dq", cpu.X86.HasAVX512DQ}, {"avx512vl", cpu.X86.HasAVX512VL}, {"asimd", cpu.ARM64.HasASIMD},
	} {
		if f.has {
			features = append(features, f.name)
		}
	}
	return features
}
