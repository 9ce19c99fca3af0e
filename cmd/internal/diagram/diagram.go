// Package diagram writes diagrams of networks: as SVG and PNG, which it draws itself, and as text for Graphviz and Mermaid.
package diagram

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is the most characters of a label that is shown whole.
const longest = 44

// short is a label, cut if it is too long.
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
	for _, word := range strings.Fields(clean(s)) {
		word = short(word)
		if last := len(lines) - 1; last >= 0 && utf8.RuneCountInString(lines[last]+word) < letters {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
