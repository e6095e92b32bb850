package screens

import (
	"encoding/json"
	"strings"

	"github.com/loratop/loratop/models"
)

// notificationTarget is the row that a notification is about: its action URL
// when that is one of the platform's routes, else an id in its metadata.
func notificationTarget(n models.Notification) (models.Target, bool) {
	if n.ActionURL != nil {
		if t, ok := models.ParseActionURL(*n.ActionURL); ok {
			return t, true
		}
	}
	meta := metadataOf(n.Metadata)
	for _, k := range []struct{ key, kind string }{{"artifact_id", "artifact"}, {"job_id", "job"}, {"dataset_id", "dataset"}} {
		var id string
		if json.Unmarshal(meta[k.key], &id) == nil && models.IsUUID(id) {
			return models.Target{Kind: k.kind, ID: id}, true
		}
	}
	return models.Target{}, false
}

// metadataOf reads the metadata object, also when it is stored double-encoded.
func metadataOf(raw json.RawMessage) map[string]json.RawMessage {
	var inner string
	if json.Unmarshal(raw, &inner) == nil && inner != "" {
		raw = json.RawMessage(inner)
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// targetLink is the link of a screen that shows t.
func targetLink(t models.Target) string { return t.Kind + "/" + t.ID }

// priorityGlyph marks how urgent a notification is, by a shape that needs no
// colour: nothing for the ordinary ones.
func priorityGlyph(p models.Priority) string {
	switch models.Priority(strings.ToLower(string(p))) {
	case models.PriorityCritical:
		return "!!"
	case models.PriorityHigh:
		return "!"
	default:
		return ""
	}
}

// notificationKind is the type in words; unknown types stay as they are.
func notificationKind(t models.NotificationType) string {
	return models.Clean(strings.ReplaceAll(string(t), "_", " "))
}
