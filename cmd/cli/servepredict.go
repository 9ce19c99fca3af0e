package cli

import (
	"bytes"
	"encoding/json"
	"image"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
)

// The limits of a request's body, in bytes, and of what counts as a small picture.
const (
	maxText     = 64 << 10
	maxUpload   = 16 << 20
	smallPixels = 1 << 20
	maxTogether = 4       // runs that read one picture
	maxShown    = 1 << 16 // numbers of a layer that are sent
)

// predict answers POST /api/predict?run=ID&layers=1: the body is a picture, or {"x": […]}.
func (s *server) predict(r *http.Request) (any, error) {
	query := r.URL.Query()
	ids := query["run"]
	if len(ids) == 0 {
		ids = []string{""}
	}
	if len(ids) > maxTogether {
		return nil, usagef("%d runs; name at most %d", len(ids), maxTogether)
	}
	runs := make([]*openRun, len(ids))
	for i, id := range ids {
		var err error
		if runs[i], err = s.reader(id); err != nil {
			return nil, err
		}
	}
	sent, err := s.sample(r, runs)
	if err != nil {
		return nil, err
	}
	leave, err := turn(r.Context(), s.small)
	if err != nil {
		return nil, err
	}
	defer leave()
	var answers []object
	for i, o := range runs {
		a, err := o.answer(sent, i, query.Get("layers") != "")
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	o := object{{"runs", answers}}
	if slices.ContainsFunc(runs, func(o *openRun) bool { return o.t.framed() }) && sent.digits != nil {
		o = append(o, field{"seen", mnist.Largest(sent.digits).Pixels}) // []byte is base64
	}
	return o, nil
}

// answer is the answer of the i-th run to a sample: to a picture's digits, the largest of which is the example, or to a single example.
func (o *openRun) answer(sent *sample, i int, inside bool) (object, error) {
	x, err := sent.forRun(i, o.t)
	if err != nil {
		return nil, err
	}
	y, layers, err := o.predict(x, inside)
	if err != nil {
		return nil, err
	}
	a := object{{"run", filepath.Base(o.path)}}
	schema, rebuilds := o.t.schema, o.t.rebuilds()
	switch {
	case rebuilds:
		a = append(a, field{"values", numbers(y)})
	case schema.Classes == nil:
		schema.Restore(y)
		a = append(a, field{"targets", schema.Targets}, field{"values", numbers(y)})
	default:
		a = append(a, field{"digit", graph.Argmax(y)}, field{"p", numbers(y)})
		if !numbered(schema.Classes) {
			a = append(a, field{"class", className(schema.Classes, graph.Argmax(y))}, field{"classes", schema.Classes})
		}
	}
	if inside {
		a = append(a, field{"layers", layerObjects(layers)})
	}
	if len(sent.digits) < 2 || !o.t.framed() || rebuilds {
		return a, nil
	}
	var all []object
	for _, d := range sent.digits {
		y, _, err := o.predict(scaledBytes(d.Pixels), false)
		if err != nil {
			return nil, err
		}
		all = append(all, object{{"box", boxNumbers(d.Box)}, {"digit", graph.Argmax(y)}, {"p", numbers(y)}})
	}
	return append(a, field{"digits", all}), nil
}

// scaledBytes are pixels as a network takes them.
func scaledBytes(pixels []byte) []float32 {
	x := make([]float32, len(pixels))
	for i, p := range pixels {
		x[i] = float32(p) / mnist.PixelScale
	}
	return x
}

// numbers are y for JSON, with null for NaN and infinities.
func numbers[T float32 | float64](y []T) []any {
	list := make([]any, len(y))
	for i, v := range y {
		if !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
			list[i] = v
		}
	}
	return list
}

// layerObjects are the layers' outputs, each layer as bytes: 0 is its smallest number, 255 its largest.
func layerObjects(layers []graph.LayerOutput) []object {
	list := []object{}
	for _, l := range layers {
		if len(l.Y) > maxShown {
			continue
		}
		low, high, b := asBytes(l.Y)
		list = append(list, object{{"name", l.Name}, {"layer", l.Layer}, {"depth", l.Depth}, {"shape", l.Output}, {"min", low}, {"max", high}, {"values", b}})
	}
	return list
}

