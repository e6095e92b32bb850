package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// signInPage is the link of the screen that makes a session.
const signInPage = "signin"

// sessionKnown opens the first page, or the sign-in screen. An error other
// than a missing session does not stand in the way: the screens show it, and
// go on when the server answers again.
func (s *shell) sessionKnown(m sessionRead) tea.Cmd {
	s.starting = false
	s.bodyDirty()
	switch {
	case m.err == nil:
		s.session = &m.session
	case models.CodeOf(m.err) == models.CodeSignIn:
		return s.openGate()
	}
	return tea.Batch(s.startFeeds(), s.begin())
}

// openGate puts the sign-in screen on top of everything.
func (s *shell) openGate() tea.Cmd {
	if s.gate != nil {
		return nil
	}
	hide := s.hide(s.top())
	s.palette, s.help, s.filter, s.dialogs = nil, nil, nil, nil
	hide = tea.Batch(hide, s.feedsTake(screen.HideMsg{}))
	p, err := s.newPage(signInPage)
	if err != nil {
		return s.toast(screen.LevelBad, "the session has ended")
	}
	s.gate = p
	return tea.Batch(hide, s.show(p))
}

// signedOut is a session that ended: by the user (reason ""), or by itself. The
// screens stay as they are below the sign-in screen.
func (s *shell) signedOut(reason string) tea.Cmd {
	if s.gate != nil {
		return nil
	}
	cmd := s.openGate()
	if reason != "" {
		cmd = tea.Batch(cmd, s.toast(screen.LevelWarn, reason))
	}
	return cmd
}

// lateGrace is how long after signing in a refusal may still be the answer to a
// request that was sent before.
const lateGrace = 3 * time.Second

// sessionLost is a request that was refused for want of a session.
func (s *shell) sessionLost(err error) tea.Cmd {
	if s.starting || s.o.Now().Sub(s.signedInAt) < lateGrace {
		return nil // if it is true it will come again
	}
	text, _ := models.Explain(err)
	return s.signedOut(text)
}

// signedIn leaves the gate: back to where the user was, or for another user to
// the same places with nothing left of the one before.
func (s *shell) signedIn(v models.Session) tea.Cmd {
	before := s.session
	s.session = &v
	s.signedInAt = s.o.Now()
	s.bodyDirty()
	if s.gate != nil {
		s.closePage(s.gate)
		s.gate = nil
	}
	if before != nil && before.UserID != v.UserID {
		s.forget()
	}
	cmd := tea.Batch(s.feedsTake(screen.ShowMsg{}), s.startFeeds())
	if len(s.stack) == 0 {
		return tea.Batch(cmd, s.begin())
	}
	return tea.Batch(cmd, s.show(s.top()))
}

// forget closes all pages and remembers only where the user stood.
func (s *shell) forget() {
	if t := s.top(); t != nil && s.o.Link == "" {
		s.o.Link = t.spec.Name
		if s.tab(t.spec.Name) < 0 {
			s.o.Link = "" // a page of the other user's things
		}
	}
	s.closeAll()
	s.overview.Stop()
	s.lookout.feed.Stop()
	s.newFeeds()
}

type signOutDone struct{ err error }

// signOut ends the session at the user's wish.
func (s *shell) signOut() tea.Cmd {
	return screen.Do(s.self, "sign out", sessionTimeout, func(ctx context.Context) tea.Msg {
		return signOutDone{s.b.SignOut(ctx)}
	})
}

func (s *shell) signOutDone(m signOutDone) tea.Cmd {
	if m.err != nil && models.CodeOf(m.err) != models.CodeSignIn {
		text, _ := models.Explain(m.err)
		return s.toast(screen.LevelBad, text)
	}
	s.forget()
	s.o.Link = ""
	s.session = nil
	return tea.Batch(s.signedOut(""), s.toast(screen.LevelGood, "Signed out"))
}
