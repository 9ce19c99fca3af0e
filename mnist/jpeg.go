package mnist

import "encoding/binary"

// jpegHead is what a JPEG says before its pixels.
type jpegHead struct {
	orientation int // EXIF's, 1 to 8; 1 is upright
	progressive bool
	samples     float64 // values per pixel, of all components
}

// The markers that begin segments.
const (
	jpegMark = 0xff
	jpegSOF0 = 0xc0 // the size: baseline
	jpegSOF2 = 0xc2 // progressive
	jpegScan = 0xda
	jpegAPP1 = 0xe1 // EXIF
)

// readJPEGHead reads segments up to the size. It ignores damage, which the decoder will find.
func readJPEGHead(b []byte) jpegHead {
	head := jpegHead{orientation: 1}
	for b = b[min(2, len(b)):]; len(b) >= 4 && b[0] == jpegMark; {
		marker, n := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if marker == jpegMark { // padding
			b = b[1:]
			continue
		}
		if marker == jpegScan || n < 2 || n+2 > len(b) {
			break
		}
		segment := b[4 : n+2]
		switch marker {
		case jpegAPP1:
			if o := exifOrientation(segment); o != 0 {
				head.orientation = o
			}
		case jpegSOF0, jpegSOF0 + 1, jpegSOF2:
			head.progressive = marker == jpegSOF2
			head.samples = samplesPerPixel(segment)
		}
		b = b[n+2:]
	}
	return head
}

// samplesPerPixel returns 3 for color at full size, and 1.5 for color at half the width and height.
func samplesPerPixel(sof []byte) float64 {
	const components, each = 5, 3 // where the number of components is, and the bytes of each; the second byte is h and v
	if len(sof) <= components {
		return 4
	}
	var list [][2]int
	most := [2]int{1, 1}
	for b := sof[components+1:]; len(b) >= each && len(list) < int(sof[components]); b = b[each:] {
		hv := [2]int{int(b[1] >> 4), int(b[1] & 15)}
		list = append(list, hv)
		most = [2]int{max(most[0], hv[0]), max(most[1], hv[1])}
	}
	sum := 0.0
	for _, hv := range list {
		sum += float64(hv[0]*hv[1]) / float64(most[0]*most[1])
	}
	return sum
}

// exifOrientation finds the orientation in an APP1 segment: entry 0x0112 of a TIFF's first directory. It returns 0 if there is none.
func exifOrientation(b []byte) int {
	const name, tag, entry = "Exif\x00\x00", 0x0112, 12
	if len(b) < len(name)+8 || string(b[:len(name)]) != name {
		return 0
	}
	b = b[len(name):]
	var order binary.ByteOrder = binary.BigEndian
	switch string(b[:2]) {
	case "II":
		order = binary.LittleEndian
	case "MM":
	default:
		return 0
	}
	at := order.Uint32(b[4:])
	if uint64(at)+2 > uint64(len(b)) {
		return 0
	}
	n := order.Uint16(b[at:])
	for b = b[at+2:]; n > 0 && len(b) >= entry; n-- {
		if o := order.Uint16(b[8:]); order.Uint16(b) == tag && o >= 1 && o <= 8 {
			return int(o)
		}
		b = b[entry:]
	}
	return 0
}
