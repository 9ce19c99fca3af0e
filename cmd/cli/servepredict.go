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

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
)

// The limits of a request's body, in bytes, and of what counts as a small picture.
const (
	maxText     = 64 << 10
	maxUpload   = 16 << 20
	smallPixels = 1 << 20
	maxTogether = 4       // runs that read one picture
	maxShown    = 1 << 16 // numbers of a layer
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
	digits, x, err := s.example(r)
	if err != nil {
		return nil, err
	}
	leave, err := turn(r.Context(), s.small)
	if err != nil {
		return nil, err
	}
	defer leave()
	var answers []object
	for _, id := range ids {
		a, err := s.answer(id, digits, x, query.Get("layers") != "")
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	o := object{{"runs", answers}}
	if digits != nil {
		o = append(o, field{"seen", mnist.Largest(digits).Pixels}) // []byte is base64
	}
	return o, nil
}

// answer is what a run's network says to a picture's digits, of which the largest is the example, or to numbers.
func (s *server) answer(id string, digits []mnist.Digit, x []float32, inside bool) (object, error) {
	o, err := s.reader(id)
	if err != nil {
		return nil, err
	}
	in := o.t.net.Input
	if frame := (graph.Shape{1, 28, 28}); digits != nil && !in.Eq(frame) {
		return nil, usagef("%s: the network takes images of %s, and pictures are framed to %s; use another run", o.path, shape(in), shape(frame))
	}
	if digits != nil {
		x = inputs(mnist.Largest(digits))
	}
	if len(x) != in.TotalSize() {
		return nil, usagef("x has %d numbers; %s takes %d", len(x), o.path, in.TotalSize())
	}
	y, layers, err := o.predict(x, inside)
	if err != nil {
		return nil, err
	}
	a := object{{"run", filepath.Base(o.path)}, {"digit", graph.Argmax(y)}, {"p", numbers(y)}}
	if inside {
		a = append(a, field{"layers", layerObjects(layers)})
	}
	if len(digits) < 2 {
		return a, nil
	}
	var all []object
	for _, d := range digits {
		y, _, err := o.predict(inputs(d), false)
		if err != nil {
			return nil, err
		}
		all = append(all, object{{"box", boxNumbers(d.Box)}, {"digit", graph.Argmax(y)}, {"p", numbers(y)}})
	}
	return append(a, field{"digits", all}), nil
}

// inputs are a digit's pixels as a network takes them.
func inputs(d mnist.Digit) []float32 {
	x := make([]float32, len(d.Pixels))
	for i, p := range d.Pixels {
		x[i] = float32(p) / mnist.PixelScale
	}
	return x
}

// numbers are y for JSON, which has no NaN.
func numbers[T float32 | float64](y []T) []any {
	list := make([]any, len(y))
	for i, v := range y {
		if !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
			list[i] = v
		}
	}
	return list
}

// layerObjects are the layers' outputs, each as bytes: 0 is the smallest number, 255 the largest.
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

// example is a request's body: the digits of a picture, or numbers.
func (s *server) example(r *http.Request) (digits []mnist.Digit, x []float32, err error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var body struct {
			X []float32 `json:"x"`
		}
		if err := readJSONBody(r, &body); err != nil {
			return nil, nil, err
		}
		return nil, body.X, nil
	}
	digits, err = s.framed(r)
	return digits, nil, err
}

// framed are the digits of the picture in a request's body, in MNIST's frame. Small pictures do not wait for large ones, and of these there is one at a time.
func (s *server) framed(r *http.Request) ([]mnist.Digit, error) {
	if r.ContentLength < 0 || r.ContentLength > maxText {
		leave, err := turn(r.Context(), s.large)
		if err != nil {
			return nil, err
		}
		defer leave()
		return framePicture(r, maxUpload)
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
	return framePicture(r, maxText)
}

func framePicture(r *http.Request, limit int64) ([]mnist.Digit, error) {
	img, err := mnist.ReadImage(http.MaxBytesReader(nil, r.Body, limit), "picture")
	if err != nil {
		return nil, bodyError(err)
	}
	digits, err := mnist.Digits(img)
	if err != nil {
		return nil, dataf("picture: %w", err)
	}
	return digits, nil
}

// readJSONBody reads the body, one JSON value without unknown keys.
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

// bodyError says what is wrong with a body that cannot be read.
func bodyError(err error) error {
	if large, ok := asMaxBytes(err); ok {
		return statusf(http.StatusRequestEntityTooLarge, "body: more than %d bytes; send less", large.Limit)
	}
	return err
}
