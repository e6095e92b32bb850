package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/loratop/loratop/models"
)

// catalogue reads [[gpus]] and [[presets]] over the built-in lists.
func (r *resolver) catalogue() {
	r.cfg.GPUs = models.GPUs()
	for i, t := range r.tables("gpus") {
		r.gpu(t, "gpus", index(i))
	}
	r.cfg.Presets = models.Presets()
	for i, t := range r.tables("presets") {
		r.preset(t, "presets", index(i))
	}
}

// tables are the elements of an array of tables.
func (r *resolver) tables(name string) []map[string]any {
	raw, there := r.doc.tree[name]
	if !there {
		return nil
	}
	var out []map[string]any
	list, ok := raw.([]any)
	for _, e := range list {
		m, is := e.(map[string]any)
		ok = ok && is
		out = append(out, m) // nil keeps the indexes right
	}
	if !ok {
		r.cfg.warn(r.doc.line(name), name+" must be written as sections [["+name+"]]")
	}
	return out
}

// gpuKeys are what a [[gpus]] section may hold.
func gpuKeys() []string {
	return []string{"id", "label", "aliases", "memory_gb", "price_per_hour", "throughput"}
}

// gpu changes the price table: an entry whose id is known replaces what it names.
func (r *resolver) gpu(t map[string]any, path ...string) {
	if t == nil {
		return
	}
	r.unknownIn(t, gpuKeys(), path)
	line := r.doc.line(path...)
	id, _ := t["id"].(string)
	if id == "" {
		r.cfg.warn(line, "a GPU needs an id, for example id = \"H100\"")
		return
	}
	g, known := models.FindGPU(r.cfg.GPUs, id)
	if !known {
		g = models.GPU{ID: id, Label: models.Clean(id)}
	}
	if label, ok := t["label"].(string); ok {
		g.Label = models.Clean(label)
	}
	aliases, _ := t["aliases"].([]any)
	for _, a := range aliases {
		if text, ok := a.(string); ok {
			g.Aliases = append(slices.Clone(g.Aliases), text)
		}
	}
	g.MemoryGB = r.positive(t, "memory_gb", g.MemoryGB, path)
	g.Throughput = r.positive(t, "throughput", g.Throughput, path)
	if !r.price(&g, t, path) && !known {
		r.cfg.warn(line, "GPU "+quote(id)+" needs price_per_hour, for example \"3.50\"; it is ignored")
		return
	}
	r.cfg.GPUs = replaceGPU(r.cfg.GPUs, g)
}

func (r *resolver) price(g *models.GPU, t map[string]any, path []string) bool {
	raw, there := t["price_per_hour"]
	if !there {
		return false
	}
	line := r.doc.line(append(slices.Clone(path), "price_per_hour")...)
	text, ok := scalarText(raw)
	if _, isFloat := raw.(float64); !ok || isFloat {
		r.cfg.warn(line, "price_per_hour must be text, for example \"3.50\"")
		return false
	}
	m, err := parseAmount(text)
	if err != nil {
		r.cfg.warn(line, "price_per_hour: "+err.Error())
		return false
	}
	g.PricePerHour = m
	return true
}

// positive reads a number above nothing, else keeps the value there was.
func (r *resolver) positive(t map[string]any, key string, old float64, path []string) float64 {
	raw, there := t[key]
	if !there {
		return old
	}
	f, ok := raw.(float64)
	if n, is := raw.(int64); is {
		f, ok = float64(n), true
	}
	if !ok || !models.F64(f).Finite() || f <= 0 {
		r.cfg.warn(r.doc.line(append(slices.Clone(path), key)...), key+" must be a number above 0")
		return old
	}
	return f
}

func replaceGPU(list []models.GPU, g models.GPU) []models.GPU {
	out := slices.Clone(list)
	for i := range out {
		if out[i].ID == g.ID {
			out[i] = g
			return out
		}
	}
	return append(out, g)
}

// preset adds a preset of the user's, or replaces a built-in one of that id.
func (r *resolver) preset(t map[string]any, path ...string) {
	if t == nil {
		return
	}
	line := r.doc.line(path...)
	p, ok := r.decodePreset(t, path)
	if !ok {
		return
	}
	if bad := hardProblem(p.Hyperparameters); bad != "" {
		r.cfg.warn(line, "preset "+quote(p.ID)+" is ignored: "+bad)
		return
	}
	for i := range r.cfg.Presets {
		if r.cfg.Presets[i].ID == p.ID {
			r.cfg.Presets[i] = p
			return
		}
	}
	r.cfg.Presets = append(r.cfg.Presets, p)
}

func (r *resolver) decodePreset(t map[string]any, path []string) (models.Preset, bool) {
	line := r.doc.line(path...)
	id, _ := t["id"].(string)
	label, _ := t["label"].(string)
	note, _ := t["note"].(string)
	if id == "" || len(id) > 50 {
		r.cfg.warn(line, "a preset needs an id of 1 to 50 letters, for example id = \"mine\"")
		return models.Preset{}, false
	}
	if label == "" {
		label = id
	}
	rest := maps.Clone(t)
	for _, k := range []string{"id", "label", "note"} {
		delete(rest, k)
	}
	b, err := json.Marshal(rest)
	if err != nil {
		r.cfg.warn(line, "preset "+quote(id)+" cannot be read: "+models.Clean(err.Error()))
		return models.Preset{}, false
	}
	var h models.Hyperparameters
	if err := json.Unmarshal(b, &h); err != nil {
		r.cfg.warn(line, "preset "+quote(id)+": "+models.Clean(err.Error()))
		return models.Preset{}, false
	}
	known := []string{"base_model", "learning_rate", "batch_size", "epochs", "rank", "alpha", "dropout", "warmup_steps", "weight_decay", "max_grad_norm", "max_seq_length"}
	for _, k := range slices.Sorted(maps.Keys(h.Extra)) {
		text := "unknown key " + quote(k) + " of a preset"
		if n := nearest(k, known); n != "" {
			text += ", did you mean " + n + "?"
		}
		r.cfg.warn(r.doc.line(append(slices.Clone(path), k)...), text)
	}
	h.Extra = nil
	if h.BaseModel == "" {
		h.BaseModel = models.DefaultBaseModel
	}
	return models.Preset{ID: id, Label: models.Clean(label), Note: models.Clean(note), Hyperparameters: h}, true
}

// hardProblem is why a worker would refuse h, "" when it would not.
func hardProblem(h models.Hyperparameters) string {
	one := models.Int(1)
	var texts []string
	for _, p := range models.CheckLaunch(h, models.GPUConfig{Type: "A100-80GB", Count: &one}) {
		if p.Hard {
			texts = append(texts, p.Text)
		}
	}
	return strings.Join(texts, "; ")
}
