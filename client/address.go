package client

import (
	"net"
	"net/url"
	"strings"
	"unicode"

	"github.com/loratop/loratop/models"
)

// parseURL checks and normalises a project's address: https unless loopback
// (or allowed), no credentials, query or fragment, no trailing slash, and
// without the /rest/v1 that people copy along.
func parseURL(raw string, allowHTTP bool) (*url.URL, error) {
	s := strings.TrimSpace(raw)
	if s == "" {
		return nil, config("no project URL is set", "set LORATOP_URL, or url in the profile")
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return nil, config("the project URL is not an address: "+quote(raw), "it looks like https://abcdefgh.supabase.co")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return nil, config("the project URL must be plain: no user, query or fragment", "it looks like https://abcdefgh.supabase.co")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case u.Scheme == "https", u.Scheme == "http" && (allowHTTP || loopback(u.Hostname())):
	case u.Scheme == "http":
		return nil, config("plain http would send the session readable over the network", "use https://, or allow it by name: --allow-http, or allow_http in the profile")
	default:
		return nil, config("the project URL must be https: "+quote(raw), "")
	}
	path := strings.TrimRight(u.Path, "/")
	for _, api := range []string{"/rest/v1", "/auth/v1", "/storage/v1"} {
		path = strings.TrimRight(strings.TrimSuffix(path, api), "/")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}, nil
}

// loopback reports a host that never leaves this machine.
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// checkKey refuses keys that bypass row level security, with the reason.
func checkKey(raw string) (string, error) {
	key := strings.TrimSpace(raw)
	if key == "" {
		return "", config("no API key is set", "set LORATOP_KEY to the project's anon or publishable key")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII || r == 0x7f }) {
		return "", config("the API key holds characters that no key has", "copy it again from the project's API settings")
	}
	if strings.HasPrefix(key, "sb_secret_") {
		return "", config("this is a secret key: it bypasses row level security and belongs on servers only",
			"use the publishable key (sb_publishable_…) or the anon key")
	}
	if cl, ok := parseClaims(key); ok {
		switch cl.Role {
		case "service_role", "supabase_admin", "postgres":
			return "", config("this key has the role "+quote(cl.Role)+": it bypasses row level security and belongs on servers only",
				"use the anon key or the publishable key; if it was pasted anywhere public, rotate it")
		case "authenticated":
			return "", config("this is a user's access token, not the project's API key",
				"use the anon key or the publishable key; a token goes into LORATOP_ACCESS_TOKEN")
		}
	}
	return key, nil
}

func config(msg, hint string) *models.Error {
	return &models.Error{Code: models.CodeConfig, Msg: msg, Hint: hint}
}
