// Product writes the assembly of the matrix products.
package main

import "github.com/stheno-ml/stheno/internal/kernel/_asm/kernels"

func main() { kernels.Products() }
