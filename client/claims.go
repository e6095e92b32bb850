package client

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
)

// claims are what the client reads of a token. It cannot check a signature;
// the server does.
type claims struct {
	Sub   string     `json:"sub"`
	Role  string     `json:"role"`
	Email string     `json:"email"`
	AAL   string     `json:"aal"`
	Exp   models.F64 `json:"exp"` // unix seconds
}

// parseClaims reads the middle part of a JWT.
func parseClaims(token string) (claims, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return claims{}, false
	}
	var c claims
	if json.Unmarshal(b, &c) != nil {
		return claims{}, false
	}
	return c, true
}

// expiry is the moment in exp, zero when there is none.
func (c claims) expiry() time.Time {
	if !c.Exp.Finite() || c.Exp <= 0 || c.Exp > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(c.Exp), 0).UTC()
}
