// Stheno is an automatic-differentiation framework and a trainer for neural networks. Run it without arguments to list its commands.
package main

import (
	"os"

	"github.com/stheno-ml/stheno/cmd/cli"
	"github.com/stheno-ml/stheno/models"
)

func main() { os.Exit(cli.Main(models.All, os.Args[1:])) }
