// Package token signs and verifies the JSON web tokens of the local stack:
// HS256 only, as a Supabase project with a shared secret has them.
package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What can be wrong with a token. Errors of this package wrap one of these.
var (
	ErrMalformed = errors.New("token is malformed")
	ErrSignature = errors.New("signature is invalid")
	ErrExpired   = errors.New("token is expired")
	ErrNotYet    = errors.New("token is not valid yet")
)

// Claims are the members of a token's payload. After Verify and Parse, numbers
// are json.Number, so that marshalling gives back what was signed.
type Claims map[string]any

// Text is a claim that holds a string, "" when absent or of another type.
func (c Claims) Text(name string) string {
	s, _ := c[name].(string)
	return s
}

// Time is a claim that holds seconds since 1970; ok is false when it is absent
// or no number.
func (c Claims) Time(name string) (at time.Time, ok bool) {
	switch v := c[name].(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return time.Unix(n, 0).UTC(), true
		}
		f, err := v.Float64()
		if err != nil {
			return time.Time{}, false
		}
		return unix(f), true
	case float64:
		return unix(v), true
	case int64:
		return time.Unix(v, 0).UTC(), true
	default:
		return time.Time{}, false
	}
}

// unix keeps the fraction to the microsecond, which is finer than any issuer.
func unix(sec float64) time.Time { return time.UnixMicro(int64(sec * 1e6)).UTC() }

// Sign makes a compact HS256 token.
func Sign(secret []byte, c Claims) (string, error) {
	s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(c)).SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return s, nil
}

// Verify checks form and signature and leaves the times to the caller:
// PostgREST allows some leeway where the other servers allow none.
func Verify(secret []byte, s string) (Claims, error) {
	p := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithJSONNumber(), jwt.WithoutClaimsValidation())
	mc := jwt.MapClaims{}
	_, err := p.ParseWithClaims(s, mc, func(*jwt.Token) (any, error) { return secret, nil })
	switch {
	case err == nil:
		return Claims(mc), nil
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	default:
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
}

// Parse is Verify and then exp and nbf against now, without leeway.
func Parse(secret []byte, s string, now time.Time) (Claims, error) {
	c, err := Verify(secret, s)
	if err != nil {
		return nil, err
	}
	if exp, ok := c.Time("exp"); ok && !now.Before(exp) {
		return c, ErrExpired
	}
	if nbf, ok := c.Time("nbf"); ok && now.Before(nbf) {
		return c, ErrNotYet
	}
	return c, nil
}

// The life of API keys is fixed, so that one secret always gives the same keys.
const (
	keyIssued  = 1735689600 // 2025-01-01
	keyExpires = 4102444800 // 2100-01-01
)

// AnonKey is the publishable API key that belongs to the secret.
func AnonKey(secret []byte) (string, error) { return apiKey(secret, "anon") }

// ServiceKey is the API key that passes row level security.
func ServiceKey(secret []byte) (string, error) { return apiKey(secret, "service_role") }

func apiKey(secret []byte, role string) (string, error) {
	return Sign(secret, Claims{"iss": "supabase", "ref": "local", "role": role, "iat": int64(keyIssued), "exp": int64(keyExpires)})
}
