//go:build !unix

package pgproc

import (
	"context"
	"errors"
)

// ErrUnsupported tells that this system cannot run a server of ours.
var ErrUnsupported = errors.New("the local stack runs on Linux and macOS: on Windows, run it inside WSL")

// process is never started here.
type process struct{}

// Start returns ErrUnsupported.
func Start(context.Context, Options) (*Server, error) { return nil, ErrUnsupported }

// Stop has nothing to stop.
func (s *Server) Stop(context.Context) error { return nil }

// Place returns ErrUnsupported.
func Place(string) (string, error) { return "", ErrUnsupported }

// Settle returns ErrUnsupported.
func Settle(string) (string, error) { return "", ErrUnsupported }

// Remove returns ErrUnsupported.
func Remove(string) error { return ErrUnsupported }
