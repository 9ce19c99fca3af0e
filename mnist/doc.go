// Package mnist holds the MNIST digits, and turns files and pictures into images like them. It needs only the standard library, and knows nothing
// of networks. Start with [Load] for the digits inside the program, [LoadDir] or [LoadArrays] for a data set in files, and [ReadImage] and
// [Digits] for a picture. Pixels are bytes, 0 for the dark background and 255 for full ink; networks take byte/[PixelScale].
//
// The files:
//
//   - load.go: [Load] and [LoadDir], split as in Nielsen's book; [Data] with the digests of its files
//   - idx.go: the reader of IDX files, which trusts nothing that a header says; [FormatError]
//   - array.go: [LoadArrays], for IDX files of any element type and shape
//   - set.go: [Set], labeled images with one byte per pixel
//   - book.go: what the book does to the data: [Expand], [Darkness]
//   - picture.go: [ReadImage], for a PNG, JPEG or GIF of limited size, upright; jpeg.go finds out how the camera was held, and reduce.go
//     makes large pictures smaller
//   - digits.go: [Digits], which finds digits in a drawing, photo or scan and puts each into MNIST's frame: 28×28, light on dark. It uses
//     background.go, which tells strokes from paper, sheet.go, which tells digits from other ink, line.go and ink.go, which find lines
//     and pieces of ink, grid.go, which scales, and frame.go
package mnist
