package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/loratop/loratop/models"
)

// catalogue reads prices and presets over the built-in lists.
func (r *resolver) catalogue() {
	r.cfg.GPUs = models.GPUs()
	for _, s := range r.sections("gpus") {
		r.gpu(s.values, s.path...)
	}
	r.cfg.Presets = models.Presets()
	for _, s := range r.sections("presets") {
		r.preset(s.values, s.path...)
	}
}

// section is one entry of the catalogue: its values, the id among them, and
// where it stands.
type section struct {
	values map[string]any
	path   []string
}

// sections are the entries of a list, written as [[name]] with an id in each, or
// as [name.ID].
func (r *resolver) sections(name string) (out []section) {
	switch raw := r.doc.tree[name].(type) {
	case nil:
	case map[string]any:
		for _, id := range slices.Sorted(maps.Keys(raw)) {
			path := []string{name, id}
			m, ok := raw[id].(map[string]any)
			if !ok {
				r.cfg.warn(r.doc.line(path...), name+" must be sections such as ["+name+".NAME] or [["+name+"]]")
				continue
			}
			m = maps.Clone(m)
			if given, there := m["id"]; there && given != id {
				r.cfg.warn(r.doc.line(name, id, "id"), "the id of ["+name+"."+models.Clean(id)+"] is its name; the key id is ignored")
			}
			m["id"] = id
			out = append(out, section{m, path})
		}
	case []any:
		for i, e := range raw {
			m, ok := e.(map[string]any)
			if !ok {
				r.cfg.warn(r.doc.line(name), name+" must be written as sections [["+name+"]]")
				continue
			}
			out = append(out, section{m, []string{name, index(i)}})
		}
	default:
		r.cfg.warn(r.doc.line(name), name+" must be written as sections [["+name+"]]")
	}
	return out
}

// sectionOf is the line where an entry begins, 0 when unknown: the header's, or
// that of its first key.
func (r *resolver) sectionOf(path []string) int {
	best := r.doc.line(path...)
	prefix := join(path...) + sep
	for p, s := range r.doc.spots {
		if strings.HasPrefix(p, prefix) && (best == 0 || s.line < best) {
			best = s.line
		}
	}
	return best
}

// gpuKeys are what a [[gpus]] section may hold.
func gpuKeys() []string {
	return []string{"id", "label", "aliases", "memory_gb", "price_per_hour", "throughput"}
}

// gpu changes the price table: an entry whose id is known replaces what it names.
func (r *resolver) gpu(t map[string]any, path ...string) {
	r.unknownIn(t, gpuKeys(), path)
	line := r.sectionOf(path)
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
	if g.Throughput <= 0 {
		r.cfg.warn(line, "GPU "+quote(id)+" has no throughput (tokens a second): without it nothing can be estimated or launched")
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

// preset adds a preset of the user's before custom, or replaces the built-in
// one that its bare id means.
func (r *resolver) preset(t map[string]any, path ...string) {
	p, ok := r.decodePreset(t, path)
	if !ok || r.refused(p, t, path) {
		return
	}
	list := r.cfg.Presets
	if old, known := models.FindPreset(list, p.ID); known {
		for i := range list {
			if list[i].Name() == old.Name() {
				list[i] = p
			}
		}
		return
	}
	at := slices.IndexFunc(list, func(p models.Preset) bool { return p.ID == models.PresetCustom })
	if at < 0 {
		at = len(list)
	}
	r.cfg.Presets = slices.Insert(list, at, p)
}

func (r *resolver) decodePreset(t map[string]any, path []string) (models.Preset, bool) {
	line := r.sectionOf(path)
	id, _ := t["id"].(string)
	label, _ := t["label"].(string)
	note, _ := t["note"].(string)
	if id == "" || len([]rune(id)) > 50 || id != models.Clean(id) {
		r.cfg.warn(line, "a preset needs an id of 1 to 50 letters, for example id = \"mine\"")
		return models.Preset{}, false
	}
	if label == "" {
		label = id
	}
	p := models.Preset{ID: id, Family: models.FamilyOwn, Label: models.Clean(label), Note: models.Clean(note), Line: line}
	good := true
	for _, k := range slices.Sorted(maps.Keys(t)) {
		if k == "id" || k == "label" || k == "note" {
			continue
		}
		at := r.doc.line(append(slices.Clone(path), k)...)
		if _, known := models.HyperName(k); !known {
			text := "unknown key " + quote(k) + " of a preset"
			if n := nearest(k, models.HyperNames()); n != "" {
				text += ", did you mean " + n + "?"
			}
			r.cfg.warn(at, text)
			continue
		}
		text, scalar := scalarText(t[k])
		err := fmt.Errorf("%s must be a number", models.Clean(k))
		if scalar {
			err = p.Hyperparameters.Set(k, text)
		}
		if err != nil {
			r.cfg.warn(at, "preset "+quote(id)+" is ignored: "+err.Error())
			good = false
		}
	}
	if p.Hyperparameters.BaseModel == "" {
		p.Hyperparameters.BaseModel = models.DefaultBaseModel
	}
	return p, good
}

// refused says at its line what a worker would refuse of p; a value that is
// missing is said at the head of the section.
func (r *resolver) refused(p models.Preset, t map[string]any, path []string) (bad bool) {
	one := models.Int(1)
	for _, problem := range models.CheckLaunch(p.Hyperparameters, models.GPUConfig{Type: "any", Count: &one}) {
		if !problem.Hard {
			continue
		}
		line := r.sectionOf(path)
		for k := range t {
			if n, ok := models.HyperName(k); ok && n == problem.Field {
				line = r.doc.line(append(slices.Clone(path), k)...)
			}
		}
		r.cfg.warn(line, "preset "+quote(p.ID)+" is ignored: "+problem.Text)
		bad = true
	}
	return bad
}
