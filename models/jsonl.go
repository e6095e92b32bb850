package models

import (
	"encoding/json"
	"fmt"
	"strings"
)

// LineFormat tells the line formats apart that the platform mixes.
type LineFormat string

// The formats of one line; see platform-facts §1.1.
const (
	LineMeta          LineFormat = "meta"          // the optional first line of a v4 file
	LinePair          LineFormat = "pair"          // v4: one training pair, flat
	LineTurns         LineFormat = "turns"         // a conversation: conversation_id + turns
	LineMessages      LineFormat = "messages"      // OpenAI chat
	LineConversations LineFormat = "conversations" // the tutorial's
	LineUnknown       LineFormat = "unknown"
)

// Line is one parsed line of a dataset file.
type Line struct {
	Format       LineFormat
	Conversation Conversation
	Pairs        []Pair // what can be trained on
}

// Pair is a prompt and the response to learn.
type Pair struct{ Prompt, Response string }

// rawLine is the union of all formats' keys.
type rawLine struct {
	Meta           json.RawMessage `json:"_meta"`
	ConversationID json.RawMessage `json:"conversation_id"`
	ID             json.RawMessage `json:"id"`
	Messages       []rawTurn       `json:"messages"`
	Turns          []rawTurn       `json:"turns"`
	Conversations  []rawTurn       `json:"conversations"`
	System         string          `json:"system_prompt"`
	History        []rawTurn       `json:"conversation_history"`
	Input          string          `json:"current_user_input"`
	Target         *string         `json:"target_response"`
	Metadata       struct {
		Persona string `json:"client_persona"`
		Topic   string `json:"training_topic"`
	} `json:"conversation_metadata"`
}

// rawTurn also takes from/value, as ShareGPT files name them.
type rawTurn struct {
	Role    string `json:"role"`
	Content string `json:"content"`
	From    string `json:"from"`
	Value   string `json:"value"`
}

// ParseLine reads one line in whichever format it is. A line that is JSON but of
// no known format is LineUnknown without an error.
func ParseLine(b []byte) (Line, error) {
	var shape map[string]json.RawMessage
	if err := json.Unmarshal(b, &shape); err != nil {
		return Line{}, fmt.Errorf("not a JSON object: %w", err)
	}
	var raw rawLine
	if err := json.Unmarshal(b, &raw); err != nil {
		return Line{Format: LineUnknown}, nil
	}
	id, _ := scalar(raw.ConversationID)
	if id == "" || id == "null" {
		id, _ = scalar(raw.ID)
	}
	switch {
	case shape["_meta"] != nil && len(shape) == 1:
		return Line{Format: LineMeta}, nil
	case shape["messages"] != nil:
		return chatLine(LineMessages, id, raw.Messages), nil
	case shape["current_user_input"] != nil || shape["target_response"] != nil:
		return pairLine(id, raw), nil
	case shape["turns"] != nil:
		return chatLine(LineTurns, id, raw.Turns), nil
	case shape["conversations"] != nil:
		return chatLine(LineConversations, id, raw.Conversations), nil
	}
	return Line{Format: LineUnknown}, nil
}

func chatLine(format LineFormat, id string, raw []rawTurn) Line {
	turns := turnsOf(raw)
	return Line{Format: format, Conversation: Conversation{ID: id, Turns: turns}, Pairs: pairsOf(turns)}
}

// pairLine rebuilds the conversation of a v4 pair. Its history ends with the
// current input in nearly every real file; it is not shown twice.
func pairLine(id string, raw rawLine) Line {
	var turns []Turn
	if raw.System != "" {
		turns = append(turns, Turn{Role: "system", Content: raw.System})
	}
	turns = append(turns, turnsOf(raw.History)...)
	if n := len(turns); raw.Input != "" && (n == 0 || turns[n-1].Role != "user" || turns[n-1].Content != raw.Input) {
		turns = append(turns, Turn{Role: "user", Content: raw.Input})
	}
	l := Line{Format: LinePair, Conversation: Conversation{ID: id, Title: title(raw.Metadata.Persona, raw.Metadata.Topic)}}
	if raw.Target != nil && *raw.Target != "" {
		turns = append(turns, Turn{Role: "assistant", Content: *raw.Target})
		if raw.Input != "" {
			l.Pairs = []Pair{{Prompt: raw.Input, Response: *raw.Target}}
		}
	}
	l.Conversation.Turns = turns
	return l
}

func title(persona, topic string) string {
	switch {
	case persona == "":
		return topic
	case topic == "":
		return persona
	}
	return persona + " · " + topic
}

func turnsOf(raw []rawTurn) []Turn {
	out := make([]Turn, 0, len(raw))
	for _, t := range raw {
		role, content := t.Role, t.Content
		if role == "" {
			role = t.From
		}
		if content == "" {
			content = t.Value
		}
		out = append(out, Turn{Role: normalRole(role), Content: content})
	}
	return out
}

func normalRole(role string) string {
	switch strings.ToLower(role) {
	case "human":
		return "user"
	case "gpt", "model", "bot":
		return "assistant"
	}
	return role
}

// pairsOf pairs every assistant turn with the user turn before it.
func pairsOf(turns []Turn) []Pair {
	var out []Pair
	prompt := ""
	for _, t := range turns {
		switch t.Role {
		case "user":
			prompt = t.Content
		case "assistant":
			if prompt != "" && t.Content != "" {
				out = append(out, Pair{Prompt: prompt, Response: t.Content})
			}
			prompt = ""
		}
	}
	return out
}