// asBytes maps numbers to 0…255.
func asBytes(y []float32) (low, high float64, b []byte) {
	lowest, highest := slices.Min(y), slices.Max(y)
	low, high, b = float64(lowest), float64(highest), make([]byte, len(y))
	if scale := 255 / (high - low); high > low {
		for i, v := range y {
			b[i] = byte(math.Round((float64(v) - low) * scale))
		}
	}
	return low, high, b
}

// A sample is what a client wants a prediction for: a picture, or numbers.
type sample struct {
	picture bool
	digits  []mnist.Digit // in the picture; nil if none were found
	frame   error         // why none were found
	sized   [][]byte      // the picture for each run that was trained on pictures
	x       []any
}

// sample reads a request's body, for these runs.
func (s *server) sample(r *http.Request, runs []*openRun) (*sample, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var body struct {
			X []any `json:"x"`
		}
		err := readJSONBody(r, &body)
		return &sample{x: body.X}, err
	}
	return s.framed(r, runs)
}

// forRun is the sample as the network of the i-th run takes it.
func (e *sample) forRun(i int, t *trained) ([]float32, error) {
	switch {
	case !e.picture:
		x, err := t.schema.Raw(e.x)
		if err != nil {
			return nil, usagef("%s: %w", t.path, err)
		}
		return x, nil
	case e.sized[i] != nil:
		return scaledBytes(e.sized[i]), nil
	case !t.framed():
		return nil, usagef("%s: %w; use another run, or send numbers", t.path, t.unread())
	case e.frame != nil:
		return nil, e.frame
	}
	return scaledBytes(mnist.Largest(e.digits).Pixels), nil
}

// framed are the digits of the picture in a request's body, in MNIST's frame. Large pictures are read one at a time; small ones do not wait for
// them.
func (s *server) framed(r *http.Request, runs []*openRun) (*sample, error) {
	if r.ContentLength < 0 || r.ContentLength > maxText {
		leave, err := turn(r.Context(), s.large)
		if err != nil {
			return nil, err
		}
		defer leave()
		return framePicture(r, maxUpload, runs)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxText))
	if err != nil {
		return nil, bodyError(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	gate := s.small
	if c, _, err := image.DecodeConfig(bytes.NewReader(body)); err == nil && (c.Width > smallPixels || c.Height > smallPixels/max(1, c.Width)) {
		gate = s.large
	}
	leave, err := turn(r.Context(), gate)
	if err != nil {
		return nil, err
	}
	defer leave()
	return framePicture(r, maxText, runs)
}

func framePicture(r *http.Request, limit int64, runs []*openRun) (*sample, error) {
	img, err := mnist.ReadImage(http.MaxBytesReader(nil, r.Body, limit), "picture")
	if err != nil {
		return nil, bodyError(err)
	}
	e := &sample{picture: true, sized: make([][]byte, len(runs))}
	for i, o := range runs {
		if o.t.schema.Kind == dataset.Pictures {
			e.sized[i] = o.t.schema.Pixels(img)
		}
	}
	if e.digits, err = mnist.Digits(img); err != nil {
		e.frame = dataf("picture: %w", err)
	}
	return e, nil
}

// readJSONBody reads a body that is one JSON value without unknown keys.
func readJSONBody(r *http.Request, v any) error {
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxText))
	if err != nil {
		return bodyError(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return usagef("body: byte offset %d: %w", d.InputOffset(), err)
	}
	if len(bytes.TrimSpace(text[d.InputOffset():])) > 0 {
		return usagef("body: byte offset %d: text after the JSON value", d.InputOffset())
	}
	return nil
}

// bodyError is the error for a body that cannot be read.
func bodyError(err error) error {
	if large, ok := asMaxBytes(err); ok {
		return statusf(http.StatusRequestEntityTooLarge, "body: more than %d bytes; send less", large.Limit)
	}
	return err
}
