// Package mnist holds the MNIST digits and everything that turns files and pictures into images of that kind.
// It needs the standard library only, and does no arithmetic on networks.
//
//   - load.go: [Load] (the digits inside the program) and [LoadDir] (any data set in MNIST's file layout), split as
//     in Nielsen's book; [Data] with the digests of its files
//   - idx.go: the reader of IDX files, which trusts nothing that a header says; [FormatError]
//   - array.go: [LoadArrays], IDX files of any element type and shape
//   - set.go: [Set], labeled images, one byte a pixel
//   - book.go: what the book does to the data: [Expand], [Darkness]
//   - picture.go: [ReadImage], a PNG, JPEG or GIF of bounded size, upright; jpeg.go knows how the camera was held, and
//     reduce.go makes large pictures smaller
//   - digits.go: [Digits], those in a drawing, photo or scan, each in the frame that MNIST has: 28×28, light on dark;
//     with background.go, which tells strokes from paper, sheet.go, which tells digits from other ink, line.go and
//     ink.go, which know lines and pieces of ink, grid.go, which scales, and frame.go
//
// Pixels stay bytes here, 0 for the dark background and 255 for full ink. Networks take byte/[PixelScale].
package mnist
