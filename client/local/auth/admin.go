package auth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// admin asks for the service key.
func (s *Server) admin(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		claims, err := s.claims(r)
		if err != nil {
			return err
		}
		if role := claims.Text("role"); role != "service_role" && role != "supabase_admin" {
			return fault(http.StatusForbidden, "not_admin", "User not allowed")
		}
		return next(w, r)
	}
}

// pageNumber reads a positive number of the query.
func pageNumber(r *http.Request, name string, otherwise, most int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, most)
}

const (
	usersAPage = 50
	usersMost  = 1000
)

func (s *Server) adminUsers(w http.ResponseWriter, r *http.Request) error {
	page, per := pageNumber(r, "page", 1, 1<<30), pageNumber(r, "per_page", usersAPage, usersMost)
	var total int
	if err := s.o.Pool.QueryRow(r.Context(), `SELECT count(*) FROM auth.users WHERE deleted_at IS NULL`).Scan(&total); err != nil {
		return fmt.Errorf("count users: %w", err)
	}
	rows, err := s.o.Pool.Query(r.Context(), `SELECT id::text FROM auth.users WHERE deleted_at IS NULL ORDER BY created_at DESC, id LIMIT $1 OFFSET $2`, per, (page-1)*per)
	if err != nil {
		return fmt.Errorf("list users: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list users: %w", err)
	}
	users := []*user{}
	for _, id := range ids {
		u, err := userByID(r.Context(), s.o.Pool, id)
		if err != nil {
			return err
		}
		if u != nil {
			users = append(users, u)
		}
	}
	last := max((total+per-1)/per, 1)
	link := fmt.Sprintf(`</admin/users?page=%d&per_page=%d>; rel="last"`, last, per)
	if page < last {
		link = fmt.Sprintf(`</admin/users?page=%d&per_page=%d>; rel="next", `, page+1, per) + link
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
	w.Header().Set("Link", link)
	writeJSON(w, http.StatusOK, map[string]any{"users": users, "aud": "authenticated"})
	return nil
}

// adminInput is what an administrator may set.
type adminInput struct {
	Email        string         `json:"email"`
	Password     string         `json:"password"`
	EmailConfirm bool           `json:"email_confirm"`
	UserMetadata map[string]any `json:"user_metadata"`
	BanDuration  string         `json:"ban_duration"` // "24h"; "none" lifts it
}

func (s *Server) adminCreate(w http.ResponseWriter, r *http.Request) error {
	var in adminInput
	if err := readJSON(r, &in); err != nil {
		return err
	}
	email, err := parseEmail(in.Email)
	if err != nil {
		return badEmail()
	}
	n := newUser{id: uuid.NewString(), email: email, metadata: in.UserMetadata}
	if in.Password != "" {
		if err := checkStrength(in.Password); err != nil {
			return err
		}
		if n.hash, err = s.hash(in.Password); err != nil {
			return err
		}
	}
	now := s.now()
	if in.EmailConfirm {
		n.confirmedAt = &now
	}
	err = pgx.BeginFunc(r.Context(), s.o.Pool, func(tx pgx.Tx) error { return insertUser(r.Context(), tx, n, now) })
	if isConflict(err) {
		return fault(http.StatusUnprocessableEntity, "email_exists", "A user with this email address has already been registered")
	}
	if err != nil {
		return err
	}
	return s.writeUser(w, r, n.id)
}

func (s *Server) writeUser(w http.ResponseWriter, r *http.Request, id string) error {
	u, err := userByID(r.Context(), s.o.Pool, id)
	if err != nil {
		return err
	}
	if u == nil {
		return userNotFound()
	}
	writeJSON(w, http.StatusOK, u)
	return nil
}

func userNotFound() error { return fault(http.StatusNotFound, "user_not_found", "User not found") }

// pathUser is the user of the path.
func (s *Server) pathUser(r *http.Request) (*user, error) {
	if _, err := uuid.Parse(r.PathValue("id")); err != nil {
		return nil, fault(http.StatusNotFound, "validation_failed", "user_id must be an UUID")
	}
	u, err := userByID(r.Context(), s.o.Pool, r.PathValue("id"))
	if err == nil && u == nil {
		err = userNotFound()
	}
	return u, err
}

func (s *Server) adminUser(w http.ResponseWriter, r *http.Request) error {
	u, err := s.pathUser(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, u)
	return nil
}

func (s *Server) adminChange(w http.ResponseWriter, r *http.Request) error {
	u, err := s.pathUser(r)
	if err != nil {
		return err
	}
	var in adminInput
	if err := readJSON(r, &in); err != nil {
		return err
	}
	var hash string
	if in.Password != "" {
		if err := checkStrength(in.Password); err != nil {
			return err
		}
		if hash, err = s.hash(in.Password); err != nil {
			return err
		}
	}
	banned := u.BannedUntil
	switch in.BanDuration {
	case "":
	case "none":
		banned = nil
	default:
		d, err := time.ParseDuration(in.BanDuration)
		if err != nil {
			return invalid("invalid format for ban duration: %v", err)
		}
		until := s.now().Add(d)
		banned = &until
	}
	err = pgx.BeginFunc(r.Context(), s.o.Pool, func(tx pgx.Tx) error {
		if err := s.applyChanges(r.Context(), tx, caller{user: u}, in.UserMetadata, hash, ""); err != nil {
			return err
		}
		_, err := tx.Exec(r.Context(), `UPDATE auth.users SET banned_until = $2, email_confirmed_at = CASE WHEN $3 THEN coalesce(email_confirmed_at, $4) ELSE email_confirmed_at END,
		  updated_at = $4 WHERE id = $1`, u.ID, banned, in.EmailConfirm, s.now())
		return err
	})
	if err != nil {
		return err
	}
	return s.writeUser(w, r, u.ID)
}

func (s *Server) adminDelete(w http.ResponseWriter, r *http.Request) error {
	u, err := s.pathUser(r)
	if err != nil {
		return err
	}
	if _, err := s.o.Pool.Exec(r.Context(), `DELETE FROM auth.users WHERE id = $1`, u.ID); err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// adminLink makes a link and a code without a mail: for tests and scripts.
func (s *Server) adminLink(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Type, Email string
		RedirectTo  string `json:"redirect_to"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	kind := mailKind(in.Type)
	if kind != mailSignup && kind != mailMagicLink && kind != mailRecovery {
		return invalid("Invalid email action link type requested: %v", in.Type)
	}
	email, err := parseEmail(in.Email)
	if err != nil {
		return badEmail()
	}
	u, err := userByEmail(r.Context(), s.o.Pool, email)
	if err != nil {
		return err
	}
	if u == nil && kind == mailRecovery {
		return fault(http.StatusNotFound, "user_not_found", "User with this email not found")
	}
	if u == nil {
		if u, err = s.makeUnconfirmed(r.Context(), email, nil); err != nil {
			return err
		}
		kind = mailSignup
	}
	m, err := s.mailing(r, kind, pkceInput{})
	if err != nil {
		return err
	}
	if in.RedirectTo != "" {
		m.redirect = s.redirectTarget(in.RedirectTo).String()
	}
	code, err := s.makeCode(r.Context(), s.o.Pool, u, m, kind.tokenType(), u.Email)
	if err != nil {
		return err
	}
	out, err := members(u)
	if err != nil {
		return err
	}
	out["action_link"], out["email_otp"], out["hashed_token"] = code.Link, code.Code, code.hash
	out["redirect_to"], out["verification_type"] = m.redirect, string(kind)
	writeJSON(w, http.StatusOK, out)
	return nil
}

// members are the user's own, to which a reply adds more.
func members(u *user) (map[string]any, error) {
	b, err := json.Marshal(u)
	if err != nil {
		return nil, fmt.Errorf("encode user: %w", err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("encode user: %w", err)
	}
	return out, nil
}
