package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// credentials are the flags of login and signup.
type credentials struct {
	email    string
	stdin    bool // the password is the next line of stdin
	keyStdin bool // the anon key is the first line of stdin
	app      *app
}

func (cr *credentials) add(c *cobra.Command) {
	c.Flags().StringVar(&cr.email, "email", "", "e-mail address (asked for when missing)")
	c.Flags().BoolVar(&cr.stdin, "password-stdin", false, "read the password from stdin")
	c.Flags().BoolVar(&cr.keyStdin, "key-stdin", false, "read the project's anon key from stdin, a line before the password")
}

func (a *app) loginCmd() *cobra.Command {
	cr := &credentials{app: a}
	c := &cobra.Command{
		Use: "login", Short: "Sign in to a project", Args: exactArgs(),
		Long: "Signs in with e-mail and password and keeps the session in the system's keyring, or in\n" +
			"a file that only you can read. With --url the project's URL and anon key are saved as\n" +
			"a profile. The anon key comes from LORATOP_KEY, --key-stdin, the profile, or a prompt.",
		Example: "  loratop login --url https://abcd.supabase.co --profile work\n" +
			"  pass show work | loratop login --email me@example.com --password-stdin\n" +
			"  LORATOP_KEY=$ANON loratop login --url $URL --email me@example.com --password-stdin <password.txt",
		RunE: func(c *cobra.Command, _ []string) error {
			return cr.run(c.Context(), func(ctx context.Context, b screens.Backend, email, password string) error {
				s, err := b.SignIn(ctx, email, password)
				if err != nil {
					return err
				}
				return a.printSession("signed in as ", s)
			})
		},
	}
	cr.add(c)
	return c
}

func (a *app) signupCmd() *cobra.Command {
	cr := &credentials{app: a}
	c := &cobra.Command{
		Use: "signup", Short: "Make an account on a project", Args: exactArgs(),
		Example: "  loratop signup --email me@example.com",
		RunE: func(c *cobra.Command, _ []string) error {
			return cr.run(c.Context(), func(ctx context.Context, b screens.Backend, email, password string) error {
				r, err := b.SignUp(ctx, email, password)
				switch {
				case err != nil:
					return err
				case r.Session != nil:
					return a.printSession("signed up as ", *r.Session)
				case a.flags.json.on:
					return a.writeDocument("signup", object{"confirmation": r.Confirmation}, nil)
				}
				_, err = fmt.Fprintf(a.sys.Out, "almost done: confirm the e-mail sent to %s, then loratop login\n", models.Clean(email))
				return err
			})
		},
	}
	cr.add(c)
	return c
}

// run collects what is missing, saves the profile when it is new, and acts.
func (cr *credentials) run(ctx context.Context, act func(context.Context, screens.Backend, string, string) error) error {
	a := cr.app
	if a.flags.json.on {
		if done, err := a.fields(sessionJSON(models.Session{}, models.Connection{})); done || err != nil {
			return err
		}
	}
	save, err := cr.connection(ctx)
	if err != nil {
		return err
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	email, password, err := cr.collect(ctx)
	if err != nil {
		return err
	}
	if err := act(ctx, b, email, password); err != nil {
		return err
	}
	if !save {
		return nil
	}
	if err := a.cfg.SaveProfile(a.cfg.Profile, a.cfg.URL, a.cfg.Key); err != nil {
		return err
	}
	if !a.flags.json.on {
		_, err = fmt.Fprintf(a.sys.Err, "profile %s saved in %s\n", models.Clean(a.cfg.Profile), a.cfg.File)
	}
	return err
}

// connection completes URL and key, and reports whether they are to be saved:
// they are when a flag, stdin or a person gave them, not when the environment did.
func (cr *credentials) connection(ctx context.Context) (save bool, err error) {
	a := cr.app
	cfg, err := a.config()
	if err != nil {
		return false, err
	}
	save = a.changed("url")
	if cfg.URL == "" {
		if cfg.URL, err = a.ask(ctx, "Project URL:", "give it with --url"); err != nil {
			return false, err
		}
		cfg.URL, save = strings.TrimRight(strings.TrimSpace(cfg.URL), "/"), true
	}
	switch {
	case cr.keyStdin:
		cfg.Key, err = await(ctx, a.readLine)
		save = true
	case cfg.Key == "":
		cfg.Key, err = a.askSecret(ctx, "Anon key (the project's public key):", "set LORATOP_KEY, or use --key-stdin")
		save = true
	}
	if err != nil {
		return false, err
	}
	cfg.Key = strings.TrimSpace(cfg.Key)
	return save, savable(cfg, save)
}

// savable keeps a profile from being overwritten with another project by accident.
func savable(cfg *config.Config, save bool) error {
	if !save {
		return nil
	}
	if err := cfg.CanSave(); err != nil || cfg.Named {
		return err
	}
	for _, p := range cfg.Profiles {
		if p.Name == cfg.Profile && strings.TrimRight(p.URL, "/") != cfg.URL && p.URL != "" {
			return usagef("add --profile NAME", "profile %q is of another project (%s)", models.Clean(p.Name), models.Clean(p.URL))
		}
	}
	return nil
}

func (cr *credentials) collect(ctx context.Context) (email, password string, err error) {
	a := cr.app
	email = cr.email
	if email == "" {
		if email, err = a.ask(ctx, "E-mail:", "give it with --email"); err != nil {
			return "", "", err
		}
	}
	if cr.stdin {
		password, err = await(ctx, a.readLine)
	} else {
		password, err = a.askSecret(ctx, "Password:", "use --password-stdin")
	}
	if err == nil && password == "" {
		err = usagef("", "the password is empty")
	}
	return strings.TrimSpace(email), password, err
}

func (a *app) logoutCmd() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "End the session of the profile", Args: exactArgs(),
		RunE: func(c *cobra.Command, _ []string) error {
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			if err := b.SignOut(c.Context()); err != nil {
				return err
			}
			conn := b.Connection()
			if a.flags.json.on {
				return a.writeDocument("logout", object{"profile": conn.Profile, "url": conn.URL}, nil)
			}
			_, err = fmt.Fprintln(a.sys.Out, "signed out of "+models.Clean(conn.URL))
			return err
		},
	}
}

func (a *app) whoamiCmd() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Show who is signed in, and where", Args: exactArgs(),
		RunE: func(c *cobra.Command, _ []string) error {
			if done, err := a.fields(sessionJSON(models.Session{}, models.Connection{})); done || err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			s, err := b.Session(c.Context())
			if err != nil {
				return err
			}
			return a.printSession("", s)
		},
	}
}

func sessionJSON(s models.Session, c models.Connection) object {
	return object{
		"user_id": s.UserID, "email": s.Email, "expires_at": timeJSON(models.At(s.ExpiresAt)), "aal": s.AAL,
		"profile": c.Profile, "url": c.URL,
	}
}

func (a *app) printSession(lead string, s models.Session) error {
	conn := a.backend.Connection()
	switch {
	case a.flags.json.on:
		return a.writeDocument("session", sessionJSON(s, conn), nil)
	case a.flags.quiet:
		return writeIDs(a.sys.Out, []string{s.UserID})
	case lead != "":
		_, err := fmt.Fprintf(a.sys.Out, "%s%s on %s\n", lead, models.Clean(s.Email), models.Clean(conn.URL))
		return err
	}
	return writePairs(a.sys.Out, []pair{
		{"e-mail", s.Email}, {"user id", s.UserID}, {"profile", conn.Profile}, {"project", conn.URL},
		{"assurance", s.AAL}, {"session until", timeText(models.At(s.ExpiresAt))},
	})
}
