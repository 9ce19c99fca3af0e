package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/stheno-ml/stheno/train"
)

// progress is a line of a terminal that is written over and over. It needs no control codes: spaces cover a longer line before.
type progress struct {
	w      io.Writer // nil: not a terminal, so nothing is shown
	length int       // of the line that is shown
	last   time.Time
}

func newProgress(w io.Writer) *progress {
	if columns(w) == 0 {
		return &progress{}
	}
	return &progress{w: w}
}

// columns is the current width of the terminal that w writes to; 0 if it is not a terminal.
func columns(w io.Writer) int {
	for o, ok := w.(*output); ok; o, ok = w.(*output) {
		if o.columns > 0 {
			return o.columns
		}
		w = o.w
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
		return n
	}
	return 80
}

// bare is where w writes to, without the escaping: a carriage return would be escaped too.
func bare(w io.Writer) io.Writer {
	for o, ok := w.(*output); ok; o, ok = w.(*output) {
		w = o.w
	}
	return w
}

// training shows how far a training has come. counts means that there is an accuracy, and unit is that of the speed.
func (p *progress) training(epochs, images int, counts bool, unit string) func(train.State) {
	return func(s train.State) {
		if s.Seen == 0 {
			return
		}
		rate := float64(s.Seen) / s.Timing
		left := float64(images-s.Seen)/rate + float64(epochs-s.Epoch-1)*float64(images)/rate
		acc := ""
		if counts {
			acc = "  acc " + percent(s.Accuracy())
		}
		p.say("%5d  %3d%%  loss %.4f%s  %s %s  %s left", s.Epoch, 100*s.Seen/images, s.Cost/float64(s.Seen), acc, count(int(rate)), unit, duration(left))
	}
}

// reading shows how much of a large file has been read.
func (p *progress) reading(path string) func(done, total int64) {
	const small = 8 << 20 // bytes
	return func(done, total int64) {
		if total > small {
			p.say("%s: %d%% read", path, 100*done/total)
		}
	}
}

// say shows a line, at most ten times a second.
func (p *progress) say(format string, args ...any) {
	if p.w == nil || time.Since(p.last) < time.Second/10 {
		return
	}
	p.last = time.Now()
	p.write(fmt.Sprintf(format, args...))
}

// clear removes the line.
func (p *progress) clear() {
	if p.length > 0 {
		p.write("")
		fmt.Fprint(bare(p.w), "\r")
	}
}

// write shows as much of a line as fits. The terminal's size may have changed.
func (p *progress) write(line string) {
	most := max(1, columns(p.w)-1)
	if utf8.RuneCountInString(line) > most {
		line = string([]rune(line)[:most])
	}
	n := utf8.RuneCountInString(line)
	fmt.Fprintf(bare(p.w), "\r%s%s", line, strings.Repeat(" ", max(0, min(p.length, most)-n)))
	p.length = n
}
