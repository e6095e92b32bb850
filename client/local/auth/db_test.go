package auth_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loratop/loratop/client/local/auth"
)

func database(t *testing.T) *pgxpool.Pool {
	ctx := context.Background()
	root, err := pgxpool.New(ctx, "postgres://postgres@127.0.0.1:6544/postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	name := fmt.Sprintf("a%d", time.Now().UnixNano())
	if _, err := root.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(ctx, "postgres://postgres@127.0.0.1:6544/"+name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	platform, err := os.ReadFile("/work/shared/conformance/platform.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{string(platform), auth.Schema()} {
		if _, err := pool.Exec(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	return pool
}
