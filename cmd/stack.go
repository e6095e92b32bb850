package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/client"
	"github.com/loratop/loratop/client/local"
	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui"
)

// stackFlags are those of demo and local.
type stackFlags struct {
	dir       string
	port      int
	speed     float64
	reset     bool
	noTrainer bool
	faults    bool
	rateLimit int
}

func (s *stackFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.dir, "dir", "", "folder of the database and the files (default: below the XDG data folder)")
	f.IntVar(&s.port, "port", 0, "port on 127.0.0.1 (default: any free one)")
	f.Float64Var(&s.speed, "speed", 1, "how fast the demo trainer works: 2 is twice as fast")
	f.BoolVar(&s.reset, "reset", false, "throw the folder's data away and start anew")
}

func (s *stackFlags) check() error {
	switch {
	case s.port < 0 || s.port > 65535:
		return usagef("", "--port must be 0 to 65535")
	case !(s.speed > 0) || s.speed > 1000:
		return usagef("for example --speed 5", "--speed must be above 0 and at most 1000")
	case s.rateLimit < 0 || s.rateLimit > 1_000_000:
		return usagef("0 turns it off", "--rate-limit must be 0 to 1000000")
	}
	return nil
}

// folder is where the stack lives.
func (s *stackFlags) folder(usual string) (string, error) {
	if s.dir == "" {
		return usual, nil
	}
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return "", &models.Error{Code: models.CodeUsage, Msg: "--dir: " + models.Clean(err.Error()), Err: err}
	}
	return dir, nil
}

func (a *app) demoCmd() *cobra.Command {
	s := &stackFlags{}
	c := &cobra.Command{
		Use: "demo [LINK]", Short: "Run everything on this machine: database, trainer and terminal interface", Args: maxOneArg,
		Long: "Starts a PostgreSQL of its own with sample data, a gateway that answers as Supabase does\n" +
			"and a trainer that trains small adapters on the CPU, signs in and opens the terminal\n" +
			"interface. Quitting stops all of it. What you do is kept for the next time.",
		Example: "  loratop demo\n  loratop demo --speed 5\n  loratop demo --reset --dir /tmp/demo",
		RunE: func(c *cobra.Command, args []string) error {
			link, err := checkLink(args)
			if err != nil {
				return err
			}
			if err := a.drawable("loratop local runs the same stack without the terminal interface"); err != nil {
				return err
			}
			if err := s.check(); err != nil {
				return err
			}
			return a.demo(c.Context(), s, link)
		},
	}
	s.add(c)
	return c
}

// demo runs the stack and an ordinary client and interface on top of it. All
// that it started is stopped before it returns, whatever ended it.
func (a *app) demo(ctx context.Context, s *stackFlags, link string) (err error) {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	dir, err := s.folder(cfg.Paths.Demo())
	if err != nil {
		return err
	}
	log, done, err := a.logger(cfg.Log, filepath.Join(dir, "demo.log"))
	if err != nil {
		return err
	}
	defer done()
	a.log = log
	a.say("starting PostgreSQL, gateway and trainer in %s ...", dir)
	stack, err := local.Start(ctx, local.Options{
		Dir: dir, Port: s.port, Reset: s.reset, Seed: true, Trainer: true, Speed: s.speed, Log: log, Now: a.sys.Now,
		Notify: func(text string) { a.say("%s", text) },
	})
	if err != nil {
		return stackError("start the demo", err)
	}
	defer func() {
		if closeErr := stack.Close(); closeErr != nil {
			err = errors.Join(err, stackError("stop the demo", closeErr))
		}
	}()
	b, err := a.demoClient(ctx, cfg, stack, dir)
	if err != nil {
		return err
	}
	a.say("ready")
	if err := tui.Run(ctx, a.tuiOptions(cfg, link), b); err != nil {
		return err
	}
	a.say("demo stopped; loratop demo goes on where you left")
	return nil
}

// accounts are the stack's sign-ins as people read them.
func accounts(users []local.User) []string {
	out := make([]string, 0, len(users))
	for _, u := range users {
		out = append(out, u.Email+" / "+u.Password)
	}
	return out
}

// demoClient signs in as the first user of the stack.
func (a *app) demoClient(ctx context.Context, cfg *config.Config, stack *local.Stack, dir string) (*client.Client, error) {
	store, err := client.OpenStore(filepath.Join(dir, "session"), stack.URL, false)
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Options{
		URL: stack.URL, Key: stack.AnonKey, Profile: "demo", Demo: true, ReadOnly: cfg.ReadOnly,
		Store: store, State: filepath.Join(dir, "session"), Now: a.sys.Now, Log: a.log, GPUs: cfg.GPUs, Accounts: accounts(stack.Users),
	})
	if err != nil {
		return nil, err
	}
	if len(stack.Users) == 0 {
		return nil, &models.Error{Code: models.CodeUnknown, Op: "demo", Msg: "the stack has no users", Hint: "loratop demo --reset starts anew"}
	}
	u := stack.Users[0]
	if _, err := c.SignIn(ctx, u.Email, u.Password); err != nil {
		return nil, err
	}
	return c, nil
}

// say is progress for people, on stderr.
func (a *app) say(format string, args ...any) {
	if !a.flags.quiet {
		_, _ = fmt.Fprintf(a.sys.Err, "loratop: "+format+"\n", args...)
	}
}

// stackError gives what the stack says a place in the contract of errors.
func stackError(op string, err error) error {
	if models.CodeOf(err) != models.CodeUnknown {
		return err
	}
	return &models.Error{Code: models.CodeUnknown, Op: op, Msg: models.CleanLines(err.Error()), Err: err}
}
