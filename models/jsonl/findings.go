package jsonl

import (
	"cmp"
	"slices"

	"github.com/loratop/loratop/models"
)

// code names a kind of finding.
type code uint8

const (
	codeEmpty code = iota
	codeBinary
	codeDocument
	codeValidator
	codeTrainer
	codeBOM
	codeCRLF
	codeDeclared
	codeJSON
	codeDepth
	codeDigits
	codeLong
	codeTooLong
	codeUTF8
	codeUnknown
	codeConversationID
	codeTurns
	codeTurnsEmpty
	codeTurn
	codeTurnType
	codeMessagesEmpty
	codeContent
	codePairHalf
	codeRoleOrder
	codeRoleUnknown
	codeRoleEnd
	codeRepeated
	codeBlank
	codeControl
	codeSurrogate
	codeDuplicateID
	codeDuplicate
	codeNear
	codeScore
	codeEnum
	codeMetaPlace
	codeMany
	codes // how many
)

// about is what is the same for all findings of a code.
type about struct {
	severity   Severity
	name       string
	suggestion string
}

// describe gives a code's severity, stable name and advice.
func (c code) describe() about {
	return [codes]about{
		codeEmpty:          {SeverityError, "file.empty", "Choose the file that holds the conversations."},
		codeBinary:         {SeverityError, "file.binary", "Unpack it, or save it as UTF-8 text, one JSON object a line."},
		codeDocument:       {SeverityError, "file.document", "Neither validator nor trainer reads it; --fix writes its pairs as JSON Lines."},
		codeValidator:      {SeverityError, "validator.format", "--fix writes lines that both the validator and the trainer accept."},
		codeTrainer:        {SeverityError, "trainer.format", "--fix writes lines that both the validator and the trainer accept."},
		codeBOM:            {SeverityError, "bom", "Save the file as UTF-8 without a byte order mark."},
		codeCRLF:           {SeverityWarning, "crlf", "Save the file with LF line ends."},
		codeDeclared:       {SeverityWarning, "declared", "Declared counts of real files include turns without a response; trust the found one."},
		codeJSON:           {SeverityError, "json", "Every line must be one whole JSON object."},
		codeDepth:          {SeverityError, "json.depth", "Flatten the line; the trainer's reader gives up on the whole file."},
		codeDigits:         {SeverityError, "json.digits", "Write the number as text; the trainer's reader gives up on the whole file."},
		codeLong:           {SeverityWarning, "line.long", "Split the conversation; it will not fit into any sequence length."},
		codeTooLong:        {SeverityError, "line.too_long", "Split the line; it was passed over unread."},
		codeUTF8:           {SeverityError, "utf8", "Save the file as UTF-8; the trainer gives up on the whole file."},
		codeUnknown:        {SeverityError, "format.unknown", "Use messages, turns, conversations or current_user_input with target_response."},
		codeConversationID: {SeverityError, "turns.conversation_id", "Give every line a conversation_id."},
		codeTurns:          {SeverityError, "turns.missing", "Give every line turns: [{role, content}, …]."},
		codeTurnsEmpty:     {SeverityError, "turns.empty", "Remove the line, or add its turns."},
		codeTurn:           {SeverityError, "turn.missing", "Every turn needs a role and a text."},
		codeTurnType:       {SeverityError, "turn.type", "Role and content must be strings; mixed types stop the trainer."},
		codeMessagesEmpty:  {SeverityWarning, "messages.empty", "Remove the line, or add its messages; the trainer skips it."},
		codeContent:        {SeverityWarning, "content.missing", "Give the message a text, or remove it."},
		codePairHalf:       {SeverityWarning, "pair.incomplete", "Nothing is learnt from the line; add what is missing, or remove it."},
		codeRoleOrder:      {SeverityWarning, "role.order", "Let user and assistant alternate, system first; many chat templates refuse anything else."},
		codeRoleUnknown:    {SeverityWarning, "role.unknown", "Use system, user and assistant."},
		codeRoleEnd:        {SeverityWarning, "role.end", "End with the assistant; what is asked last has no response to learn."},
		codeRepeated:       {SeverityWarning, "user.repeated", "Keep the message once; --fix does, the trainer would show it twice."},
		codeBlank:          {SeverityWarning, "text.blank", "Write a text, or remove the turn."},
		codeControl:        {SeverityWarning, "text.control", "Remove the control characters; the model would learn them."},
		codeSurrogate:      {SeverityError, "text.surrogate", "Write the whole character; half of one cannot be encoded and stops the trainer."},
		codeDuplicateID:    {SeverityWarning, "id.duplicate", "Give every line an id of its own."},
		codeDuplicate:      {SeverityWarning, "pair.duplicate", "Remove it, unless it is meant to weigh more."},
		codeNear:           {SeverityWarning, "pair.near_duplicate", "Look whether both are wanted."},
		codeScore:          {SeverityWarning, "score.range", "Use the platform's scale."},
		codeEnum:           {SeverityWarning, "enum", "The platform's own files go beyond its list too; check for a typing mistake."},
		codeMetaPlace:      {SeverityWarning, "meta.place", "Move the _meta line to the top; readers skip it anyway."},
		codeMany:           {SeverityWarning, "turns.many", "Split the conversation; the turns beyond were only counted."},
	}[c]
}

