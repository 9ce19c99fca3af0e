package diagram

import (
	"fmt"
	"strings"

	"github.com/stheno-ml/stheno/graph"
)

// outlined writes the boxes of a diagram with the frames around them, for languages with nesting.
type outlined struct {
	strings.Builder
	d                graph.Diagram
	box, frame, shut func(indent string, i int, b graph.Box)
}

func (o *outlined) write(inside int, indent string) {
	for i, b := range o.d.Boxes {
		switch {
		case b.Inside != inside:
		case b.Role == graph.FrameRole:
			o.frame(indent, i, b)
			o.write(i, indent+"  ")
			o.shut(indent, i, b)
		default:
			o.box(indent, i, b)
		}
	}
}

// lines are the texts of a box.
func lines(b graph.Box) []string {
	label, details := text(b)
	return append([]string{label}, details...)
}

// DOT is the diagram in the language of Graphviz.
func DOT(title, about string, d graph.Diagram) string {
	o := &outlined{d: d}
	o.frame = func(indent string, i int, b graph.Box) {
		name, params := frameTitle(b)
		fmt.Fprintf(o, "%ssubgraph cluster%d {\n%[1]s  label=%[3]s; style=\"rounded,filled\"; %[4]s\n", indent, i, dotText(name, params), dotColors(b.Role))
	}
	o.shut = func(indent string, _ int, _ graph.Box) { fmt.Fprintf(o, "%s}\n", indent) }
	o.box = func(indent string, i int, b graph.Box) {
		fmt.Fprintf(o, "%sn%d [label=%s, %s]\n", indent, i, dotText(lines(b)...), strings.ReplaceAll(dotColors(b.Role), ";", ","))
	}
	fmt.Fprintf(o, "digraph {\n  label=%s; labelloc=t; fontname=\"sans-serif\"\n", dotText(title, about))
	o.WriteString("  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11]\n")
	o.write(noBox, "  ")
	for _, a := range d.Arrows {
		from, to := a.From, a.To
		back := ""
		if backward(d.Boxes[from].Role) && backward(d.Boxes[to].Role) { // drawn upwards, beside the forward pass
			from, to, back = to, from, " [dir=back]"
		}
		fmt.Fprintf(o, "  n%d -> n%d%s\n", from, to, back)
	}
	o.WriteString("}\n")
	return o.String()
}

// dotText is a quoted string of lines.
func dotText(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	return quoted(lines, `\n`, func(l string) string { return escape.Replace(clean(l)) })
}

// quoted is a string of the lines that are not empty, with line ends between them.
func quoted(lines []string, end string, escape func(string) string) string {
	var all []string
	for _, l := range lines {
		if l != "" {
			all = append(all, escape(l))
		}
	}
	return `"` + strings.Join(all, end) + `"`
}

func dotColors(r graph.Role) string {
	c := looks(r)
	return fmt.Sprintf("fillcolor=%q; color=%q", c.fill, c.line)
}

// Mermaid is the diagram as a flowchart for Mermaid.
func Mermaid(title, about string, d graph.Diagram) string {
	o := &outlined{d: d}
	o.frame = func(indent string, i int, b graph.Box) {
		name, params := frameTitle(b)
		fmt.Fprintf(o, "%ssubgraph n%d[%s]\n", indent, i, mermaidText(name, params))
	}
	o.shut = func(indent string, _ int, _ graph.Box) { fmt.Fprintf(o, "%send\n", indent) }
	o.box = func(indent string, i int, b graph.Box) {
		fmt.Fprintf(o, "%sn%d[%s]:::%s\n", indent, i, mermaidText(lines(b)...), b.Role)
	}
	fmt.Fprintf(o, "---\ntitle: %s\n---\nflowchart TB\n", dotText(title))
	if about != "" { // an empty description would take over the next line
		fmt.Fprintf(o, "  accDescr: %s\n", mermaidLine(about))
	}
	o.write(noBox, "  ")
	for _, a := range d.Arrows {
		fmt.Fprintf(o, "  n%d --> n%d\n", a.From, a.To)
	}
	for _, c := range colors {
		if c.role != graph.FrameRole {
			fmt.Fprintf(o, "  classDef %s fill:%s,stroke:%s,color:#1f2328\n", c.role, c.fill, c.line)
		}
	}
	return o.String()
}

// mermaidText is a quoted string of lines.
func mermaidText(lines ...string) string { return quoted(lines, "<br>", mermaidLine) }

// mermaidLine writes everything except letters, digits and a few signs by character codes.
func mermaidLine(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		if strings.ContainsRune("\"#;&<>`\\{}|:%", r) {
			fmt.Fprintf(&b, "#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
