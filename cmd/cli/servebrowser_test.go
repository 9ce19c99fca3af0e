package cli

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser starts a Chromium that is closed at the test's end; without one, the test is skipped.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		t.Skip("no Chromium; apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is a tab of a browser on a page under test.
type tab struct {
	*testing.T
	ctx context.Context
	url string
}

// open opens a view in a tab of its own. Whatever is written to its console fails the test.
func (s *served) open(browser context.Context, t *testing.T, view string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	console := chromedp.Console(ctx)
	var read sync.WaitGroup
	read.Go(func() {
		for m, err := range console {
			if err == nil {
				t.Errorf("%s: console: %s", view, m)
			}
		}
	})
	b := &tab{t, ctx, s.url}
	t.Cleanup(func() {
		cancel()
		read.Wait()
	})
	b.do(chromedp.Navigate(s.url + "/#" + view))
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute) // a second is plenty, but on a machine that is busy otherwise
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		b.Fatalf("%v\n%s", err, text)
	}
}

// until waits for an expression of JavaScript to be true.
func (b *tab) until(expression string) {
	b.Helper()
	b.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		for {
			ok, err := chromedp.Evaluate[bool]("!!("+expression+")")(ctx, t)
			if err != nil {
				return chromedp.Void{}, fmt.Errorf("%s: %w", expression, err)
			}
			if ok {
				return chromedp.Void{}, nil
			}
			select {
			case <-ctx.Done():
				return chromedp.Void{}, fmt.Errorf("%s: %w", expression, ctx.Err())
			case <-time.After(30 * time.Millisecond):
			}
		}
	})
}

// click clicks what a selector finds.
func (b *tab) click(selector string) { b.Helper(); b.do(chromedp.Click(chromedp.CSS(selector))) }

// draw draws a stroke over points of the canvas, from 0 to 1.
func (b *tab) draw(points ...[2]float64) {
	b.Helper()
	b.until(`document.querySelector("#pad")`)
	box, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]float64](`(r => [r.left, r.top, r.width, r.height])(document.querySelector("#pad").getBoundingClientRect())`))
	if err != nil {
		b.Fatal(err)
	}
	at := func(p [2]float64) (x, y float64) { return box[0] + p[0]*box[2], box[1] + p[1]*box[3] }
	x, y := at(points[0])
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, chromedp.ButtonLeft))
	for i := range points[1:] {
		for k := range 6 {
			f := float64(k+1) / 6
			x, y = at([2]float64{points[i][0]*(1-f) + points[i+1][0]*f, points[i][1]*(1-f) + points[i+1][1]*f})
			b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y, chromedp.ButtonLeft))
		}
	}
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x, y, chromedp.ButtonLeft))
}

// TestPage drives the views in a real browser.
func TestPage(t *testing.T) {
	b := browser(t)
	s := serve(t)
	t.Run("draw", func(t *testing.T) { drawsDigits(s.open(b, t, "draw")) })
	t.Run("train", func(t *testing.T) { startsAndStops(s.open(b, t, "train")) })
	t.Run("watch", func(t *testing.T) { watches(s.open(b, t, "watch"), s) })
	t.Run("compare", func(t *testing.T) { comparesRuns(s.open(b, t, "compare/"+s.run+","+s.newest()), s) })
	t.Run("gradient", func(t *testing.T) { showsSteps(s.open(b, t, "gradient")) })
	t.Run("narrow", func(t *testing.T) { fitsPhones(s.open(b, t, "draw"), s) })
	ok(t, "train", "autoencoder", "--data", dataSet(t, 600, 100), "--runs", s.runs, "--epochs", "1", "--batch", "50", "--seed", "1")
	coder := s.newest()
	t.Run("images", func(t *testing.T) { drawsImages(s.open(b, t, "draw")) })
	t.Run("losses", func(t *testing.T) { comparesLosses(s.open(b, t, "compare/"+coder), coder) })
	ok(t, "train", "dense(16) relu dense(1)", "--data", houses(t), "--target", "price", "--runs", s.runs, "--epochs", "10", "--seed", "1")
	price := s.newest()
	t.Run("rows", func(t *testing.T) { predictsRows(s.open(b, t, "draw")) })
	t.Run("numbers", func(t *testing.T) { comparesNumbers(s.open(b, t, "compare/"+price+","+s.run), price) })
}

// drawsImages: what an autoencoder makes of a drawing stands in the place of a digit and its bars.
func drawsImages(b *tab) {
	b.draw([2]float64{.3, .2}, [2]float64{.7, .2}, [2]float64{.45, .8})
	b.until(`document.querySelector(".answer > canvas").width === 28 && document.querySelector(".answer > canvas").offsetWidth > 28`)
	b.until(`document.querySelectorAll(".layer canvas").length === 3 && document.querySelector("#spoken").textContent === "an image"`)
	b.until(`!document.querySelector(".answer .verdict").offsetWidth && !document.querySelector(".bars").offsetWidth`)
	b.click("#clear")
	b.until(`!document.querySelector(".answer > canvas").offsetWidth`)
}

