package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// counted is a refresh token of the second version: it names its session and
// how often that was refreshed, and is signed with the session's own key. The
// database keeps the counter instead of tokens.
//
// In bytes: version 0, session, counter as a varint, half of an HMAC-SHA256 of
// these, and the first bytes of the SHA256 of all, by which most that is no
// token is told without a question to the database.
type counted struct {
	session uuid.UUID
	counter int64

	signed, signature []byte // as presented
}

const (
	countedSignature = 16
	countedChecksum  = 4
	countedLeast     = 1 + 16 + 1 + countedSignature + countedChecksum // bytes
)

func sumOver(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)[:countedSignature]
}

func (c counted) encode(key []byte) string {
	b := append([]byte{0}, c.session[:]...)
	b = binary.AppendUvarint(b, uint64(max(c.counter, 0)))
	b = append(b, sumOver(key, b)...)
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(append(b, sum[:countedChecksum]...))
}

// readCounted reads a token's form; its signature is left to be checked.
func readCounted(text string) (c counted, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < countedLeast || b[0] != 0 {
		return c, false
	}
	body, sum := b[:len(b)-countedChecksum], sha256.Sum256(b[:len(b)-countedChecksum])
	if subtle.ConstantTimeCompare(sum[:countedChecksum], b[len(body):]) != 1 {
		return c, false
	}
	c.signed, c.signature = body[:len(body)-countedSignature], body[len(body)-countedSignature:]
	copy(c.session[:], c.signed[1:])
	n, size := binary.Uvarint(c.signed[17:])
	if size <= 0 || 17+size != len(c.signed) || n > math.MaxInt64 {
		return c, false
	}
	c.counter = int64(n)
	return c, true
}

// countOn gives a session its next token of the second version, the first one
// with a new key.
func countOn(ctx context.Context, q querier, sessionID string) (string, error) {
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // never fails: crypto/rand aborts the program instead
	var key string
	c := counted{}
	err := q.QueryRow(ctx, `UPDATE auth.sessions SET refresh_token_counter = coalesce(refresh_token_counter + 1, 0),
	    refresh_token_hmac_key = coalesce(refresh_token_hmac_key, $2) WHERE id = $1 RETURNING refresh_token_counter, refresh_token_hmac_key`,
		sessionID, base64.RawStdEncoding.EncodeToString(fresh)).Scan(&c.counter, &key)
	if err != nil {
		return "", fmt.Errorf("count refresh: %w", err)
	}
	if c.session, err = uuid.Parse(sessionID); err != nil {
		return "", fmt.Errorf("session id: %w", err)
	}
	raw, err := base64.RawStdEncoding.DecodeString(key)
	if err != nil {
		return "", fmt.Errorf("session key: %w", err)
	}
	return c.encode(raw), nil
}

// Headers of the second version.
const (
	headerReuseCause = "Sb-Auth-Refresh-Token-Reuse-Cause"
	headerRotated    = "Sb-Auth-Refresh-Token-Rotated"
	headerCounter    = "Sb-Auth-Refresh-Token-Counter"
)

// countedSession is what a session keeps for its tokens.
type countedSession struct {
	user     *user
	key      []byte
	counter  int64
	last     time.Time // refresh, or begin
	notAfter *time.Time
}

// lockCounted reads and holds the session of a token whose signature is good.
func lockCounted(ctx context.Context, tx pgx.Tx, c counted) (s countedSession, err error) {
	var userID, key string
	var begun *time.Time
	var refreshed *time.Time
	err = tx.QueryRow(ctx, `SELECT user_id::text, coalesce(refresh_token_hmac_key, ''), coalesce(refresh_token_counter, 0), created_at, refreshed_at, not_after
	  FROM auth.sessions WHERE id = $1 FOR UPDATE`, c.session.String()).Scan(&userID, &key, &s.counter, &begun, &refreshed, &s.notAfter)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, refreshUnknown()
	}
	if err != nil {
		return s, fmt.Errorf("read session: %w", err)
	}
	if s.key, err = base64.RawStdEncoding.DecodeString(key); err != nil || key == "" || !hmac.Equal(sumOver(s.key, c.signed), c.signature) {
		return s, refreshUnknown()
	}
	for _, at := range []*time.Time{begun, refreshed} {
		if at != nil {
			s.last = *at
		}
	}
	s.user, err = userByID(ctx, tx, userID)
	if err == nil && s.user == nil {
		err = refreshUnknown()
	}
	return s, err
}

// rotateCounted spends a token of the second version. One that is behind by one
// is a client's that lost our answer, and within the reuse window any older one
// is a race: both get the token that is good now. Otherwise it is theft, and the
// session ends with all its access tokens.
func (s *Server) rotateCounted(ctx context.Context, tx pgx.Tx, c counted) (rotation, error) {
	had, err := lockCounted(ctx, tx, c)
	if err != nil {
		return rotation{}, err
	}
	now := s.now()
	if had.user.BannedUntil != nil && now.Before(*had.user.BannedUntil) {
		return rotation{}, fault(http.StatusBadRequest, "user_banned", "Invalid Refresh Token: User Banned")
	}
	if had.notAfter != nil && !now.Before(*had.notAfter) {
		return rotation{}, fault(http.StatusBadRequest, "session_expired", "Invalid Refresh Token: Session Expired")
	}
	id, header := c.session.String(), http.Header{}
	next := ""
	switch behind := had.counter - c.counter; {
	case behind < 0:
		return rotation{}, invalid("Invalid Refresh Token: Not Issued By This Server")
	case behind == 0:
		if next, err = countOn(ctx, tx, id); err != nil {
			return rotation{}, err
		}
		had.counter++
		header.Set(headerReuse, "false")
	default:
		causes := had.causes(behind, now, s.o.ReuseWindow)
		if causes == "" {
			if _, err := tx.Exec(ctx, `DELETE FROM auth.sessions WHERE id = $1`, id); err != nil {
				return rotation{}, fmt.Errorf("end session: %w", err)
			}
			header.Set(headerRotated, "true")
			return rotation{header: header, refused: fault(http.StatusBadRequest, "refresh_token_already_used", "Invalid Refresh Token: Already Used")}, nil
		}
		header.Set(headerReuseCause, causes)
		next = counted{session: c.session, counter: had.counter}.encode(had.key)
	}
	header.Set(headerCounter, strconv.FormatInt(had.counter, 10))
	out, err := s.refreshed(ctx, tx, had.user, refreshRow{sessionID: id}, next, false)
	out.header = header
	return out, err
}

// causes are the reasons to forgive a token that is behind, "" for none.
func (s countedSession) causes(behind int64, now time.Time, window time.Duration) string {
	var out []string
	if now.Sub(s.last).Abs() < window {
		out = append(out, "concurrent-refresh")
	}
	if behind == 1 {
		out = append(out, "fail-to-save")
	}
	return strings.Join(out, ",")
}
