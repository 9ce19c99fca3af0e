package cli

import (
	"maps"
	"net/http"
	"slices"

	"github.com/stheno-ml/stheno/cmd/internal/diagram"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// models answers GET /api/models: the catalogue, and what the fields of a training accept.
func (s *server) models(*http.Request) (any, error) {
	list := []object{}
	for _, m := range s.app.models {
		list = append(list, append(object{{"name", m.Name}, {"doc", m.Doc}}, recipeObject(m.Recipe)...))
	}
	var endings []string
	for _, ending := range slices.Sorted(maps.Keys(exports)) {
		endings = append(endings, ending[1:])
	}
	reader := s.app.reader()
	return object{
		{"models", list}, {"layers", models.Signatures[graph.Layer](reader)}, {"optimizers", models.Signatures[train.Optimizer](reader)},
		{"schedules", models.Signatures[train.Schedule](reader)}, {"inits", names[*graph.Init](reader)}, {"augments", names[models.Augment](reader)},
		{"exports", endings},
	}, nil
}

// maxWeights is the most parameters of a network in the page, so that a line of text cannot use up all memory.
const maxWeights = 1 << 24

// built is a model of the catalogue, or of a line of layers, without first weights. A client cannot name a file.
func (s *server) built(text string) (m models.Model, n *graph.Net, err error) {
	if text == "" || isFile(text) || len(text) > 1<<12 {
		return m, nil, usagef("model %q; name a model of the catalogue, or write layers such as 784-30-10", text)
	}
	if m, err = s.app.model(text); err != nil {
		return m, nil, err
	}
	if n, err = graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero}); err != nil {
		return m, nil, usagef("model %s: %w", m.Name, err)
	}
	if n.Size() > maxWeights {
		return m, nil, usagef("model %s: %s parameters; the page takes at most %s, use a terminal for a larger network", m.Name, count(n.Size()), count(maxWeights))
	}
	return m, n, nil
}

// network answers GET /api/network?text=…&eta=…: a description of a model or a line of layers. If it, or a setting of its training, is wrong,
// the answer says so; that is not a failure of the request.
func (s *server) network(r *http.Request) (any, error) {
	leave, err := turn(r.Context(), s.small)
	if err != nil {
		return nil, err
	}
	defer leave()
	query := r.URL.Query()
	m, n, err := s.built(query.Get("text"))
	if err != nil {
		return object{{"error", err.Error()}, {"of", "network"}}, nil
	}
	own, body := recipeObject(m.Recipe), map[string]any{}
	for key := range query {
		if key != "text" {
			body[key] = query.Get(key)
		}
	}
	if _, err := s.recipeFlags(&m, n, body); err != nil {
		return append(object{{"error", err.Error()}, {"of", "recipe"}}, own...), nil
	}
	rows := []object{}
	for _, row := range n.Summary() {
		rows = append(rows, object{{"name", row.Name}, {"layer", row.Layer}, {"output", row.Output}, {"params", row.Params}, {"depth", row.Depth}})
	}
	o := object{{"name", m.Name}, {"parameters", n.Size()}, {"outputs", n.Outputs}, {"recipe", recipe(m.Recipe)}, {"loss", m.Loss.Name}, {"rows", rows}}
	return append(o, own...), nil
}

// picture answers GET /api/network.svg?text=…&level=layer.
func (s *server) picture(w http.ResponseWriter, r *http.Request) {
	text, err := s.drawNetwork(r)
	if err != nil {
		reply(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	_, _ = w.Write([]byte(text))
}

func (s *server) drawNetwork(r *http.Request) (string, error) {
	leave, err := turn(r.Context(), s.large)
	if err != nil {
		return "", err
	}
	defer leave()
	level := graph.Level(r.URL.Query().Get("level"))
	if level == "" {
		level = graph.LayerLevel
	}
	m, n, err := s.built(r.URL.Query().Get("text"))
	if err != nil {
		return "", err
	}
	d, err := n.Diagram(level, max(1, m.Recipe.Batch))
	if err != nil {
		return "", usagef("model %s: %w", m.Name, err)
	}
	return diagram.SVG(m.Name, m.Doc, d), nil
}
