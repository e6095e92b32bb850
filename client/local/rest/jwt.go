package rest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// leeway is how far the clocks of issuer and server may differ.
const leeway = 30 * time.Second

// identity is who asks: the role to take and the claims as JSON, the role among them.
type identity struct {
	Role   string
	Claims string
}

// bearer is the token of the Authorization header; a header of another scheme is no token.
func bearer(h http.Header) (string, bool) {
	v := h.Get("Authorization")
	i := strings.IndexFunc(v, unicode.IsSpace)
	if i < 0 {
		return "", strings.EqualFold(v, "bearer")
	}
	if !strings.EqualFold(v[:i], "bearer") {
		return "", false
	}
	return strings.TrimLeftFunc(v[i:], unicode.IsSpace), true
}

// caller is what a token of ours says.
type caller struct {
	claims      map[string]json.RawMessage
	as          identity
	from, until int64 // when its times are good, in seconds of the epoch, leeway included
}

// window is that time, of claims that were good at some moment.
func window(claims map[string]json.RawMessage) (from, until int64) {
	const slack = int64(leeway / time.Second)
	from, until = math.MinInt64, math.MaxInt64
	if t, ok := claimSeconds(claims["exp"]); ok && t < until-slack {
		until = t + slack
	}
	for _, name := range []string{"nbf", "iat"} {
		if t, ok := claimSeconds(claims[name]); ok && t > from+slack {
			from = max(from, t-slack)
		}
	}
	return from, until
}

// identify checks the token, if any, and names the role. A token's signature is checked once, its times
// with every request.
func (s *Server) identify(h http.Header) (identity, *apiError) {
	token, ok := bearer(h)
	if !ok {
		return s.named(map[string]json.RawMessage{})
	}
	who, known := s.callers.get(token)
	if now := s.opt.Now().Unix(); known && who.from <= now && now <= who.until {
		return who.as, nil
	}
	if !known {
		var e *apiError
		if who.claims, e = s.verify(token); e != nil {
			return identity{}, e
		}
	}
	if e := checkClaims(who.claims, s.opt.Now()); e != nil {
		return identity{}, e
	}
	if !known {
		var e *apiError
		if who.as, e = s.named(who.claims); e != nil {
			return identity{}, e
		}
		who.from, who.until = window(who.claims)
		s.callers.put(token, who)
	}
	return who.as, nil
}

// named puts the role among the claims.
func (s *Server) named(claims map[string]json.RawMessage) (identity, *apiError) {
	role := s.opt.AnonRole
	if raw, ok := claims["role"]; ok {
		var text string
		if json.Unmarshal(raw, &text) == nil && raw[0] == '"' {
			role = text
		} else {
			role = string(raw)
		}
	}
	quoted, err := marshal(role)
	if err != nil {
		return identity{}, errToken("PGRST303", "Parsing claims failed", nil)
	}
	claims["role"] = quoted
	all, err := marshal(claims)
	if err != nil {
		return identity{}, errToken("PGRST303", "Parsing claims failed", nil)
	}
	return identity{role, string(all)}, nil
}

var hashes = map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}

// knownAlgorithms are those there might be a key for; only the HMAC ones have one here.
var knownAlgorithms = map[string]bool{
	"HS256": true, "HS384": true, "HS512": true, "RS256": true, "RS384": true, "RS512": true,
	"ES256": true, "ES384": true, "ES512": true, "EdDSA": true,
}

// verify checks form, algorithm and signature, and reads the claims.
func (s *Server) verify(token string) (map[string]json.RawMessage, *apiError) {
	if token == "" {
		return nil, errToken("PGRST301", "Empty JWT is sent in Authorization header", nil)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errToken("PGRST301", "Expected 3 parts in JWT; got "+strconv.Itoa(len(parts)), nil)
	}
	var head struct {
		Alg string `json:"alg"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || json.Unmarshal(raw, &head) != nil || head.Alg == "" {
		return nil, errToken("PGRST301", "JWT cryptographic operation failed", nil)
	}
	if head.Alg == "none" {
		return nil, errToken("PGRST301", "Wrong or unsupported encoding algorithm",
			"JWT is unsecured but expected 'alg' was not 'none'")
	}
	body, err1 := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	sig, err2 := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[2], "="))
	if err1 != nil || err2 != nil || !knownAlgorithms[head.Alg] {
		return nil, errToken("PGRST301", "JWT cryptographic operation failed", nil)
	}
	algorithm, ok := hashes[head.Alg]
	if !ok {
		return nil, errToken("PGRST301", "No suitable key or wrong key type", "No suitable key was found to decode the JWT")
	}
	mac := hmac.New(algorithm, s.opt.Secret)
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if !hmac.Equal(sig, mac.Sum(nil)) {
		return nil, errToken("PGRST301", "No suitable key or wrong key type", "None of the keys was able to decode the JWT")
	}
	var claims map[string]json.RawMessage
	if json.Unmarshal(body, &claims) != nil || claims == nil {
		return nil, errToken("PGRST303", "Parsing claims failed", nil)
	}
	return claims, nil
}

// checkClaims checks the times, with leeway, and the form of the audience.
func checkClaims(claims map[string]json.RawMessage, now time.Time) *apiError {
	for _, c := range []struct {
		name, wrong string
		bad         func(unix, now int64) bool
	}{
		{"exp", "JWT expired", func(t, now int64) bool { return now-int64(leeway/time.Second) > t }},
		{"nbf", "JWT not yet valid", func(t, now int64) bool { return now+int64(leeway/time.Second) < t }},
		{"iat", "JWT issued at future", func(t, now int64) bool { return now+int64(leeway/time.Second) < t }},
	} {
		raw, ok := claims[c.name]
		if !ok || bytes.Equal(raw, []byte("null")) {
			continue
		}
		t, ok := claimSeconds(raw)
		if !ok {
			return errToken("PGRST303", "The JWT '"+c.name+"' claim must be a number", nil)
		}
		if c.bad(t, now.Unix()) {
			return errToken("PGRST303", c.wrong, nil)
		}
	}
	if raw, ok := claims["aud"]; ok && !bytes.HasPrefix(raw, []byte(`"`)) && !bytes.Equal(raw, []byte("null")) {
		var many []string
		if json.Unmarshal(raw, &many) != nil {
			return errToken("PGRST303", "The JWT 'aud' claim must be a string or an array of strings", nil)
		}
	}
	return nil
}

// claimSeconds reads a JSON number; what is no whole number of 64 bits counts as 0, as it does there.
func claimSeconds(raw json.RawMessage) (int64, bool) {
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, true
	}
	return int64(f), true
}