// comparesLosses: the test of an autoencoder is a loss.
func comparesLosses(b *tab, run string) {
	b.click(fmt.Sprintf("[data-test=%q] summary", run))
	b.until(fmt.Sprintf(`document.querySelector('[data-test=%q]').innerText.includes("100 test images: a loss of 0.")`, run))
}

// predictsRows: a run over a table has a field for each column, and its answer follows them; from there one comes to the canvas and back.
func predictsRows(b *tab) {
	b.until(`document.querySelectorAll(".fields label").length === 3 && document.querySelector("#answer dd")`)
	b.until(`(window.before = document.querySelector("#answer dd").textContent) !== ""`)
	b.until(`((f) => { f.value = "400"; f.dispatchEvent(new Event("input")); return true; })(document.querySelector(".fields input"))`)
	b.until(`document.querySelector("#answer dd").textContent !== window.before`)
	b.until(`((f) => { f.value = ""; f.dispatchEvent(new Event("input")); return true; })(document.querySelector(".fields input"))`)
	b.until(`document.querySelector(".fault").textContent === "area: give a number"`)
	b.click("#draw-instead")
	b.until(`document.querySelector("#pad")`)
	b.click("#by-row")
	b.until(`document.querySelector("#answer dd")`)
}

// comparesNumbers: a run for numbers beside one for classes has its errors in the table and its test.
func comparesNumbers(b *tab, run string) {
	b.until(`document.querySelector("#settings thead")?.innerText.includes("R²") && document.querySelectorAll("#settings tbody tr").length === 2`)
	b.click(fmt.Sprintf("[data-test=%q] summary", run))
	b.until(fmt.Sprintf(`document.querySelector('[data-test=%q]').innerText.includes("mean absolute error")`, run))
}

// drawsDigits: what the network says to strokes is in the page; a drawing that was said to be a digit is kept.
func drawsDigits(b *tab) {
	b.draw([2]float64{.3, .2}, [2]float64{.7, .2}, [2]float64{.45, .8})
	b.until(`document.querySelector("#spoken").textContent.startsWith("7,")`)
	b.until(`document.querySelectorAll(".layer canvas").length === 3`)
	b.click(".digits button:nth-child(8)")
	b.until(`document.body.innerText.includes("1 drawing kept")`)
	b.until(`document.querySelector(".verdict").textContent === "–"`)
	var circle [][2]float64
	for i := range 17 {
		a := float64(i) / 16 * 2 * math.Pi
		circle = append(circle, [2]float64{.5 + .17*math.Sin(a), .5 - .28*math.Cos(a)})
	}
	b.draw(circle...)
	b.until(`document.querySelector(".verdict").textContent === "0"`)
	b.click("#clear")
	b.until(`document.querySelector("#spoken").textContent === ""`)
	// A one, by the keyboard: space puts the pen down.
	b.do(chromedp.Focus(chromedp.CSS("#pad")), chromedp.KeyEvent(" "))
	for range 10 {
		b.do(chromedp.KeyEvent(kb.ArrowDown))
	}
	b.until(`document.querySelector(".verdict").textContent === "1"`)
	// A picture of the test's seven.
	file, label := testDigit(b, 0)
	path := filepath.Join(b.TempDir(), "digit.png")
	write(b.T, path, file)
	b.do(chromedp.SetUploadFiles(chromedp.CSS("input[type=file]"), []string{path}, chromedp.NodeReady))
	b.until(fmt.Sprintf(`document.querySelector(".verdict").textContent === "%d"`, label))
	// Another of two digits: both are read, and said.
	two := filepath.Join(b.TempDir(), "two.png")
	write(b.T, two, encodePNG(b.T, twoDigits(b.T)))
	b.do(chromedp.SetUploadFiles(chromedp.CSS("input[type=file]"), []string{two}, chromedp.NodeReady))
	b.until(`/^7 \d$/.test(document.querySelector(".verdict.several")?.textContent)`)
	b.until(`document.querySelector("#spoken").textContent === document.querySelector(".verdict").textContent`)
}

