package migrations_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/loratop/loratop/client/local/pgtest"
)

// TestFunctionsAreTheInvokers: our functions see what their caller may see, change
// nothing, and only signed-in users call them.
func TestFunctionsAreTheInvokers(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	got := lines(t, db.Pool, `SELECT format('%s definer=%s volatile=%s path=%s anon=%s authenticated=%s public=%s', proname, prosecdef, provolatile, proconfig,
		has_function_privilege('anon', oid, 'EXECUTE'), has_function_privilege('authenticated', oid, 'EXECUTE'), proacl::text LIKE '%{=X%')
		FROM pg_proc WHERE proname IN ('metrics_window', 'loratop_point', 'loratop_job') ORDER BY proname`)
	const may = " anon=f authenticated=t public=f"
	want := []string{
		"loratop_job definer=f volatile=s path=" + may, "loratop_point definer=f volatile=s path=" + may,
		`metrics_window definer=f volatile=s path={"search_path=\"\"",jit=off}` + may,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	chain(t, db.Pool)
	for sub, seen := range map[string]bool{alice: true, bob: false} {
		text := windowAs(t, db.Pool, sub, nil, nil, 10)
		if (text != "null") != seen {
			t.Errorf("%s reads %s", sub, text)
		}
	}
	if _, err := as(t, db.Pool, "anon", "", "SELECT metrics_window($1)", job); !denied(err) {
		t.Errorf("anon: %v", err)
	}
	// Where row level security is off, the owner of the job still decides.
	if _, err := db.Pool.Exec(t.Context(), "ALTER TABLE metrics_points DISABLE ROW LEVEL SECURITY; ALTER TABLE training_jobs DISABLE ROW LEVEL SECURITY"); err != nil {
		t.Fatal(err)
	}
	if text := windowAs(t, db.Pool, bob, nil, nil, 10); text != "null" {
		t.Errorf("without policies bob reads %s", text)
	}
}

func windowAs(t testing.TB, pool *pgxpool.Pool, sub string, from, to *int, buckets int) (text string) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)`,
			`{"role":"authenticated","sub":"`+sub+`"}`); err != nil {
			return err
		}
		return tx.QueryRow(t.Context(), `SELECT coalesce(metrics_window($1, $2, $3, $4)::text, 'null')`, job, from, to, buckets).Scan(&text)
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sample is one point as a test makes it; nil is null.
type sample struct {
	at, step   int
	loss       float64
	validation *float64
}

// TestWindowIsWhatTheRowsSay compares with sums made here, row by row.
func TestWindowIsWhatTheRowsSay(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	chain(t, db.Pool)
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		list := samples(rng, rapid.IntRange(0, 300).Draw(rt, "points"))
		buckets := rapid.IntRange(1, 40).Draw(rt, "buckets")
		from, to := -1<<31, 1<<31-1
		var pf, pt *int
		if rapid.Bool().Draw(rt, "ranged") {
			from = rapid.IntRange(-20, 150).Draw(rt, "from")
			to = from + rapid.IntRange(-3, 200).Draw(rt, "span")
			pf, pt = &from, &to
		}
		replace(t, db.Pool, list)
		got := windowAs(t, db.Pool, alice, pf, pt, buckets)
		if err := sameWindow(got, list, from, to, buckets); err != nil {
			rt.Fatalf("%v\n%s", err, got)
		}
	})
}

func samples(rng *rand.Rand, n int) []sample {
	list := make([]sample, n)
	step := 0
	for i := range list {
		step += rng.IntN(3)
		if rng.IntN(40) == 0 {
			step = max(0, step-30) // resumed
		}
		list[i] = sample{at: i, step: step, loss: float64(rng.IntN(1000)) / 100}
		if rng.IntN(10) == 0 {
			list[i].loss = math.NaN()
		}
		if rng.IntN(4) == 0 {
			v := float64(rng.IntN(100))
			if rng.IntN(3) == 0 {
				v = math.NaN()
			}
			list[i].validation = &v
		}
	}
	rng.Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] }) // committed in another order
	return list
}

func replace(t *testing.T, pool *pgxpool.Pool, list []sample) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), "TRUNCATE metrics_points"); err != nil {
		t.Fatal(err)
	}
	batch := &pgx.Batch{}
	for _, p := range list {
		var v any
		if p.validation != nil {
			v = decimal(*p.validation)
		}
		batch.Queue(`INSERT INTO metrics_points (job_id, timestamp, epoch, step, training_loss, validation_loss, learning_rate)
			VALUES ($1, '2026-01-01Z'::timestamptz + make_interval(secs => $2), 1, $3, $4::text::numeric, $5::text::numeric, 0.0001)`, job, float64(p.at), p.step, decimal(p.loss), v)
	}
	if err := pool.SendBatch(t.Context(), batch).Close(); err != nil {
		t.Fatal(err)
	}
}

func decimal(v float64) string {
	if math.IsNaN(v) {
		return "NaN"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

type column struct {
	B         []int `json:"b"`
	N         []int `json:"n"`
	Odd       []int `json:"odd"`
	FirstStep []int `json:"first_step"`
	MinStep   []any `json:"min_step"`
	MaxStep   []any `json:"max_step"`
	OddStep   []any `json:"odd_step"`
	LastStep  []int `json:"last_step"`
	First     []any `json:"first"`
	Min       []any `json:"min"`
	Max       []any `json:"max"`
	Last      []any `json:"last"`
}

// sameWindow computes everything anew.
func sameWindow(text string, list []sample, from, to, buckets int) error {
	var w struct {
		From, To, Width *int
		Rows            int
		Metrics         map[string]column
	}
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return err
	}
	in := slices.DeleteFunc(slices.Clone(list), func(p sample) bool { return p.step < from || p.step > to })
	if len(in) != w.Rows {
		return fmt.Errorf("%d rows of %d", w.Rows, len(in))
	}
	if len(in) == 0 {
		return nil
	}
	slices.SortFunc(in, func(a, b sample) int { return (a.step-b.step)*1000 + a.at - b.at })
	lo := *w.From // the bound that was asked for, or the job's own
	if lo > in[0].step || *w.To < in[len(in)-1].step || (*w.To-lo) / *w.Width >= buckets {
		return fmt.Errorf("range %d to %d by %d for steps %d to %d in %d buckets", lo, *w.To, *w.Width, in[0].step, in[len(in)-1].step, buckets)
	}
	all := func(p sample) *float64 { return &p.loss }
	if err := sameColumn(w.Metrics["training_loss"], in, lo, *w.Width, all); err != nil {
		return fmt.Errorf("training: %w", err)
	}
	if err := sameColumn(w.Metrics["validation_loss"], in, lo, *w.Width, func(p sample) *float64 { return p.validation }); err != nil {
		return fmt.Errorf("validation: %w", err)
	}
	return nil
}

func sameColumn(c column, in []sample, lo, width int, value func(sample) *float64) error {
	groups := map[int][]sample{}
	for _, p := range in {
		if value(p) != nil {
			k := (p.step - lo) / width
			groups[k] = append(groups[k], p)
		}
	}
	if len(groups) != len(c.B) {
		return fmt.Errorf("%d buckets, want %d", len(c.B), len(groups))
	}
	for i, k := range c.B {
		g := groups[k]
		odd, low, high := 0, math.Inf(1), math.Inf(-1)
		at := []string{"<nil>", "<nil>", "<nil>"} // steps of the first that is least, greatest, no number
		for _, p := range g {
			step := strconv.Itoa(p.step - lo - k*width)
			switch v := *value(p); {
			case math.IsNaN(v):
				if odd++; odd == 1 {
					at[2] = step
				}
			default:
				if v < low {
					low, at[0] = v, step
				}
				if v > high {
					high, at[1] = v, step
				}
			}
		}
		first, last := g[0], g[len(g)-1]
		bounds := []string{"<nil>", "<nil>"}
		if odd < len(g) {
			bounds = []string{decimal(low), decimal(high)}
		}
		have := []string{fmt.Sprint(c.MinStep[i]), fmt.Sprint(c.MaxStep[i]), "<nil>"}
		if c.OddStep != nil {
			have[2] = fmt.Sprint(c.OddStep[i])
		}
		if !slices.Equal(have, at) {
			return fmt.Errorf("bucket %d: extremes at %v, want %v", k, have, at)
		}
		want := []any{len(g), odd, first.step - lo - k*width, decimal(*value(first)), bounds[0], bounds[1], last.step - lo - k*width, decimal(*value(last))}
		got := []any{c.N[i], 0, c.FirstStep[i], fmt.Sprint(c.First[i]), fmt.Sprint(c.Min[i]), fmt.Sprint(c.Max[i]), c.LastStep[i], fmt.Sprint(c.Last[i])}
		if c.Odd != nil {
			got[1] = c.Odd[i]
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("bucket %d: %v, want %v", k, got, want)
		}
	}
	return nil
}
