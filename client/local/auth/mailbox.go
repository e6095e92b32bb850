package auth

import (
	"sync"
	"time"
)

// Mail is a message that the stack would have sent.
type Mail struct {
	To   string    `json:"to"`
	Kind string    `json:"kind"` // "signup", "magiclink", "recovery", "email_change"
	Code string    `json:"code"` // six digits, leading zeros kept
	Link string    `json:"link"` // does the same as typing the code
	At   time.Time `json:"at"`
}

// mailbox keeps the newest mails in memory.
type mailbox struct {
	mu   sync.Mutex
	kept []Mail
}

const mailsKept = 200

func (m *mailbox) put(mail Mail) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = append(m.kept, mail)
	if len(m.kept) > mailsKept {
		m.kept = append([]Mail(nil), m.kept[len(m.kept)-mailsKept:]...)
	}
}

// Mailbox returns the mails of this run, oldest first: nothing leaves the machine.
func (s *Server) Mailbox() []Mail {
	s.mail.mu.Lock()
	defer s.mail.mu.Unlock()
	return append([]Mail(nil), s.mail.kept...)
}
