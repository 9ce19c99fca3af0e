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

// progress is one line of a terminal that is written again and again. It needs no control codes: spaces cover what was longer.
type progress struct {
	w      io.Writer // nil: not a terminal, and nothing is shown
	length int       // of what is shown
	last   time.Time
}

func newProgress(w io.Writer) *progress {
	if columns(w) == 0 {
		return &progress{}
	}
	return &progress{w: w}
}

// columns is the width of the terminal that w writes to, as it is now; 0 where it is none.
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

// bare is where w writes to, without the escapes, of which the carriage return would become one.
func bare(w io.Writer) io.Writer {
	for o, ok := w.(*output); ok; o, ok = w.(*output) {
		w = o.w
	}
	return w
}

// training says where a training of so many epochs of so many examples stands. Its speed has a unit, and there are right answers or not.
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

// reading says how much of a large file was read.
func (p *progress) reading(path string) func(done, total int64) {
	const small = 8 << 20 // bytes
	return func(done, total int64) {
		if total > small {
			p.say("%s: %d%% read", path, 100*done/total)
		}
	}
}

// say shows a line, ten times a second at most.
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

// write shows a line, as much of it as there is room for now: the terminal may be another size than before.
func (p *progress) write(line string) {
	most := max(1, columns(p.w)-1)
	if utf8.RuneCountInString(line) > most {
		line = string([]rune(line)[:most])
	}
	n := utf8.RuneCountInString(line)
	fmt.Fprintf(bare(p.w), "\r%s%s", line, strings.Repeat(" ", max(0, min(p.length, most)-n)))
	p.length = n
}
