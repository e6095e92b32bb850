package auth

import "net/http"

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
	for _, p := range []string{"apple", "azure", "bitbucket", "discord", "facebook", "figma", "fly", "github", "gitlab", "google",
		"kakao", "keycloak", "linkedin", "linkedin_oidc", "notion", "slack", "slack_oidc", "snapchat", "spotify", "twitch", "twitter", "workos", "x", "zoom"} {
		external[p] = false
	}
	writeJSON(w, http.StatusOK, map[string]any{"external": external, "disable_signup": false, "mailer_autoconfirm": s.o.Autoconfirm,
		"phone_autoconfirm": false, "sms_provider": "", "saml_enabled": false, "passkeys_enabled": false})
	return nil
}
