package intake

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape returns text with JSON escapes in place of what does not print and so could command a terminal. Line ends and tabs stay. Bytes
// that are not UTF-8 become \xNN.
func Escape(text []byte) []byte {
	passes := func(r rune) bool { return unicode.IsPrint(r) || r == '\n' || r == '\t' || r == '\u00a0' }
	if utf8.Valid(text) && bytes.IndexFunc(text, func(r rune) bool { return !passes(r) }) < 0 {
		return text
	}
	var b []byte
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1:
			b = fmt.Appendf(b, `\x%02x`, text[0])
		case passes(r):
			b = append(b, text[:n]...)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				b = fmt.Appendf(b, `\u%04x`, unit)
			}
		}
		text = text[n:]
	}
	return b
}

// Line is Escape for text that must stay on one line, such as the name of a folder.
func Line(text string) string {
	return strings.NewReplacer("\n", `\u000a`, "\t", `\u0009`).Replace(string(Escape([]byte(text))))
}