// findings counts what is found and keeps the first of it.
type findings struct {
	count [codes]int64
	file  []Finding // of the whole file; always kept
	kept  []Finding
	group [codes]Group
}

// spot is where something was found; its path is built only when it is kept.
type spot struct {
	line, off int64
	path      string // "$", or with index: the name of a list
	index     int    // from 0; -1 = none
	field     string
	inside    string // path of the record in a document, which takes the place of "$"
}

func (s spot) String() string {
	out := s.path
	if s.inside != "" {
		out = s.inside + out[1:]
	}
	if s.index < 0 {
		return out
	}
	out += "[" + itoa(s.index) + "]"
	if s.field != "" {
		out += "." + s.field
	}
	return out
}

// add counts a finding; text is asked for only when it is kept.
func (f *findings) add(c code, at spot, text func() string) {
	f.count[c]++
	g := &f.group[c]
	if len(f.kept) >= KeptFindings && len(g.Lines) >= GroupLines {
		return
	}
	a := c.describe()
	t := models.Clean(text())
	if len(g.Lines) == 0 {
		g.Severity, g.Code, g.Text, g.Suggestion = a.severity, a.name, t, a.suggestion
	}
	if n := len(g.Lines); n < GroupLines && (n == 0 || g.Lines[n-1] != at.line) {
		g.Lines = append(g.Lines, at.line)
	}
	found := Finding{Severity: a.severity, Code: a.name, Line: at.line, Offset: at.off, Path: at.String(), Text: t, Suggestion: a.suggestion}
	switch {
	case at.line == 0:
		f.file = append(f.file, found)
	case len(f.kept) < KeptFindings:
		f.kept = append(f.kept, found)
	}
}

// whole is add for the whole file.
func (f *findings) whole(c code, text string) {
	f.add(c, spot{path: "$", index: -1}, func() string { return text })
}

// fill writes what was found into the report.
func (f *findings) fill(r *Report) {
	r.Findings = append(append(make([]Finding, 0, len(f.file)+len(f.kept)), f.file...), f.kept...)
	r.Findings = r.Findings[:min(len(r.Findings), KeptFindings)]
	r.ByCode, r.Groups = []Count{}, []Group{}
	for c, n := range f.count {
		if n == 0 {
			continue
		}
		g := f.group[c]
		g.Count = n
		if g.Severity == SeverityError {
			r.ErrorCount += n
		} else {
			r.WarningCount += n
		}
		r.ByCode = append(r.ByCode, Count{g.Code, n})
		r.Groups = append(r.Groups, g)
	}
	slices.SortStableFunc(r.ByCode, func(a, b Count) int { return cmp.Compare(b.Count, a.Count) })
	slices.SortStableFunc(r.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(b.Count, a.Count))
	})
}
