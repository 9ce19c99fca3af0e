// Stheno trains, measures and uses the networks of Nielsen's book. Run it without arguments for its commands.
package main

import (
	"os"

	"github.com/stheno-ml/stheno/cmd/cli"
	"github.com/stheno-ml/stheno/models"
)

func main() { os.Exit(cli.Main(models.All, os.Args[1:])) }
