package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// example is a model file that explains everything in it.
//
//go:embed example.toml
var example string

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init FILE.toml",
		Short: "Write an example model file, with comments",
		Long: wrap("Write a small convolutional network as a TOML file with comments, for you to change and train. An existing file is not "+
			"overwritten.", 100),
		Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !strings.HasSuffix(args[0], ".toml") {
				return usagef("init %s; use a name that ends in .toml", args[0])
			}
			if err := writeNew(args[0], example); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "next: %s train %s\n", commandName(), shellWord(args[0]))
			return nil
		},
	}
}

// writeNew writes a file that does not exist yet.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s exists already; give another name", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
