package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"
)

// Account is a user to be made by EnsureUser.
type Account struct {
	ID       string         // a UUID
	Email    string         // stored in lower case
	Password string         // 6 to 72 bytes
	Metadata map[string]any // user_metadata; may be nil
}

// EnsureUser makes a confirmed user unless one with the id or e-mail exists,
// which it leaves as it is. It reports whether it made one.
func EnsureUser(ctx context.Context, pool *pgxpool.Pool, a Account, now time.Time) (made bool, err error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(a.Password), bcrypt.DefaultCost)
	if err != nil {
		return false, fmt.Errorf("hash password: %w", err)
	}
	n := newUser{id: a.ID, email: normalEmail(a.Email), hash: string(hash), metadata: a.Metadata, confirmedAt: &now}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var exists bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM auth.users WHERE id = $1 OR email = $2)`, n.id, n.email).Scan(&exists); err != nil || exists {
			return err
		}
		made = true
		return insertUser(ctx, tx, n, now)
	})
	if err != nil {
		return false, fmt.Errorf("make user %s: %w", n.email, err)
	}
	return made, nil
}

type newUser struct {
	id, email, hash string
	metadata        map[string]any
	confirmedAt     *time.Time
}

// insertUser writes the user and the e-mail identity that GoTrue keeps beside.
func insertUser(ctx context.Context, q querier, n newUser, now time.Time) error {
	facts := map[string]any{"sub": n.id, "email": n.email, "email_verified": n.confirmedAt != nil, "phone_verified": false}
	meta := map[string]any{}
	for _, m := range []map[string]any{n.metadata, facts} {
		for k, v := range m {
			meta[k] = v
		}
	}
	metaJSON, err := json.Marshal(meta)
	if err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	_, err = q.Exec(ctx, `INSERT INTO auth.users (id, instance_id, aud, role, email, encrypted_password, email_confirmed_at,
	    raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
	  VALUES ($1, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', $2, $3, $4,
	    '{"provider": "email", "providers": ["email"]}', $5, $6, $6)`, n.id, n.email, n.hash, n.confirmedAt, metaJSON, now)
	if err != nil {
		return fmt.Errorf("insert user: %w", err)
	}
	_, err = q.Exec(ctx, `INSERT INTO auth.identities (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
	  VALUES ($1, $2, $3, $4, 'email', $5, $5, $5)`, uuid.NewString(), n.id, n.id, metaJSON, now)
	if err != nil {
		return fmt.Errorf("insert identity: %w", err)
	}
	return nil
}
