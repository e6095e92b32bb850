package config

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"

	"github.com/loratop/loratop/models"
)

// MaxJobFile is the largest job file that is read, in bytes.
const MaxJobFile = 1 << 20

// JobFile is a launch written down: the flags of `loratop jobs launch` by the
// same names. What is "" or 0 was not given.
type JobFile struct {
	Dataset   string       // id or exact name
	From      string       // id of the job whose values it starts from
	Preset    string       // as models.FindPreset takes it
	BaseModel string       // owner/name
	GPU       string       // of the price table
	GPUs      int          // 1 to 8
	ID        string       // UUID of the new job
	Set       []Assignment // hyperparameters, in the order of models.HyperNames
}

// Assignment is one hyperparameter of a job file.
type Assignment struct {
	Name  string // as models.HyperNames spells it
	Value string // checked to be a number, or a model's name
	Line  int    // 1-based
}

// jobKeys are the keys of a job file beside the table "set".
func jobKeys() []string {
	return []string{"dataset", "from", "preset", "base_model", "gpu", "gpus", "id"}
}

// fileEntry is one value of a job file, whatever its language.
type fileEntry struct {
	path []string
	text string
	line int
	bad  string // why it is no plain value, "" when it is one
}

// ParseJobFile reads TOML or YAML (of which JSON is a part): by the ending of
// the file's name, else by what it looks like. Every mistake, an unknown key
// among them, is an error (CodeInvalid) that names its line.
func ParseJobFile(file string, data []byte) (JobFile, error) {
	var f JobFile
	if len(data) > MaxJobFile {
		return f, jobFileError(file, 0, "it is larger than 1 MiB")
	}
	entries, err := jobEntries(file, trimBOM(data))
	if err != nil {
		return f, err
	}
	for _, e := range entries {
		if text := f.take(e); text != "" {
			return JobFile{}, jobFileError(file, e.line, text)
		}
	}
	names := models.HyperNames()
	slices.SortStableFunc(f.Set, func(a, b Assignment) int { return slices.Index(names, a.Name) - slices.Index(names, b.Name) })
	return f, nil
}

func jobFileError(file string, line int, text string) error {
	w := Warning{File: models.Clean(file), Line: line, Text: text}
	return &models.Error{Code: models.CodeInvalid, Op: "read job file", Msg: w.String(),
		Hint: "keys: " + strings.Join(jobKeys(), ", ") + ", and a table set with " + strings.Join(models.HyperNames(), ", ")}
}

// take puts one value where it belongs; the text says why it cannot.
func (f *JobFile) take(e fileEntry) string {
	key := e.path[0]
	switch {
	case len(e.path) == 2 && key == "set":
		return f.assign(e)
	case len(e.path) > 1 || key == "set":
		return unknownJobKey(strings.Join(e.path, "."), key)
	case e.bad != "":
		return models.Clean(key) + " " + e.bad
	}
	texts := map[string]*string{"dataset": &f.Dataset, "from": &f.From, "preset": &f.Preset, "base_model": &f.BaseModel, "gpu": &f.GPU, "id": &f.ID}
	if p, ok := texts[key]; ok {
		*p = e.text
		return ""
	}
	if key != "gpus" {
		return unknownJobKey(key, key)
	}
	n, err := strconv.Atoi(e.text)
	if err != nil || n < 1 || n > 8 {
		return "gpus must be a whole number from 1 to 8, not " + quote(e.text)
	}
	f.GPUs = n
	return ""
}

func (f *JobFile) assign(e fileEntry) string {
	key := e.path[1]
	name, known := models.HyperName(key)
	if !known {
		return unknownJobKey("set."+key, "set."+key)
	}
	if e.bad != "" {
		return "set." + models.Clean(key) + " " + e.bad
	}
	for _, a := range f.Set {
		if a.Name == name {
			return "set." + name + " is given twice, in line " + strconv.Itoa(a.Line) + " too"
		}
	}
	var h models.Hyperparameters
	if err := h.Set(name, e.text); err != nil {
		return "set." + err.Error()
	}
	f.Set = append(f.Set, Assignment{Name: name, Value: e.text, Line: e.line})
	return ""
}

func unknownJobKey(shown, key string) string {
	text := "unknown key " + quote(shown)
	if name, ok := models.HyperName(key); ok {
		return text + ": hyperparameters belong into the table set, as set." + name
	}
	known := jobKeys()
	for _, n := range models.HyperNames() {
		known = append(known, "set."+n)
	}
	if n := nearest(key, known); n != "" {
		text += ", did you mean " + n + "?"
	}
	return text
}

