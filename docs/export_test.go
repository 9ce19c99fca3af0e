package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestExport and TestImport run the commands and the programs of a page, in one folder.
func TestExport(t *testing.T) { tryPage(t, "export.md") }

func TestImport(t *testing.T) { tryPage(t, "import.md") }

func tryPage(t *testing.T, name string) {
	program(t)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	page := try(t, string(text))
	if *update {
		if err := os.WriteFile(name, []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// needs has, by a word of a command, what must succeed for it to run: other programs need not be here.
var needs = map[string][]string{
	"node ":                   {"node", "-e", `require("onnxruntime-node")`},
	"/usr/bin/python3 mlp.py": {"/usr/bin/python3", "-c", "import torch"},
	"/usr/bin/python3 -W ignore torch_net.py": {"/usr/bin/python3", "-c", "import torch"},
	"/usr/bin/python3 -c 'import numpy;":      {"/usr/bin/python3", "-c", "import numpy"},
}

// lacks says that a block has a command which cannot run here.
func lacks(t *testing.T, block string) bool {
	for word, test := range needs {
		if !strings.Contains(block, "$ "+word) {
			continue
		}
		cmd := exec.Command(test[0], test[1:]...)
		cmd.Env = environment()
		if cmd.Run() != nil {
			t.Logf("not run: %s", block)
			return true
		}
	}
	return false
}

// environment finds the program under test, and the packages that .ci/run installs for Node.js.
func environment() []string {
	bin := filepath.Join(temporary, "bin")
	modules, _ := filepath.Abs("../.ci/onnx/node_modules") // without it, node looks where it looks
	return append(os.Environ(), "GOBIN="+bin, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NODE_PATH="+modules)
}
