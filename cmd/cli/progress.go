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
	w              io.Writer // nil: not a terminal, and nothing is shown
	columns        int
	epochs, images int
	length         int // of what is shown
	last           time.Time
}

func newProgress(w io.Writer, epochs, images int) *progress {
	p := &progress{epochs: epochs, images: images}
	if o, ok := w.(*output); ok { // which would escape the carriage return
		w = o.w
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return p
	}
	p.w, p.columns = w, 80
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		p.columns = columns
	}
	return p
}

// show says where the training stands, ten times a second at most.
func (p *progress) show(s train.State) {
	if p.w == nil || s.Seen == 0 || time.Since(p.last) < time.Second/10 {
		return
	}
	p.last = time.Now()
	rate := float64(s.Seen) / s.Timing
	left := float64(p.images-s.Seen)/rate + float64(p.epochs-s.Epoch-1)*float64(p.images)/rate
	p.write(fmt.Sprintf("%5d  %3d%%  loss %.4f  acc %s  %s img/s  %s left", s.Epoch, 100*s.Seen/p.images,
		s.Cost/float64(s.Seen), percent(fraction(s.Right, s.Seen)), count(int(rate)), duration(left)))
}

// clear removes the line.
func (p *progress) clear() {
	if p.length > 0 {
		p.write("")
		fmt.Fprint(p.w, "\r")
	}
}

func (p *progress) write(line string) {
	if n := p.columns - 1; utf8.RuneCountInString(line) > n {
		line = string([]rune(line)[:n])
	}
	n := utf8.RuneCountInString(line)
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", max(0, p.length-n)))
	p.length = n
}
