package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// querier is a pool, a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// user is a row of auth.users as it is told to clients.
type user struct {
	ID                 string          `json:"id"`
	Aud                string          `json:"aud"`
	Role               string          `json:"role"`
	Email              string          `json:"email"`
	EmailConfirmedAt   *time.Time      `json:"email_confirmed_at,omitempty"`
	Phone              string          `json:"phone"`
	ConfirmationSentAt *time.Time      `json:"confirmation_sent_at,omitempty"`
	ConfirmedAt        *time.Time      `json:"confirmed_at,omitempty"`
	RecoverySentAt     *time.Time      `json:"recovery_sent_at,omitempty"`
	NewEmail           string          `json:"new_email,omitempty"`
	EmailChangeSentAt  *time.Time      `json:"email_change_sent_at,omitempty"`
	LastSignInAt       *time.Time      `json:"last_sign_in_at,omitempty"`
	AppMetadata        json.RawMessage `json:"app_metadata"`
	UserMetadata       json.RawMessage `json:"user_metadata"`
	Factors            []factor        `json:"factors,omitempty"`
	Identities         []identity      `json:"identities"`
	CreatedAt          time.Time       `json:"created_at"`
	UpdatedAt          time.Time       `json:"updated_at"`
	BannedUntil        *time.Time      `json:"banned_until,omitempty"`
	IsAnonymous        bool            `json:"is_anonymous"`

	password string // bcrypt
}

type identity struct {
	IdentityID   string          `json:"identity_id"`
	ID           string          `json:"id"` // the provider's id
	UserID       string          `json:"user_id"`
	Data         json.RawMessage `json:"identity_data"`
	Provider     string          `json:"provider"`
	LastSignInAt *time.Time      `json:"last_sign_in_at"`
	CreatedAt    *time.Time      `json:"created_at"`
	UpdatedAt    *time.Time      `json:"updated_at"`
	Email        string          `json:"email,omitempty"`
}

type factor struct {
	ID           string    `json:"id"`
	FriendlyName string    `json:"friendly_name,omitempty"`
	Type         string    `json:"factor_type"`
	Status       string    `json:"status"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// hasVerifiedFactor reports whether the user has set up a second factor.
func (u *user) hasVerifiedFactor() bool {
	for _, f := range u.Factors {
		if f.Status == "verified" {
			return true
		}
	}
	return false
}

const selectUser = `SELECT id::text, coalesce(aud, ''), coalesce(role, ''), coalesce(email, ''), email_confirmed_at,
  coalesce(phone, ''), confirmation_sent_at, coalesce(email_confirmed_at, phone_confirmed_at), recovery_sent_at,
  coalesce(email_change, ''), email_change_sent_at, last_sign_in_at,
  coalesce(raw_app_meta_data, '{}'), coalesce(raw_user_meta_data, '{}'),
  coalesce(created_at, 'epoch'), coalesce(updated_at, created_at, 'epoch'), banned_until, is_anonymous,
  coalesce(encrypted_password, '')
  FROM auth.users WHERE deleted_at IS NULL AND `

// findUser returns nil when there is none. The condition has one parameter.
func findUser(ctx context.Context, q querier, condition, arg string) (*user, error) {
	u := &user{}
	err := q.QueryRow(ctx, selectUser+condition, arg).Scan(&u.ID, &u.Aud, &u.Role, &u.Email, &u.EmailConfirmedAt,
		&u.Phone, &u.ConfirmationSentAt, &u.ConfirmedAt, &u.RecoverySentAt, &u.NewEmail, &u.EmailChangeSentAt,
		&u.LastSignInAt, &u.AppMetadata, &u.UserMetadata, &u.CreatedAt, &u.UpdatedAt, &u.BannedUntil, &u.IsAnonymous,
		&u.password)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read user: %w", err)
	}
	u.utc()
	if u.Identities, err = identitiesOf(ctx, q, u.ID); err != nil {
		return nil, err
	}
	u.Factors, err = factorsOf(ctx, q, u.ID)
	return u, err
}

func userByEmail(ctx context.Context, q querier, email string) (*user, error) {
	return findUser(ctx, q, "email = $1 AND is_sso_user = false", email)
}

func userByID(ctx context.Context, q querier, id string) (*user, error) {
	if _, err := uuid.Parse(id); err != nil {
		return nil, nil
	}
	return findUser(ctx, q, "id = $1::uuid", id)
}

// utc gives all times the zone in which GoTrue tells them.
func (u *user) utc() {
	for _, t := range []*time.Time{u.EmailConfirmedAt, u.ConfirmationSentAt, u.ConfirmedAt, u.RecoverySentAt,
		u.EmailChangeSentAt, u.LastSignInAt, u.BannedUntil, &u.CreatedAt, &u.UpdatedAt} {
		if t != nil {
			*t = t.UTC()
		}
	}
}

func identitiesOf(ctx context.Context, q querier, userID string) ([]identity, error) {
	rows, err := q.Query(ctx, `SELECT id::text, provider_id, user_id::text, identity_data, provider,
	  last_sign_in_at, created_at, updated_at, coalesce(email, '')
	  FROM auth.identities WHERE user_id = $1 ORDER BY created_at, id`, userID)
	if err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (identity, error) {
		var i identity
		err := row.Scan(&i.IdentityID, &i.ID, &i.UserID, &i.Data, &i.Provider, &i.LastSignInAt, &i.CreatedAt, &i.UpdatedAt, &i.Email)
		for _, t := range []*time.Time{i.LastSignInAt, i.CreatedAt, i.UpdatedAt} {
			if t != nil {
				*t = t.UTC()
			}
		}
		return i, err
	})
	if err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	return append([]identity{}, list...), nil
}

func factorsOf(ctx context.Context, q querier, userID string) ([]factor, error) {
	rows, err := q.Query(ctx, `SELECT id::text, coalesce(friendly_name, ''), factor_type::text, status::text, created_at, updated_at
	  FROM auth.mfa_factors WHERE user_id = $1 ORDER BY created_at, id`, userID)
	if err != nil {
		return nil, fmt.Errorf("read factors: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (factor, error) {
		var f factor
		err := row.Scan(&f.ID, &f.FriendlyName, &f.Type, &f.Status, &f.CreatedAt, &f.UpdatedAt)
		f.CreatedAt, f.UpdatedAt = f.CreatedAt.UTC(), f.UpdatedAt.UTC()
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("read factors: %w", err)
	}
	return list, nil
}
