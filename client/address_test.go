package client

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

func TestURLs(t *testing.T) {
	for in, want := range map[string]string{
		"https://abc.supabase.co":              "https://abc.supabase.co",
		" https://ABC.supabase.co/ ":           "https://abc.supabase.co",
		"abc.supabase.co":                      "https://abc.supabase.co",
		"https://abc.supabase.co/rest/v1/":     "https://abc.supabase.co",
		"https://example.com/supabase/":        "https://example.com/supabase",
		"http://127.0.0.1:54321":               "http://127.0.0.1:54321",
		"http://localhost:54321/":              "http://localhost:54321",
		"http://[::1]:54321":                   "http://[::1]:54321",
		"http://kong.localhost":                "http://kong.localhost",
		"http://example.com":                   "",
		"http://127.0.0.1.example.com":         "",
		"http://10.0.0.1:8000":                 "",
		"ftp://example.com":                    "",
		"https://user:pw@example.com":          "",
		"https://example.com/?apikey=x":        "",
		"https://example.com/#a":               "",
		"https://":                             "",
		"":                                     "",
		"https://exa mple.com":                 "",
		"postgresql://postgres@localhost/demo": "",
	} {
		u, err := parseURL(in, false)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q was taken as %s", in, u)
		case want == "":
			wantError(t, err, models.CodeConfig)
		case err != nil:
			t.Errorf("%q: %v", in, err)
		case u.String() != want:
			t.Errorf("%q: %s, want %s", in, u, want)
		}
	}
	if u, err := parseURL("http://example.com:8000", true); err != nil || u.Scheme != "http" {
		t.Errorf("http that was allowed by name: %v, %v", u, err)
	}
}

func jwtWithRole(role string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"role":"`+role+`"}`)) + ".x"
}

func TestKeys(t *testing.T) {
	for _, good := range []string{"sb_publishable_abc", jwtWithRole("anon"), " " + jwtWithRole("anon") + "\n", "anything"} {
		if key, err := checkKey(good); err != nil || key != strings.TrimSpace(good) {
			t.Errorf("%q: %q, %v", good, key, err)
		}
	}
	for bad, reason := range map[string]string{
		"":                            "no API key",
		"sb_secret_abc":               "secret key",
		jwtWithRole("service_role"):   "service_role",
		jwtWithRole("supabase_admin"): "supabase_admin",
		jwtWithRole("authenticated"):  "access token",
		"a\r\nX-Evil: 1":              "characters",
		"ké":                          "characters",
	} {
		_, err := checkKey(bad)
		if e := wantError(t, err, models.CodeConfig); !strings.Contains(e.Msg, reason) || e.Hint == "" {
			t.Errorf("%q: %q, hint %q", bad, e.Msg, e.Hint)
		}
	}
}