func jobEntries(file string, data []byte) ([]fileEntry, error) {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".toml":
		return tomlEntries(file, data)
	case ".yaml", ".yml", ".json":
		return yamlEntries(file, data)
	}
	entries, err := tomlEntries(file, data)
	if err == nil {
		return entries, nil
	}
	if other, bad := yamlEntries(file, data); bad == nil && len(other) > 0 {
		return other, nil
	}
	return nil, err
}

func tomlEntries(file string, data []byte) ([]fileEntry, error) {
	tree := map[string]any{}
	if err := toml.Unmarshal(data, &tree); err != nil {
		return nil, jobFileError(file, errorLine(err), models.Clean(strings.TrimPrefix(err.Error(), "toml: ")))
	}
	doc := document{tree: tree, spots: locate(data)}
	var out []fileEntry
	var walk func(m map[string]any, path []string)
	walk = func(m map[string]any, path []string) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			at := append(slices.Clone(path), k)
			if sub, ok := m[k].(map[string]any); ok && len(at) == 1 && k == "set" {
				walk(sub, at)
				continue
			}
			e := fileEntry{path: at, line: doc.line(at...)}
			var scalar bool
			if e.text, scalar = scalarText(m[k]); !scalar {
				e.bad = "must be text or a number"
			}
			out = append(out, e)
		}
	}
	walk(tree, nil)
	slices.SortStableFunc(out, func(a, b fileEntry) int { return a.line - b.line })
	return out, nil
}

func yamlEntries(file string, data []byte) ([]fileEntry, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := d.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, jobFileError(file, yamlLine(err), models.Clean(err.Error()))
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, jobFileError(file, more.Line, "there is more than one document")
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		if len(doc.Content) == 1 && doc.Content[0].Tag == "!!null" {
			return nil, nil
		}
		return nil, jobFileError(file, doc.Line, "it must hold keys and values")
	}
	return yamlMap(file, doc.Content[0], nil)
}

// yamlLine reads the line out of a syntax error, 0 when it tells none.
func yamlLine(err error) int {
	_, rest, ok := strings.Cut(err.Error(), "line ")
	if !ok {
		return 0
	}
	digits, _, _ := strings.Cut(rest, ":")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

func yamlMap(file string, m *yaml.Node, path []string) (out []fileEntry, err error) {
	seen := map[string]int{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i], m.Content[i+1]
		if had, twice := seen[k.Value]; twice {
			return nil, jobFileError(file, k.Line, quote(k.Value)+" is given twice, in line "+strconv.Itoa(had)+" too")
		}
		seen[k.Value] = k.Line
		at := append(slices.Clone(path), k.Value)
		if v.Kind == yaml.MappingNode && len(at) == 1 && k.Value == "set" {
			inner, err := yamlMap(file, v, at)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
			continue
		}
		e := fileEntry{path: at, text: v.Value, line: k.Line}
		if v.Kind != yaml.ScalarNode || v.Tag == "!!null" {
			e.bad = "must be text or a number"
		}
		out = append(out, e)
	}
	return out, nil
}

// TOML writes the file so that ParseJobFile reads it back; about is a comment
// of one line for its head, "" for none.
func (f JobFile) TOML(about string) ([]byte, error) {
	var b bytes.Buffer
	if about != "" {
		b.WriteString("# " + models.Clean(about) + "\n")
	}
	put := func(key string, v any) error {
		line, err := toml.Marshal(map[string]any{key: v})
		b.Write(line)
		return err
	}
	var errs []error
	for _, kv := range []struct{ key, text string }{
		{"dataset", f.Dataset}, {"from", f.From}, {"preset", f.Preset}, {"base_model", f.BaseModel}, {"gpu", f.GPU},
	} {
		if kv.text != "" {
			errs = append(errs, put(kv.key, models.Clean(kv.text)))
		}
	}
	if f.GPUs > 0 {
		errs = append(errs, put("gpus", f.GPUs))
	}
	if f.ID != "" {
		errs = append(errs, put("id", models.Clean(f.ID)))
	}
	if len(f.Set) > 0 {
		b.WriteString("\n[set]\n")
	}
	for _, a := range f.Set {
		if v, err := strconv.ParseFloat(a.Value, 64); err == nil && a.Name != "base_model" && models.F64(v).Finite() {
			b.WriteString(a.Name + " = " + tomlNumber(v) + "\n")
			continue
		}
		errs = append(errs, put(a.Name, models.Clean(a.Value)))
	}
	return b.Bytes(), errors.Join(errs...)
}

// tomlNumber writes whole numbers without a point, and others shortest.
func tomlNumber(v float64) string {
	if v == float64(int64(v)) {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
