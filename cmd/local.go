package cmd

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/models"
)

// bareFlags serve a database that exists already.
type bareFlags struct {
	databaseURL string
	secret      string
	bare        bool
}

func (a *app) localCmd() *cobra.Command {
	s, bare := &stackFlags{}, &bareFlags{}
	c := &cobra.Command{
		Use: "local", Short: "Run the local stack for any Supabase client, without the terminal interface", Args: exactArgs(),
		Long: "Runs the stack of loratop demo, prints its URL, keys and sign-ins and stays until it is\n" +
			"stopped. With --json it prints exactly one line once it is ready.\n" +
			"With --bare it serves only the gateway over a database that exists already, and\n" +
			"changes nothing in it; files are served from --dir when one is given. The JWT secret may come from LORATOP_JWT_SECRET: other users\n" +
			"of this machine can see flags.",
		Example: "  loratop local\n  loratop local --json --port 54321 | head -1 | jq -r .anon_key\n" +
			"  LORATOP_JWT_SECRET=… loratop local --bare --database-url postgres://… --port 54321",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			if bare.secret == "" {
				bare.secret = a.sys.Getenv("LORATOP_JWT_SECRET")
			}
			if err := bare.check(c); err != nil {
				return err
			}
			return a.local(c.Context(), s, bare)
		},
	}
	s.add(c)
	f := c.Flags()
	f.BoolVar(&s.faults, "faults", false, "serve /_faults, by which tests make the stack misbehave")
	_ = f.MarkHidden("faults") // fails only for a flag that does not exist
	f.BoolVar(&s.noTrainer, "no-trainer", false, "leave queued jobs queued, and uploads unvalidated")
	f.IntVar(&s.rateLimit, "rate-limit", local.HostedRateLimit, "burst of each kind of sign-in request from one address before 429, as hosted projects have it; 0 = no limit")
	f.BoolVar(&bare.bare, "bare", false, "serve only the gateway over --database-url")
	f.StringVar(&bare.databaseURL, "database-url", "", "database of --bare")
	f.StringVar(&bare.secret, "jwt-secret", "", "JWT secret of --bare (or LORATOP_JWT_SECRET)")
	return c
}

func (b *bareFlags) check(c *cobra.Command) error {
	if !b.bare {
		if b.databaseURL != "" || c.Flags().Changed("jwt-secret") {
			return usagef("add --bare", "--database-url and --jwt-secret are for --bare")
		}
		return nil
	}
	for _, name := range []string{"reset", "speed", "no-trainer", "faults"} {
		if c.Flags().Changed(name) {
			return usagef("", "--%s has no meaning with --bare", name)
		}
	}
	switch {
	case b.databaseURL == "":
		return usagef("", "--bare needs --database-url")
	case b.secret == "":
		return usagef("set LORATOP_JWT_SECRET, or give --jwt-secret", "--bare needs the JWT secret")
	}
	return nil
}

// local runs a stack until the context ends, and stops all that it started.
func (a *app) local(ctx context.Context, s *stackFlags, bare *bareFlags) (err error) {
	stack, err := a.startLocal(ctx, s, bare)
	if err != nil {
		return stackError("start the local stack", err)
	}
	defer func() {
		if closeErr := stack.Close(); closeErr != nil {
			err = errors.Join(err, stackError("stop the local stack", closeErr))
		}
	}()
	if err := a.printStack(stack); err != nil {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func (a *app) startLocal(ctx context.Context, s *stackFlags, bare *bareFlags) (*local.Stack, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(a.sys.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if cfg.Log != "" {
		file, done, err := a.logger(cfg.Log, "")
		if err != nil {
			return nil, err
		}
		a.onExit(done)
		log = file
	}
	if bare.bare {
		storage, err := s.folder("")
		if err != nil {
			return nil, err
		}
		return local.Serve(ctx, local.ServeOptions{DatabaseURL: bare.databaseURL, JWTSecret: bare.secret, Port: s.port, StorageDir: storage, RateLimit: s.rateLimit, Log: log})
	}
	dir, err := s.folder(cfg.Paths.Local())
	if err != nil {
		return nil, err
	}
	say := func(text string) { a.say("%s", text) }
	if a.flags.json.on {
		say = func(text string) { log.Info(text) }
	}
	onMail := func(m local.Mail) { a.say("mail for %s (%s): code %s", models.Clean(m.To), m.Kind, m.Code) }
	if a.flags.json.on {
		onMail = nil
	}
	say("starting PostgreSQL in " + dir + " ...")
	return local.Start(ctx, local.Options{
		Dir: dir, Port: s.port, Reset: s.reset, Seed: true, Trainer: !s.noTrainer, Speed: s.speed, Faults: s.faults, RateLimit: s.rateLimit, Log: log, Now: a.sys.Now, Notify: say, OnMail: onMail,
	})
}

// printStack prints the one line of JSON, or a block for people. The keys are
// meant to be shown: they open nothing but this stack.
func (a *app) printStack(stack *local.Stack) error {
	if a.flags.json.on {
		type user struct {
			ID       string `json:"id"`
			Email    string `json:"email"`
			Password string `json:"password"`
		}
		users := []user{}
		for _, u := range stack.Users {
			users = append(users, user{u.ID, u.Email, u.Password})
		}
		return writeJSON(a.sys.Out, struct {
			URL         string `json:"url"`
			AnonKey     string `json:"anon_key"`
			ServiceKey  string `json:"service_key"`
			JWTSecret   string `json:"jwt_secret"`
			DatabaseURL string `json:"database_url"`
			Users       []user `json:"users"`
		}{stack.URL, stack.AnonKey, stack.ServiceKey, stack.JWTSecret, stack.DatabaseURL, users})
	}
	p := []pair{
		{"url", stack.URL}, {"anon key", stack.AnonKey}, {"service key", stack.ServiceKey},
		{"jwt secret", stack.JWTSecret}, {"database", stack.DatabaseURL},
	}
	if stack.MailURL != "" {
		p = append(p, pair{"mailbox", stack.MailURL})
	}
	for _, u := range stack.Users {
		p = append(p, pair{"user", u.Email + "  password " + u.Password})
	}
	if err := writePairs(a.sys.Out, p); err != nil {
		return err
	}
	a.say("serving; ctrl+c stops it")
	return nil
}
