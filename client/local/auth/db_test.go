package auth_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/pgtest"
)

func database(t *testing.T) *pgxpool.Pool { return pgtest.New(t, pgtest.Platform).Pool }