// startsAndStops: a wrong network has its error under the field; a right one is trained, and another is stopped and saved.
func startsAndStops(b *tab) {
	typed := func(text string) {
		b.until(`document.querySelector("#network") && ((document.querySelector("#network").value = ""), true)`)
		b.do(chromedp.SendKeys(chromedp.CSS("#network"), text))
	}
	typed("conv(20,5) relu dense(")
	b.until(`document.querySelector("#wrong").textContent.length > 10 && document.querySelector("#start").disabled`)
	typed("784-12-10")
	b.until(`document.querySelector("#wrong").textContent === "" && document.querySelector("#right").textContent.includes("9,550 parameters")`)
	b.until(`document.querySelector(".net img").naturalWidth > 100`)
	b.do(chromedp.SendKeys(chromedp.CSS("#field-eta"), "-1"))
	b.until(`document.querySelector("#failed").textContent.includes("eta must be above 0") && document.querySelector("#start").disabled`)
	b.until(`(document.querySelector("#field-eta").value = "0.2")`)
	b.do(chromedp.SendKeys(chromedp.CSS("#field-epochs"), "100000"))
	b.do(chromedp.SendKeys(chromedp.CSS("#field-train_size"), "1000"))
	b.until(`!document.querySelector("#start").disabled`)
	b.click("#start")
	b.until(`document.querySelector("[data-job] a")`)
	b.click("[data-job] .danger")
	b.until(`document.querySelector("[data-job]").dataset.status === "interrupted" && document.querySelector("#jobs").textContent.includes("saved")`)
}

// watches: a training that begins while the page is open is shown to its end.
func watches(b *tab, s *served) {
	s.want("POST", "/api/train", []byte(`{"model":"784-10","epochs":2,"train_size":5000}`), asJSON...)
	v := s.wait("/api/train", func(v map[string]any) bool {
		jobs := v["jobs"].([]any)
		return jobs[len(jobs)-1].(map[string]any)["run"] != ""
	})
	jobs := v["jobs"].([]any)
	run := jobs[len(jobs)-1].(map[string]any)["run"].(string)
	b.until(fmt.Sprintf("document.querySelector('[data-id=%q]')", run))
	b.click(fmt.Sprintf("[data-id=%q]", run))
	b.until(`document.querySelector("#watched").innerText.includes("2 of 2") && document.querySelector("#watched .badge.done")`)
	b.until(`document.querySelectorAll(".chart polyline").length === 4 && document.querySelectorAll(".histogram").length === 4`)
}

// newest is the run that was begun last.
func (s *served) newest() string {
	return s.want("GET", "/api/runs", nil)["runs"].([]any)[0].(map[string]any)["id"].(string)
}

// comparesRuns: two runs have a table with what differs, curves over each other, and what each confuses.
func comparesRuns(b *tab, s *served) {
	b.until(`document.querySelectorAll("#settings tbody tr").length === 2`)
	head := `document.querySelector("#settings thead").innerText`
	b.until(head + `.includes("parameters") && !` + head + `.includes("dtype")`)
	b.click(`[data-column="parameters"]`)
	b.until(`document.querySelector('th[aria-sort="ascending"]').innerText.includes("parameters")`)
	b.until(`document.querySelectorAll(".chart polyline").length === 8`)
	b.click(fmt.Sprintf("[data-test=%q] summary", s.run))
	b.until(fmt.Sprintf(`document.querySelectorAll('[data-test=%q] .matrix tbody tr').length === 11 && document.querySelector(".misread canvas")`, s.run))
}

// showsSteps: an op of a step that is chosen has its formula and its numbers, and the step by hand stands beside it.
func showsSteps(b *tab) {
	boxes := `[...document.querySelector("#picture > div").shadowRoot.querySelectorAll("[data-box]")]`
	b.until(`document.querySelector("#picture > div") && ` + boxes + `.length > 10`)
	b.until(boxes + `.some(g => g.getAttribute("aria-label") === "tMul, gradient of dense1.w" && (g.dispatchEvent(new MouseEvent("click")), true))`)
	b.until(`document.querySelector("#op").textContent === "tMul" && document.querySelector(".formula").textContent.includes("aᵀ b") && document.querySelector(".histogram")`)
}

// fitsPhones: at the width of a phone nothing is wider than the page, in any view, by day and by night.
func fitsPhones(b *tab, s *served) {
	for _, scheme := range []string{"light", "dark"} {
		b.do(chromedp.EmulateViewport(360, 740), func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			return chromedp.Void{}, err
		})
		for _, view := range []string{"draw", "watch", "train", "compare/" + url.PathEscape(s.run), "gradient"} {
			name, _, _ := strings.Cut(view, "/")
			b.do(chromedp.Navigate(s.url + "/#" + view))
			b.until(`document.querySelector(".view").children.length > 0 && document.querySelector("nav [aria-current]").hash === "#` + name + `"`)
			wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth"))
			if err != nil || wide > 360 {
				b.Errorf("%s, %s: %d pixels wide on a screen of 360; %v", view, scheme, wide, err)
			}
		}
	}
}
