package faults

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/loratop/loratop/client/local/token"
)

// order is what a POST to ControlPath can ask for. Members that are absent
// leave their matter as it is.
type order struct {
	Seed  *uint64 `json:"seed"`
	Rules *[]Rule `json:"rules"` // replace the ones before, counters at zero

	ExpireTokens bool    `json:"expire_tokens"` // access tokens that exist count as expired from now on
	Revoke       *string `json:"revoke"`        // sessions of the user with this address; "*" = of everybody

	ExpireUploads bool `json:"expire_uploads"` // unfinished resumable uploads that exist are forgotten

	// RestartMS, in milliseconds, is how long the server is away, beginning when
	// this order was answered: connections are cut, and new ones refused.
	RestartMS *int64 `json:"restart_ms"`

	Freeze *string `json:"freeze"` // the clock stands at this time (RFC 3339) or "now"
	MoveMS *int64  `json:"move_ms"`
}

// state is what the endpoint answers with.
type state struct {
	Seed          uint64  `json:"seed"`
	Rules         []tally `json:"rules"`
	TokensExpired bool    `json:"tokens_expired"`
	Revoked       int64   `json:"revoked"`         // sessions, by this request
	Expired       int     `json:"expired_uploads"` // likewise
	Now           string  `json:"now,omitempty"`
	Frozen        bool    `json:"frozen"`
}

type tally struct {
	Rule
	Matched uint64 `json:"matched"` // requests that the rule is meant for
	Struck  uint64 `json:"struck"`  // those of them that it met
}

const controlLimit = 1 << 20 // bytes

// control shows the faults (GET), sets them (POST) or ends them all (DELETE).
func (i *Injector) control(w http.ResponseWriter, r *http.Request) {
	if !i.permitted(r) {
		refuse(w, http.StatusUnauthorized, "the service key is needed to control faults")
		return
	}
	var did effect
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		i.Clear()
	case http.MethodPost:
		var err error
		if did, err = i.obey(w, r); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
	default:
		w.Header().Set("Allow", "GET, POST, DELETE")
		refuse(w, http.StatusMethodNotAllowed, "GET, POST or DELETE")
		return
	}
	s := i.state()
	s.Revoked, s.Expired = did.revoked, did.uploads
	b, _ := json.Marshal(s) // always has a JSON form
	send(w, http.StatusOK, jsonType, string(b))
	if did.restart {
		_ = http.NewResponseController(w).Flush() // the answer has left before the server stops
		i.o.Restart(did.pause)
	}
}

// effect is what an order did besides setting faults.
type effect struct {
	revoked int64
	uploads int
	restart bool
	pause   time.Duration
}

// permitted keeps pages in a browser and other users of the machine out.
func (i *Injector) permitted(r *http.Request) bool {
	key := r.Header.Get("Apikey")
	if key == "" {
		key = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	own, err := token.ServiceKey(i.o.Secret)
	return err == nil && subtle.ConstantTimeCompare([]byte(own), []byte(key)) == 1
}

func refuse(w http.ResponseWriter, status int, message string) {
	b, _ := json.Marshal(map[string]string{"message": message}) // a text always has a JSON form
	send(w, status, jsonType, string(b))
}

func (i *Injector) obey(w http.ResponseWriter, r *http.Request) (did effect, err error) {
	var o order
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, controlLimit))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return did, fmt.Errorf("the body cannot be read: %w", err)
	}
	if err := i.possible(o); err != nil {
		return did, err
	}
	if o.Rules != nil {
		if err := i.SetRules(*o.Rules); err != nil {
			return did, err
		}
	}
	if o.Seed != nil {
		i.mu.Lock()
		i.seed = *o.Seed
		i.mu.Unlock()
	}
	if err := i.moveClock(o); err != nil {
		return did, err
	}
	if o.ExpireTokens {
		i.ExpireTokens()
	}
	if did, err = i.end(r.Context(), o); err == nil && o.RestartMS != nil {
		did.restart, did.pause = true, time.Duration(*o.RestartMS)*time.Millisecond
	}
	return did, err
}

