// Vector writes the assembly of the kernels that walk over slices.
package main

import "github.com/stheno-ml/stheno/internal/kernel/_asm/kernels"

func main() { kernels.Vectors() }
