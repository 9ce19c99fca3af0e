package diagram

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// TestText is the diagram of a small network in the languages of others.
func TestText(t *testing.T) {
	d := of(t, graph.Seq{graph.Flatten{}, graph.Residual{graph.Dense{Out: 784}, graph.ReLU}, graph.Dense{Out: 10}}, graph.LayerLevel)
	for _, c := range []struct {
		form func(title, about string, d graph.Diagram) string
		want string
	}{
		{DOT, `digraph {
  label="a \"name\"\nwhat it is"; labelloc=t; fontname="sans-serif"
  node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11]
  n0 [label="input\n1×28×28", fillcolor="#f6f8fa", color="#8c959f"]
  n1 [label="flatten\n784", fillcolor="#edf4fc", color="#5b8cc4"]
  subgraph cluster2 {
    label="residual\n615,440 parameters"; style="rounded,filled"; fillcolor="#f6f8fa"; color="#afb8c1"
    n3 [label="dense(784)\n784 · 615,440 parameters", fillcolor="#edf4fc", color="#5b8cc4"]
    n4 [label="relu\n784", fillcolor="#edf4fc", color="#5b8cc4"]
    n5 [label="add\n784", fillcolor="#edf4fc", color="#5b8cc4"]
  }
  n6 [label="dense(10)\n10 · 7,850 parameters", fillcolor="#edf4fc", color="#5b8cc4"]
  n7 [label="log-likelihood", fillcolor="#f1e6fa", color="#8a5fb0"]
  n0 -> n1
  n1 -> n3
  n3 -> n4
  n1 -> n5
  n4 -> n5
  n5 -> n6
  n6 -> n7
}
`},
		{Mermaid, `---
title: "a \"name\""
---
flowchart TB
  accDescr: what it is
  n0["input<br>1×28×28"]:::input
  n1["flatten<br>784"]:::forward
  subgraph n2["residual<br>615,440 parameters"]
    n3["dense(784)<br>784 · 615,440 parameters"]:::forward
    n4["relu<br>784"]:::forward
    n5["add<br>784"]:::forward
  end
  n6["dense(10)<br>10 · 7,850 parameters"]:::forward
  n7["log-likelihood"]:::cost
  n0 --> n1
  n1 --> n3
  n3 --> n4
  n1 --> n5
  n4 --> n5
  n5 --> n6
  n6 --> n7
  classDef input fill:#f6f8fa,stroke:#8c959f,color:#1f2328
`},
	} {
		got := c.form(`a "name"`, "what it is", d)
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s\nwant\n%s", got, c.want)
		}
	}
}

// TestBackward: in Graphviz's text the arrows of the backward pass are drawn from below.
func TestBackward(t *testing.T) {
	dot := DOT("", "", of(t, graph.Dense{Out: 10}, graph.GradientLevel))
	for _, want := range []string{`[label="tMul\n∇ dense1.w\n784×10"`, ` [label="dense1.b\n10"`, "n9 -> n8 [dir=back]"} {
		if !strings.Contains(dot, want) {
			t.Errorf("no %s in\n%s", want, dot)
		}
	}
}

// TestSVG: the picture is XML, has every label whole in a tooltip, and texts that fit their boxes.
func TestSVG(t *testing.T) {
	for name, net := range nets {
		for _, level := range levels {
			d := of(t, net, level)
			svg := SVG(unfit, unfit+name, d)
			said := texts(t, svg)
			if !said[name] && !said[name+"…"] && !strings.Contains(svg, name+"</text>") {
				t.Errorf("%s, %s: nothing about it", name, level)
			}
			for _, b := range d.Boxes {
				if !said[clean(b.Label)] {
					t.Errorf("%s, %s: no label %.60q", name, level, b.Label)
				}
			}
			if again := SVG(unfit, unfit+name, of(t, net, level)); again != svg {
				t.Errorf("%s, %s: the same network twice, but not the same picture", name, level)
			}
		}
	}
}