// possible refuses what this stack cannot do, before any of the order is done.
func (i *Injector) possible(o order) error {
	if o.ExpireUploads && i.o.ExpireUploads == nil {
		return errors.New("uploads cannot be expired here: there is no storage")
	}
	if o.RestartMS == nil {
		return nil
	}
	if i.o.Restart == nil {
		return errors.New("this server cannot be restarted")
	}
	if *o.RestartMS < 0 || *o.RestartMS > longest {
		return fmt.Errorf("restart_ms must be 0 to %d", longest)
	}
	return nil
}

// end ends sessions and uploads, as the order has it.
func (i *Injector) end(ctx context.Context, o order) (did effect, err error) {
	if o.ExpireUploads {
		if did.uploads, err = i.o.ExpireUploads(); err != nil {
			return did, err
		}
	}
	if o.Revoke != nil {
		did.revoked, err = i.Revoke(ctx, *o.Revoke)
	}
	return did, err
}

func (i *Injector) moveClock(o order) error {
	if o.Freeze == nil && o.MoveMS == nil {
		return nil
	}
	if i.o.Clock == nil {
		return errors.New("this stack's clock cannot be changed")
	}
	if o.Freeze != nil {
		var at time.Time
		if *o.Freeze != "now" {
			var err error
			if at, err = time.Parse(time.RFC3339Nano, *o.Freeze); err != nil {
				return fmt.Errorf("freeze: %w", err)
			}
		}
		i.o.Clock.Freeze(at)
	}
	if o.MoveMS != nil {
		i.o.Clock.Move(time.Duration(*o.MoveMS) * time.Millisecond)
	}
	return nil
}

// SetRules replaces the rules. It changes nothing when one of them is wrong.
func (i *Injector) SetRules(rules []Rule) error {
	list := make([]*active, 0, len(rules))
	for n, r := range rules {
		if err := r.Check(); err != nil {
			return fmt.Errorf("rule %d: %w", n, err)
		}
		list = append(list, &active{Rule: r})
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules = list
	return nil
}

// ExpireTokens makes all access tokens that exist now count as expired.
// Refresh tokens stay good, and so is what they bring.
func (i *Injector) ExpireTokens() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.expired = newExpiry(i.o.Secret, i.now())
}

func (i *Injector) now() time.Time {
	if i.o.Clock == nil {
		return time.Now()
	}
	return i.o.Clock.Now()
}

// Revoke ends the sessions of the user with this address, or of everybody for
// "*", as a global sign-out elsewhere would, and says how many there were.
func (i *Injector) Revoke(ctx context.Context, email string) (int64, error) {
	if i.o.Pool == nil {
		return 0, errors.New("sessions cannot be revoked here: there is no database")
	}
	tag, err := i.o.Pool.Exec(ctx, `DELETE FROM auth.sessions s USING auth.users u
	  WHERE u.id = s.user_id AND ($1 = '*' OR lower(u.email) = lower($1))`, email)
	if err != nil {
		return 0, fmt.Errorf("revoke sessions: %w", err)
	}
	return tag.RowsAffected(), nil
}

// Clear ends all faults. Sessions that were revoked stay so.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules, i.expired, i.seed = nil, nil, i.o.Seed
	if i.o.Clock != nil {
		i.o.Clock.Reset()
	}
}

func (i *Injector) state() state {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := state{Seed: i.seed, TokensExpired: i.expired != nil, Rules: make([]tally, 0, len(i.rules))}
	for _, a := range i.rules {
		s.Rules = append(s.Rules, tally{a.Rule, a.matched, a.struck})
	}
	if i.o.Clock != nil {
		s.Now, s.Frozen = i.o.Clock.Now().UTC().Format(time.RFC3339Nano), i.o.Clock.Frozen()
	}
	return s
}
