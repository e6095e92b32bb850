package models

import (
	"encoding/json"
	"strings"
)

// Errors reads validation_errors in whatever shape it has: an array of findings,
// one finding, an array of texts, or a text.
func (d Dataset) Errors() []ValidationError {
	b := unwrap(d.ValidationErrors)
	if len(b) == 0 || string(b) == "null" {
		return nil
	}
	var list []json.RawMessage
	if b[0] != '[' || json.Unmarshal(b, &list) != nil {
		list = []json.RawMessage{b}
	}
	out := make([]ValidationError, 0, len(list))
	for _, item := range list {
		if e := validationError(item); e != nil {
			out = append(out, *e)
		}
	}
	return out
}

func validationError(b json.RawMessage) *ValidationError {
	b = unwrap(b)
	if len(b) == 0 || string(b) == "null" {
		return nil
	}
	if b[0] != '{' {
		text, _ := scalar(b)
		return &ValidationError{Error: text}
	}
	f := objectOf(b)
	e := &ValidationError{
		Line:       f.integer("line", "line_number"),
		Error:      f.text("error", "message"),
		Suggestion: f.text("suggestion", "hint"),
	}
	if e.Error == "" && e.Line == nil {
		e.Error = string(b)
	}
	return e
}

// MarshalJSON writes a finding as the platform's validator does.
func (e ValidationError) MarshalJSON() ([]byte, error) {
	return encode([]put{{[]string{"line"}, e.Line}, {[]string{"error"}, e.Error}, {[]string{"suggestion"}, e.Suggestion}}, nil)
}

// Samples reads sample_data: conversations in any of the four line formats.
// What is in none of them is left out.
func (d Dataset) Samples() []Conversation {
	b := unwrap(d.SampleData)
	if len(b) == 0 {
		return nil
	}
	var list []json.RawMessage
	if b[0] != '[' || json.Unmarshal(b, &list) != nil {
		list = []json.RawMessage{b}
	}
	var out []Conversation
	for _, item := range list {
		line, err := ParseLine(unwrap(item))
		if err == nil && len(line.Conversation.Turns) > 0 {
			out = append(out, line.Conversation)
		}
	}
	return out
}

// Trainable reports whether a job may be launched on the dataset, else why not.
func (d Dataset) Trainable() (ok bool, why string) {
	switch {
	case !d.DeletedAt.IsZero():
		return false, "it is in the trash"
	case d.Status != DatasetReady:
		return false, "its status is " + strings.TrimSpace(Clean(string(d.Status))) + ", not ready"
	case !d.TrainingReady:
		return false, "its validation did not find it ready for training"
	}
	return true, ""
}