// TestLines: every line and every head of the layout is in the picture, and the roles are explained where there are several.
func TestLines(t *testing.T) {
	for _, level := range levels {
		d, backward := of(t, nets["residual"], level), level == graph.GradientLevel || level == graph.FoldedLevel
		svg := SVG("", "", d)
		if n := strings.Count(svg, `<path class="link `); n != len(draw(d).paths) {
			t.Errorf("%s: %d lines of %d", level, n, len(draw(d).paths))
		}
		if n := strings.Count(svg, `<path class="head `); n != len(d.Arrows) {
			t.Errorf("%s: %d heads of %d", level, n, len(d.Arrows))
		}
		said := texts(t, svg)
		for legend, want := range map[string]bool{
			"parameter": level != graph.LayerLevel, "forward": level != graph.LayerLevel, "backward": backward,
			"gradient of a parameter": backward,
		} {
			if said[legend] != want {
				t.Errorf("%s: it says %q: %v", level, legend, !want)
			}
		}
	}
	if wide, narrow := width("層", 10), width("xx", 10); wide != narrow {
		t.Errorf("a letter that is twice as wide takes %v, not %v", wide, narrow)
	}
}

// texts parses the picture.
func texts(t *testing.T, svg string) map[string]bool {
	t.Helper()
	said := map[string]bool{}
	for x := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := x.Token()
		if errors.Is(err, io.EOF) {
			return said
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := token.(xml.CharData); ok {
			said[string(s)] = true
		}
	}
}

// TestFit: a text is as wide as its box at most, however long the name.
func TestFit(t *testing.T) {
	for _, net := range nets {
		for _, b := range draw(of(t, net, graph.LayerLevel)).boxes {
			label, details := text(b.Box)
			if b.Role == graph.FrameRole {
				continue
			}
			for _, d := range details {
				if width(d, detailSize) > b.w-20 {
					t.Errorf("%q is wider than %.0f", d, b.w)
				}
			}
			if width(label, labelSize) > b.w-20 || b.w > 700 {
				t.Errorf("%q in a box of %.0f", label, b.w)
			}
		}
	}
}

// TestUnfit: a name that is not made for a language does not break out of its quotes.
func TestUnfit(t *testing.T) {
	d := of(t, nets["wide"], graph.LayerLevel)
	if dot := DOT("", "", d); !strings.Contains(dot, `<b>&amp;\"quoted\" \\n back\\slash  `) {
		t.Error(dot[:1000])
	}
	for _, line := range strings.Split(DOT("", "", d), "\n") {
		if n := strings.Count(strings.NewReplacer(`\\`, "", `\"`, "").Replace(line), `"`); n%2 != 0 {
			t.Errorf("%d quotes in %s", n, line)
		}
	}
	for _, line := range strings.Split(Mermaid("", "", d), "\n") {
		if strings.Contains(line, "quoted") && (strings.Count(line, `"`) != 2 || strings.Count(line, "<") != 1 || strings.Contains(line, "`")) {
			t.Errorf("not quoted: %s", line)
		}
	}
}

// TestContrast: text can be read on every ground, by day and by night: a contrast of 4.5 at least, as the Web Content Accessibility
// Guidelines ask for.
func TestContrast(t *testing.T) {
	svg := SVG("", "", of(t, graph.Dense{Out: 10}, graph.GradientLevel))
	day, night, _ := strings.Cut(svg, "@media")
	for name, css := range map[string]string{"day": day, "night": night} {
		fill := func(class string) float64 {
			_, rule, ok := strings.Cut(css, class+"{fill:#")
			if !ok {
				t.Fatalf("%s: no rule for %s", name, class)
			}
			return luminance(t, rule[:6])
		}
		grounds := []string{".ground", ".learns"}
		for _, c := range colors {
			grounds = append(grounds, "."+string(c.role))
		}
		for _, ink := range []string{".label", ".detail"} {
			for _, ground := range grounds {
				a, b := fill(ink), fill(ground)
				if contrast := (max(a, b) + .05) / (min(a, b) + .05); contrast < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", name, ink, ground, contrast)
				}
			}
		}
	}
}

// luminance is that of an sRGB color, 0 to 1.
func luminance(t *testing.T, hex string) (l float64) {
	rgb, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	for i, weight := range []float64{.0722, .7152, .2126} {
		c := float64(rgb>>(8*i)&255) / 255
		if c <= .04045 {
			l += weight * c / 12.92
		} else {
			l += weight * math.Pow((c+.055)/1.055, 2.4)
		}
	}
	return l
}

// TestNoDescription: a diagram of nothing that is said has no line for it, which in Mermaid would swallow the next.
func TestNoDescription(t *testing.T) {
	if text := Mermaid("x", "", graph.Diagram{}); strings.Contains(text, "accDescr") || !strings.Contains(text, "flowchart TB\n") {
		t.Error(text)
	}
}
