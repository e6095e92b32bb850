package rest

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// listen reloads the catalogue on NOTIFY pgrst, until ctx ends. A lost connection is made anew, and the
// catalogue read again, since a notification may have been missed.
func (s *Server) listen(ctx context.Context) {
	const firstWait, longestWait = 100 * time.Millisecond, 10 * time.Second
	wait := firstWait
	for again := false; ; again = true {
		listening, err := s.listenOnce(ctx, again)
		if ctx.Err() != nil {
			return
		}
		if listening {
			wait = firstWait
		}
		s.opt.Log.WarnContext(ctx, "rest: listening for pgrst ended", "error", err, "again in", wait)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, longestWait)
	}
}

func (s *Server) listenOnce(ctx context.Context, reload bool) (listening bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, s.opt.Pool.Config().ConnConfig)
	if err != nil {
		return false, err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(end) // it is being dropped
	}()
	if _, err := conn.Exec(ctx, "LISTEN pgrst"); err != nil {
		return false, err
	}
	for {
		if reload {
			if err := s.Reload(ctx); err != nil {
				return true, err
			}
			s.opt.Log.DebugContext(ctx, "rest: catalogue reloaded")
		}
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true, err
		}
		reload = n.Payload == "" || n.Payload == "reload schema"
	}
}
