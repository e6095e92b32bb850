package cmd

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui"
	"github.com/loratop/loratop/tui/screens"
)

// links are the screens that a link on the command line may name.
func links() []string {
	return []string{"home", "signin", "datasets", "dataset", "upload", "uploading", "jobs", "job", "compare", "launch", "artifacts", "artifact", "costs", "inbox", "queue"}
}

// checkLink tells a screen from a mistyped command.
func checkLink(args []string) (string, error) {
	if len(args) == 0 {
		return "", nil
	}
	link := strings.Trim(args[0], "/")
	name, _, _ := strings.Cut(link, "/")
	if !slices.Contains(links(), name) {
		return "", usagef("commands: loratop --help; screens: "+strings.Join(links(), ", "), "unknown command or screen %q", models.Clean(args[0]))
	}
	return link, nil
}

// drawable refuses the terminal interface where it cannot be.
func (a *app) drawable(instead string) error {
	if !a.sys.InTTY || !a.sys.OutTTY {
		return usagef(instead, "the terminal interface needs a terminal for input and output")
	}
	switch a.sys.Getenv("TERM") {
	case "":
		return usagef(instead, "the terminal interface cannot be drawn: TERM is not set")
	case "dumb":
		return usagef(instead, "the terminal interface cannot be drawn with TERM=dumb")
	}
	return nil
}

const plainHint = "plain commands work everywhere: loratop jobs ls, loratop watch JOB, loratop costs"

// openTUI is loratop without a command.
func (a *app) openTUI(ctx context.Context, args []string) error {
	link, err := checkLink(args)
	if err != nil {
		return err
	}
	if !a.sys.OutTTY || !a.sys.InTTY || a.flags.json.on {
		if link != "" {
			return usagef(plainHint, "a link opens the terminal interface, which needs a terminal")
		}
		return a.summary(ctx)
	}
	if err := a.drawable(plainHint); err != nil {
		return err
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	log, done, err := a.logger(cfg.Log, filepath.Join(cfg.Paths.State, "loratop.log"))
	if err != nil {
		return err
	}
	defer done()
	a.log = log
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	return tui.Run(ctx, a.tuiOptions(cfg, link), b)
}

// tuiOptions is what the configuration, the flags and the environment say.
func (a *app) tuiOptions(cfg *config.Config, link string) tui.Options {
	return tui.Options{
		In: a.sys.In, Out: a.sys.Out, Env: a.tuiEnv(),
		Theme: cfg.Theme, NoColor: a.noColor(), ASCII: cfg.ASCII, NoMouse: !cfg.Mouse, Notify: cfg.Notify,
		Link: link, Now: a.sys.Now, Log: a.log,
		Screens: screens.Options{GPUs: cfg.GPUs, Presets: cfg.Presets, Tokens: tokenCounter, Budget: cfg.Budget, DownloadDir: cfg.DownloadDir, Chart: chartInk(cfg.Chart, a.sys.Getenv("TERM"))},
	}
}

// chartInk is what charts are drawn with: braille, but on the console of Linux,
// whose fonts have neither that nor all blocks.
func chartInk(setting, term string) string {
	if setting == "auto" && term == "linux" {
		return "ascii"
	}
	return setting
}

// noColor is --color=never, or NO_COLOR with any value that is not empty unless
// --color=always overrules it.
func (a *app) noColor() bool {
	switch a.flags.color {
	case "never":
		return true
	case "always":
		return false
	}
	return a.sys.Getenv("NO_COLOR") != ""
}

// tuiEnv makes NO_COLOR a value that every library takes for yes: some parse it
// as a boolean, so that NO_COLOR=please would colour.
func (a *app) tuiEnv() []string {
	env := slices.DeleteFunc(slices.Clone(a.sys.Env), func(kv string) bool { return strings.HasPrefix(kv, "NO_COLOR=") })
	if a.noColor() {
		env = append(env, "NO_COLOR=1")
	}
	return env
}

// summaryRows is how many jobs the table without a terminal shows.
const summaryRows = 10

// summary is loratop without a command where there is no terminal.
func (a *app) summary(ctx context.Context) error {
	if done, err := a.fields(a.jobJSON(models.Job{})); done || err != nil {
		return err
	}
	b, err := a.open(ctx)
	if err != nil {
		return err
	}
	page, err := b.Jobs(ctx, models.ListQuery{Limit: summaryRows})
	if err != nil {
		return err
	}
	jobs := a.jobList(nil)
	return a.printList(jobs.noun, jobs.listing(page.Items, "", a.sys.Now()))
}
