package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// encoder writes conversations as the lines of one of the product's formats.
type encoder func(talks []talk) ([]byte, error)

// jsonLines encodes values, one a line, as Go does not by default: without
// escaping <, > and &.
func jsonLines(values []any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for _, v := range values {
		if err := enc.Encode(v); err != nil {
			return nil, fmt.Errorf("encode line: %w", err)
		}
	}
	return buf.Bytes(), nil
}

// turnsFormat is what the platform's validator takes.
func turnsFormat(talks []talk) ([]byte, error) {
	var out []any
	for _, t := range talks {
		out = append(out, map[string]any{"conversation_id": t.id, "turns": t.turns})
	}
	return jsonLines(out)
}

// bothFormat passes the validator and the worker: turns and messages.
func bothFormat(talks []talk) ([]byte, error) {
	var out []any
	for _, t := range talks {
		out = append(out, map[string]any{
			"conversation_id": t.id, "turns": t.turns,
			"messages": append([]turn{{"system", t.system}}, t.turns...),
		})
	}
	return jsonLines(out)
}

// messagesFormat is OpenAI's chat format.
func messagesFormat(talks []talk) ([]byte, error) {
	var out []any
	for _, t := range talks {
		out = append(out, map[string]any{"messages": append([]turn{{"system", t.system}}, t.turns...)})
	}
	return jsonLines(out)
}

// conversationsFormat is what the tutorial shows and nothing accepts.
func conversationsFormat(talks []talk) ([]byte, error) {
	var out []any
	for _, t := range talks {
		out = append(out, map[string]any{"conversations": t.turns})
	}
	return jsonLines(out)
}

// pairsFormat is the v4 format: a _meta line, then one line a training pair
// with the conversation so far.
func pairsFormat(talks []talk) ([]byte, error) {
	var out []any
	total := 0
	for _, t := range talks {
		total += len(t.turns)
		for i := 1; i < len(t.turns); i += 2 {
			out = append(out, pairLine(t, i))
		}
	}
	meta := map[string]any{"_meta": map[string]any{"file_name": "training", "total_pairs": total, "version": "4.0.0"}}
	return jsonLines(append([]any{meta}, out...))
}

// pairLine is the pair whose answer is turn i, counted from 0.
func pairLine(t talk, i int) map[string]any {
	mood := []string{"worry", "doubt", "hope", "calm"}[min(i/2, 3)]
	intensity := 0.8 - 0.1*float64(min(i/2, 5))
	var history []map[string]any
	for n, h := range t.turns[:i] {
		history = append(history, map[string]any{
			"turn": n + 1, "role": h.Role, "content": h.Content,
			"emotional_state": map[string]any{"primary": mood, "intensity": intensity},
		})
	}
	return map[string]any{
		"id":              fmt.Sprintf("talk_turn%d_%s", i+1, t.id[:8]),
		"conversation_id": t.id, "turn_number": i + 1,
		"conversation_metadata": map[string]any{
			"client_persona": t.persona, "persona_archetype": "everyday_asker", "client_background": "not told",
			"emotional_arc": t.arc, "emotional_arc_key": key(t.arc), "training_topic": t.topic, "training_topic_key": key(t.topic),
			"session_context": "first contact", "conversation_phase": "exploration", "expected_outcome": "one next step",
		},
		"system_prompt": t.system, "conversation_history": history, "current_user_input": t.turns[i-1].Content,
		"emotional_context": map[string]any{"detected_emotions": map[string]any{
			"primary": mood, "primary_confidence": 0.8, "intensity": intensity, "valence": "mixed",
		}},
		"target_response": t.turns[i].Content,
		"training_metadata": map[string]any{
			"difficulty_level": "easy", "key_learning_objective": key(t.topic), "demonstrates_skills": []string{"clarity", "warmth"},
			"conversation_turn": i + 1, "emotional_progression_target": mood + " -> calm", "quality_score": 3.6,
			"quality_criteria": map[string]any{"empathy_score": 4, "clarity_score": 4, "appropriateness_score": 3, "brand_voice_alignment": 3},
			"human_reviewed":   false, "reviewer_notes": nil, "use_as_seed_example": false, "generate_variations_count": 0,
		},
	}
}

// key makes an identifier of a title.
func key(s string) string {
	s = strings.ReplaceAll(strings.ToLower(s), " -> ", "_to_")
	return strings.ReplaceAll(s, " ", "_")
}

// spoiled breaks some lines of a good file in the ways that the validator
// knows.
func spoiled(talks []talk) ([]byte, error) {
	good, err := turnsFormat(talks)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(good), "\n"), "\n")
	for i, bad := range []string{
		`{"conversation_id":"empty","turns":[]}`,
		`{"turns":[{"role":"user","content":"who am I?"}]}`,
		`{"conversation_id":"flat","turns":"none"}`,
		`{"conversation_id":"cut","turns":[{"role":"user","content":"the rest is mis`,
		`{"conversation_id":"mute","turns":[{"role":"assistant"},{"content":"nobody said this"}]}`,
	} {
		lines[3+4*i] = bad
	}
	return []byte(strings.Join(lines, "\n") + "\n"), nil
}

// blank is a file without a single usable line.
func blank([]talk) ([]byte, error) { return []byte("\n\n\n"), nil }
