package auth

import (
	"net/http"
	"slices"
)

func (s *Server) health(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]string{"version": "loratop-local", "name": "GoTrue",
		"description": "GoTrue is a user registration and authentication API"})
	return nil
}

func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{}}) // a shared secret is not for publishing
	return nil
}

func (s *Server) settings(w http.ResponseWriter, _ *http.Request) error {
	external := map[string]bool{"email": true, "phone": false, "anonymous_users": false}
	for _, p := range providers() {
		external[p] = slices.Contains(s.o.Providers, p)
	}
	writeJSON(w, http.StatusOK, map[string]any{"external": external, "disable_signup": false, "mailer_autoconfirm": s.o.Autoconfirm,
		"phone_autoconfirm": false, "sms_provider": "", "saml_enabled": false, "passkeys_enabled": false})
	return nil
}
