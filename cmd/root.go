package cmd

import (
	"bufio"
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/tui/screens"
)

// flags are the global ones.
type flags struct {
	profile  string
	config   string
	url      string
	json     jsonFlag
	quiet    bool
	timeout  time.Duration
	yes      bool
	noInput  bool
	readOnly bool
	insecure bool
	theme    string
	color    string
	ascii    bool
	noMouse  bool
	logFile  string
}

// app is one invocation.
type app struct {
	sys     IO
	flags   flags
	command *cobra.Command  // the one that runs
	ctx     context.Context // with --timeout applied
	cancel  context.CancelFunc
	cfg     *config.Config  // loaded on first use
	backend screens.Backend // opened on first use
	in      *bufio.Reader   // of prompts and --password-stdin
	log     *slog.Logger    // of the client and the terminal interface; nil = the configured file
	exits   []func()        // run at the end, last first

	quietWarnings bool // the command shows the file's warnings itself
}

func (a *app) root() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "loratop [LINK]",
		Short: "LoRA fine-tuning on Supabase, from the terminal",
		Long: "loratop browses datasets, launches LoRA training jobs, watches their loss and\n" +
			"lists artifacts and costs, with your own rights, on your Supabase project.\n" +
			"Without a command it opens the terminal interface, at a LINK such as job/ID when\n" +
			"one is given; where there is no terminal it lists the latest jobs.",
		Example: "  loratop demo                      # everything on this machine, nothing to set up\n" +
			"  loratop login --profile work      # sign in to a project\n" +
			"  loratop watch JOB --json          # one line a point, ends with the job",
		Args:          maxOneArg,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			return a.prepare(c)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if version {
				return a.printVersion()
			}
			return a.openTUI(c.Context(), args)
		},
	}
	root.Flags().BoolVarP(&version, "version", "V", false, "print the version")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("see: "+c.CommandPath()+" --help", "%s", err.Error())
	})
	a.globalFlags(root)
	root.AddCommand(
		a.loginCmd(), a.signupCmd(), a.logoutCmd(), a.whoamiCmd(),
		a.datasetsCmd(), a.jobsCmd(), a.watchCmd(), a.waitCmd(), a.artifactsCmd(), a.costsCmd(), a.notificationsCmd(),
		a.demoCmd(), a.localCmd(), a.migrateCmd(), a.configCmd(), a.manCmd(), a.versionCmd(),
	)
	root.AddCommand(topics()...)
	return root
}

func maxOneArg(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("see: loratop --help", "unknown command %q", strings.Join(args, " "))
	}
	return nil
}

func (a *app) globalFlags(root *cobra.Command) {
	p := root.PersistentFlags()
	p.StringVarP(&a.flags.profile, "profile", "p", "", "connection profile")
	p.StringVar(&a.flags.config, "config", "", "configuration file")
	p.StringVar(&a.flags.url, "url", "", "project URL")
	p.Var(&a.flags.json, "json", "JSON output; --json=a,b picks fields, --json= lists them")
	p.Lookup("json").NoOptDefVal = jsonAll
	p.BoolVarP(&a.flags.quiet, "quiet", "q", false, "ids only")
	p.DurationVar(&a.flags.timeout, "timeout", 0, "give up after this long (exit 124)")
	p.BoolVarP(&a.flags.yes, "yes", "y", false, "answer yes to questions")
	p.BoolVar(&a.flags.noInput, "no-input", false, "never ask; a question is an error")
	p.BoolVar(&a.flags.readOnly, "read-only", false, "refuse every write")
	p.BoolVar(&a.flags.insecure, "allow-http", false, "allow plain http to a host that is not this machine")
	p.StringVar(&a.flags.theme, "theme", "", "auto, dark or light")
	p.StringVar(&a.flags.color, "color", "auto", "auto, always or never; plain commands print none anyway")
	p.BoolVar(&a.flags.ascii, "ascii", false, "draw with 7-bit characters only")
	p.BoolVar(&a.flags.noMouse, "no-mouse", false, "leave the mouse to the terminal")
	p.StringVar(&a.flags.logFile, "log-file", "", "write diagnostics to this file")
}

// prepare applies what holds for every command.
func (a *app) prepare(c *cobra.Command) error {
	ctx, cancel := c.Context(), context.CancelFunc(func() {})
	if a.flags.timeout < 0 {
		return usagef("for example --timeout 30s", "--timeout must not be negative")
	}
	if a.flags.timeout > 0 {
		ctx, cancel = context.WithTimeoutCause(ctx, a.flags.timeout, errTimeout)
	}
	a.ctx, a.cancel, a.command = ctx, cancel, c
	switch a.flags.color {
	case "auto", "always", "never":
	default:
		return usagef("", "--color must be auto, always or never, not %q", a.flags.color)
	}
	c.SetContext(ctx)
	return nil
}

// onExit has f run when the invocation ends.
func (a *app) onExit(f func()) { a.exits = append(a.exits, f) }

// exactArgs demands n arguments and names them in the complaint.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usagef("see: "+c.CommandPath()+" --help", "missing %s", names[len(args)])
		}
		if len(args) > len(names) {
			return usagef("see: "+c.CommandPath()+" --help", "unexpected argument %q", args[len(names)])
		}
		return nil
	}
}
