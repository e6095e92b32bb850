package rest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/loratop/loratop/client/local/pgtest"
	"github.com/loratop/loratop/client/local/rest"
	"github.com/loratop/loratop/client/local/wiretest"
)

func TestMain(m *testing.M) { wiretest.Main(m) }

// envReal is the address of a real PostgREST over the conformance database, whose
// jwt-secret is that of these tests: the recordings are then asked of that server.
const envReal = "LORATOP_TEST_POSTGREST_URL"

// TestConformanceOnTheWire asks all recordings of a server in another process, over
// HTTP, and those that change something too. Afterwards nothing is different.
func TestConformanceOnTheWire(t *testing.T) {
	if address := os.Getenv(envReal); address != "" {
		rest.Replay(t, strings.TrimRight(address, "/"))
		return
	}
	db := pgtest.New(t, pgtest.Conformance)
	state := func() (sum string) {
		t.Helper()
		const q = `SELECT md5(concat((SELECT array_agg(t ORDER BY id) FROM datasets t), (SELECT array_agg(t ORDER BY id) FROM training_jobs t),
		  (SELECT array_agg(t ORDER BY id) FROM metrics_points t), (SELECT array_agg(t ORDER BY id) FROM model_artifacts t),
		  (SELECT array_agg(t ORDER BY id) FROM cost_records t), (SELECT array_agg(t ORDER BY id) FROM notifications t)))`
		if err := db.Pool.QueryRow(t.Context(), q).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	before := state()
	rest.Replay(t, wiretest.Bare(t, db.URL, rest.TestSecret).URL+"/rest/v1")
	if after := state(); after != before {
		t.Error("the database is not what it was")
	}
}
