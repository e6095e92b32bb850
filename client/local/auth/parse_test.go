package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// FuzzRedirectTarget: wherever a link asks to go, it leads to the site, to
// loopback, or to what is allowed.
func FuzzRedirectTarget(f *testing.F) {
	for _, to := range []string{"", "https://site.example/x", "http://127.0.0.1:1/x?y#z", "https://a.ok.example/", "https://evil.example/.ok.example/",
		"http://127.0.0.1@evil.example/", "http://[::1]/", "//evil.example", "https:evil.example", "javascript:alert(1)", "http://127.0.0.1\\@evil.example"} {
		f.Add(to)
	}
	s := New(Options{SiteURL: "https://site.example/app", Redirects: []string{"https://*.ok.example/**"}})
	f.Fuzz(func(t *testing.T, asked string) {
		u := s.redirectTarget(asked)
		again, err := url.Parse(u.String())
		if err != nil {
			t.Fatalf("%q gives %q: %v", asked, u, err)
		}
		h := again.Hostname()
		loopback := h == "localhost" || h == "::1" || strings.HasPrefix(h, "127.") || strings.HasPrefix(h, "::ffff:127.") || strings.HasPrefix(h, "::ffff:7f") || strings.Trim(h, "0:") == "1"
		if again.User != nil || !loopback && h != "site.example" && !strings.HasSuffix(h, ".ok.example") {
			t.Errorf("%q leads to %q", asked, u)
		}
	})
}

// TestChallengesAreAnsweredByTheirVerifierOnly for both methods.
func TestChallengesAreAnsweredByTheirVerifierOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		verifier := rapid.StringMatching(`[a-zA-Z0-9._~-]{43,128}`).Draw(t, "verifier")
		other := rapid.StringMatching(`[a-zA-Z0-9._~-]{43,128}`).Draw(t, "other")
		method := rapid.SampledFrom([]string{"plain", "s256", "S256"}).Draw(t, "method")
		text := verifier
		if method != "plain" {
			h := sha256.Sum256([]byte(verifier))
			text = base64.RawURLEncoding.EncodeToString(h[:])
		}
		c, err := readChallenge(text, method)
		if err != nil || !c.answers(verifier) || c.answers(other) != (other == verifier) {
			t.Fatalf("%s of %q: %v", method, verifier, err)
		}
	})
}
