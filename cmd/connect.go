package cmd

import (
	"context"
	"log/slog"
	"net/url"
	"path/filepath"

	"github.com/loratop/loratop/client"
	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/tui/screens"
)

// connect makes the client of a configuration that names a project.
func (a *app) connect(_ context.Context, cfg *config.Config) (screens.Backend, error) {
	store, err := sessionStore(cfg)
	if err != nil {
		return nil, err
	}
	log := a.log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
		if cfg.Log != "" {
			file, done, err := a.logger(cfg.Log, "")
			if err != nil {
				return nil, err
			}
			a.onExit(done)
			log = file
		}
	}
	return client.New(client.Options{
		URL: cfg.URL, Key: cfg.Key, Profile: cfg.Profile,
		AllowHTTP: cfg.AllowHTTP, ReadOnly: cfg.ReadOnly,
		Store: store, State: cfg.Paths.State, Now: a.sys.Now, Log: log, GPUs: cfg.GPUs,
	})
}

// sessionStore is where the session is kept: nowhere when a token was given.
func sessionStore(cfg *config.Config) (client.SessionStore, error) {
	if cfg.AccessToken != "" {
		return client.NewTokenStore(cfg.AccessToken)
	}
	return client.OpenStore(sessionDir(cfg), cfg.URL, cfg.Keyring)
}

// sessionDir keeps the sessions of profiles apart, so that two of them may be two
// accounts on one project.
func sessionDir(cfg *config.Config) string {
	if cfg.Profile == "" || cfg.Profile == config.DefaultProfile {
		return cfg.Paths.State
	}
	return filepath.Join(cfg.Paths.State, "profile-"+url.PathEscape(cfg.Profile))
}
