// Package diagram writes the diagrams of networks: as SVG, drawn here, and as text for Graphviz and Mermaid.
package diagram

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is the number of letters up to which a label is shown whole.
const longest = 44

// short is a label that fits.
func short(s string) string {
	s = clean(s)
	if utf8.RuneCountInString(s) <= longest {
		return s
	}
	return string([]rune(s)[:longest-1]) + "…"
}

// clean is s without anything that is not a letter or a space.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// wrapped breaks a text into lines.
func wrapped(s string, letters int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(clean(s)) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > letters {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += short(word)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
