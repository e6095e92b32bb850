package auth

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// externalUser is the user that the provider's address belongs to: by the
// identity if it came before, else by the address, which the provider vouches
// for, else a new one.
func (s *Server) externalUser(ctx context.Context, tx pgx.Tx, provider, email string) (*user, error) {
	now := s.now()
	// Every name gives one number at every provider, as a real account would have.
	subject := uuid.NewSHA1(uuid.NameSpaceURL, []byte(provider+":"+email)).String()
	u, err := findUser(ctx, tx, `id = (SELECT user_id FROM auth.identities WHERE provider || ':' || provider_id = $1)`, provider+":"+subject)
	if err != nil || u != nil {
		return u, err
	}
	facts := map[string]any{"iss": "http://" + provider + ".local", "sub": subject, "provider_id": subject, "email": email, "email_verified": true,
		"phone_verified": false, "name": email, "user_name": email}
	data, err := json.Marshal(facts)
	if err != nil {
		return nil, fmt.Errorf("encode identity: %w", err)
	}
	if u, err = userByEmail(ctx, tx, email); err != nil {
		return nil, err
	}
	id := ""
	if u != nil {
		id = u.ID
		if _, err := confirm(ctx, tx, id, "", now); err != nil {
			return nil, err
		}
	} else {
		id = uuid.NewString()
		_, err = tx.Exec(ctx, `INSERT INTO auth.users (id, instance_id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
		  VALUES ($1, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', $2, $3, jsonb_build_object('provider', $4::text), $5, $3, $3)`,
			id, email, now, provider, data)
		if err != nil {
			return nil, fmt.Errorf("insert user: %w", err)
		}
	}
	if err := linkIdentity(ctx, tx, id, provider, subject, data, s); err != nil {
		return nil, err
	}
	return userByID(ctx, tx, id)
}

// linkIdentity adds the identity and names its provider in the user's app_metadata.
func linkIdentity(ctx context.Context, tx pgx.Tx, userID, provider, subject string, data []byte, s *Server) error {
	_, err := tx.Exec(ctx, `INSERT INTO auth.identities (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
	  VALUES ($1, $2, $3, $4, $5, $6, $6, $6)`, uuid.NewString(), subject, userID, data, provider, s.now())
	if err != nil {
		return fmt.Errorf("insert identity: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE auth.users SET raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || jsonb_build_object('providers',
	    (SELECT jsonb_agg(provider ORDER BY created_at, provider) FROM auth.identities WHERE user_id = $1)) WHERE id = $1`, userID)
	if err != nil {
		return fmt.Errorf("note provider: %w", err)
	}
	return nil
}
