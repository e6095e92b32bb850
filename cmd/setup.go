package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// config loads the configuration once and says what is wrong with the file.
func (a *app) config() (*config.Config, error) {
	if a.cfg != nil {
		return a.cfg, nil
	}
	cfg, err := config.Load(config.Options{File: a.flags.config, Env: a.sys.Getenv, Flags: a.given()})
	if err != nil {
		return nil, err
	}
	a.cfg = cfg
	if !a.quietWarnings {
		for _, w := range cfg.Warnings {
			a.warnf("%s", w)
		}
	}
	return cfg, nil
}

// given are the settings that were set by flag, by setting name.
func (a *app) given() map[string]string {
	out := map[string]string{}
	for flag, value := range map[string]string{
		"profile": a.flags.profile, "url": a.flags.url, "theme": a.flags.theme, "log-file": a.flags.logFile,
		"ascii": strconv.FormatBool(a.flags.ascii), "read-only": strconv.FormatBool(a.flags.readOnly),
		"allow-http": strconv.FormatBool(a.flags.insecure), "no-mouse": strconv.FormatBool(!a.flags.noMouse),
	} {
		if !a.changed(flag) {
			continue
		}
		switch flag {
		case "log-file":
			out["log"] = value
		case "no-mouse":
			out["mouse"] = value
		default:
			out[strings.ReplaceAll(flag, "-", "_")] = value
		}
	}
	return out
}

// changed reports whether a global flag stands on the command line.
func (a *app) changed(name string) bool {
	if a.command == nil {
		return false
	}
	f := a.command.Flags().Lookup(name)
	return f != nil && f.Changed
}

// warnf says something on stderr that does not end the command.
func (a *app) warnf(format string, args ...any) {
	text := models.Clean(fmt.Sprintf(format, args...))
	if a.jsonErrors() {
		if b, err := json.Marshal(map[string]map[string]string{"warning": {"message": text}}); err == nil {
			_, _ = fmt.Fprintf(a.sys.Err, "%s\n", b)
		}
		return
	}
	_, _ = fmt.Fprintf(a.sys.Err, "loratop: warning: %s\n", text)
}

// gpus is the price table: the configuration's when it loaded.
func (a *app) gpus() []models.GPU {
	if a.cfg != nil {
		return a.cfg.GPUs
	}
	return models.GPUs()
}

// write refuses what changes something when the session is read-only.
func (a *app) write(what string) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if cfg.ReadOnly {
		return &models.Error{Code: models.CodeForbidden, Msg: "refused to " + what + ": this is a read-only session", Hint: "see read_only in loratop config where"}
	}
	return nil
}

// open makes the client of the profile in use, once.
func (a *app) open(ctx context.Context) (screens.Backend, error) {
	if a.backend != nil {
		return a.backend, nil
	}
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	if err := connectable(cfg); err != nil {
		return nil, err
	}
	b, err := a.connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	a.backend = b
	return b, nil
}

// connectable says what is missing before a client can be made.
func connectable(cfg *config.Config) error {
	const hint = "loratop login --url https://YOUR-PROJECT.supabase.co signs in to a project; loratop demo needs none"
	switch {
	case cfg.URL == "" && cfg.Named && !cfg.HasProfile():
		return &models.Error{Code: models.CodeConfig, Msg: "there is no profile " + strconv.Quote(cfg.Profile) + profileList(cfg), Hint: hint}
	case cfg.URL == "":
		return &models.Error{Code: models.CodeSignIn, Msg: "no project to connect to", Hint: hint}
	case cfg.Key == "":
		return &models.Error{Code: models.CodeConfig, Msg: "no anon key for " + cfg.URL, Hint: "set LORATOP_KEY, or sign in with loratop login --url " + cfg.URL}
	}
	return nil
}

func profileList(cfg *config.Config) string {
	names := make([]string, 0, len(cfg.Profiles))
	for _, p := range cfg.Profiles {
		names = append(names, models.Clean(p.Name))
	}
	if len(names) == 0 {
		return ""
	}
	return "; there are: " + strings.Join(names, ", ")
}

// maxLog is where a log file is put aside, in bytes.
const maxLog = 4 << 20

// logger writes diagnostics to the configured file, or to fallback when there is
// none; "" discards them. The standard library's logger is sent there too, so
// that nothing a library says can reach a drawn screen.
func (a *app) logger(file, fallback string) (*slog.Logger, func(), error) {
	if file == "" {
		file = fallback
	}
	if file == "" {
		return slog.New(slog.DiscardHandler), func() {}, nil
	}
	f, err := openLog(file)
	if err != nil {
		return nil, nil, &models.Error{Code: models.CodeConfig, Op: "open log", Msg: models.Clean(err.Error()), Err: err}
	}
	before := log.Writer()
	log.SetOutput(f)
	return slog.New(slog.NewTextHandler(f, nil)), func() {
		log.SetOutput(before)
		_ = f.Close()
	}, nil
}

func openLog(file string) (io.WriteCloser, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Size() > maxLog {
		if err := os.Rename(file, file+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}
