package auth

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// askedTarget is where the caller wants the browser to end.
func askedTarget(r *http.Request) string {
	if to := r.URL.Query().Get("redirect_to"); to != "" {
		return to
	}
	return r.Header.Get("redirect_to")
}

// redirectTarget lets the browser go to the site, to loopback and to what the
// options allow. Anything else is silently the site.
func (s *Server) redirectTarget(asked string) *url.URL {
	site, err := url.Parse(s.o.SiteURL)
	if err != nil {
		site = &url.URL{Path: "/"}
	}
	u, err := url.Parse(asked)
	if err != nil || asked == "" || u.User != nil || u.Scheme == "" {
		return site
	}
	for _, p := range s.redirects {
		if p.MatchString(asked) {
			return u
		}
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return site
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() || host != "" && host == site.Hostname() {
		return u
	}
	return site
}

// redirectPattern reads a pattern of the allow list: "*" is anything within
// one part between "/" and ".", "**" anything at all, "?" one character.
func redirectPattern(glob string) *regexp.Regexp {
	p := regexp.QuoteMeta(glob)
	for _, r := range [][2]string{{`\*\*`, `.*`}, {`\*`, `[^/.]*`}, {`\?`, `[^/.]`}} {
		p = strings.ReplaceAll(p, r[0], r[1])
	}
	return regexp.MustCompile(`\A(?s:` + p + `)\z`)
}
