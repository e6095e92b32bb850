package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

const datasetID = "d0000000-0000-4000-8000-000000000001"

func newJob() models.NewJob {
	return models.NewJob{
		ID: jobA, DatasetID: datasetID, PresetID: "balanced", TotalSteps: 1176, EstimatedTotalCost: models.Dollars(276),
		Hyperparameters: models.Hyperparameters{BaseModel: models.DefaultBaseModel, LearningRate: models.Ptr(models.F64(5e-5)),
			BatchSize: models.Ptr(models.Int(4)), Epochs: models.Ptr(models.Int(3)), Rank: models.Ptr(models.Int(16)),
			Alpha: models.Ptr(models.F64(32)), Dropout: models.Ptr(models.F64(0.1))},
		GPU: models.GPUConfig{Type: "A100-80GB", Count: models.Ptr(models.Int(1)), MemoryGB: models.Ptr(models.F64(80)), CostPerGPUHour: models.Ptr(models.Dollars(350))},
	}
}

// platform is a server with one dataset and the jobs that were inserted.
type platform struct {
	dataset string
	jobs    map[string]string // id → row
	refuse  func(w http.ResponseWriter, r *http.Request) bool
}

func (p *platform) serve(w http.ResponseWriter, r *http.Request) {
	if p.refuse != nil && p.refuse(w, r) {
		return
	}
	switch table := strings.TrimPrefix(r.URL.Path, "/rest/v1/"); {
	case table == "datasets":
		reply(w, 200, "["+p.dataset+"]", "Content-Range", "0-0/1")
	case table == "notifications":
		reply(w, 403, `{"code":"42501","message":"new row violates row-level security policy"}`)
	case r.Method == http.MethodPost:
		var row map[string]json.RawMessage
		_ = json.NewDecoder(r.Body).Decode(&row)
		id := text(row["id"])
		if _, ok := p.jobs[id]; ok {
			reply(w, 409, `{"code":"23505","message":"duplicate key value violates unique constraint \"training_jobs_pkey\""}`)
			return
		}
		b, _ := json.Marshal(row)
		p.jobs[id] = string(b)
		reply(w, 201, "["+string(b)+"]", "Content-Range", "*/*")
	default:
		row := p.jobs[strings.TrimPrefix(r.URL.Query().Get("id"), "eq.")]
		reply(w, 200, "["+row+"]", "Content-Range", "*/*")
	}
}

func readyPlatform() *platform {
	return &platform{jobs: map[string]string{},
		dataset: `{"id":"` + datasetID + `","name":"Tickets","status":"ready","training_ready":true,"total_tokens":"313400","deleted_at":null}`}
}

func TestLaunch(t *testing.T) {
	p := readyPlatform()
	f := newFake(t, p.serve)
	c := signedIn(t, f)
	j, err := c.LaunchJob(context.Background(), newJob())
	if err != nil || j.ID != jobA || j.Status != models.JobQueued || j.Dataset == nil || j.Dataset.Name != "Tickets" {
		t.Fatalf("%+v, %v", j, err)
	}
	r := f.requests()
	if len(r) != 3 || r[0].path != "/rest/v1/datasets" || r[1].method != http.MethodPost || r[2].path != "/rest/v1/notifications" {
		t.Fatalf("%d requests: %+v", len(r), r)
	}
	if !strings.Contains(r[0].query, "user_id=eq."+aliceID) {
		t.Errorf("the dataset's owner is not asked for: %s", r[0].query)
	}
	checkInsert(t, r[1].body)
}

func TestLaunchAgain(t *testing.T) {
	p := readyPlatform()
	f := newFake(t, p.serve)
	c := signedIn(t, f)
	if _, err := c.LaunchJob(context.Background(), newJob()); err != nil {
		t.Fatal(err)
	}
	// the same submit again, also after the dataset is no longer ready
	for range 2 {
		again, err := c.LaunchJob(context.Background(), newJob())
		if err != nil || again.ID != jobA || len(p.jobs) != 1 {
			t.Fatalf("%+v, %v, %d rows", again, err, len(p.jobs))
		}
		p.dataset = strings.Replace(p.dataset, `"ready"`, `"error"`, 1)
	}
	if n := f.count("/notifications"); n != 1 {
		t.Errorf("%d notifications for one job", n)
	}
}

func checkInsert(t *testing.T, body string) {
	t.Helper()
	var row map[string]any
	if err := json.Unmarshal([]byte(body), &row); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"id": jobA, "user_id": aliceID, "dataset_id": datasetID, "preset_id": "balanced", "status": "queued",
		"current_stage": "queued", "progress": 0.0, "current_epoch": 0.0, "total_epochs": 3.0, "current_step": 0.0, "total_steps": 1176.0,
		"current_cost": 0.0, "estimated_total_cost": "2.76"}
	for k, v := range want {
		if row[k] != v {
			t.Errorf("%s = %v, want %v", k, row[k], v)
		}
	}
	if m, ok := row["current_metrics"].(map[string]any); !ok || len(m) != 0 {
		t.Errorf("current_metrics = %v, want an empty object", row["current_metrics"])
	}
	if _, ok := row["queued_at"]; ok {
		t.Error("queued_at is the database's to set")
	}
	for col, keys := range map[string][]string{
		"hyperparameters": {"base_model", "learning_rate", "batch_size", "epochs", "num_epochs", "rank", "lora_rank", "alpha", "lora_alpha", "dropout", "lora_dropout"},
		"gpu_config":      {"type", "gpu_type", "instance_type", "count", "num_gpus", "gpu_memory_gb", "cost_per_gpu_hour"},
	} {
		got, _ := row[col].(map[string]any)
		for _, k := range keys {
			if _, ok := got[k]; !ok {
				t.Errorf("%s lacks %s", col, k)
			}
		}
	}
}

func TestLaunchWhoseAnswerIsLost(t *testing.T) {
	p := readyPlatform()
	lost := false
	p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || lost {
			return false
		}
		lost = true
		var row map[string]json.RawMessage
		_ = json.NewDecoder(r.Body).Decode(&row)
		b, _ := json.Marshal(row)
		p.jobs[text(row["id"])] = string(b) // it is in the database, and then the gateway fails
		reply(w, 502, "<html>bad gateway</html>", "Content-Type", "text/html")
		return true
	}
	f := newFake(t, p.serve)
	j, err := signedIn(t, f).LaunchJob(context.Background(), newJob())
	if err != nil || j.ID != jobA || len(p.jobs) != 1 {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestLaunchRefusals(t *testing.T) {
	ready := readyPlatform().dataset
	for name, tc := range map[string]struct {
		dataset string
		change  func(*models.NewJob)
		code    models.Code
	}{
		"not ready":     {strings.Replace(ready, `"ready"`, `"validating"`, 1), nil, models.CodeInvalid},
		"not trainable": {strings.Replace(ready, `true`, `false`, 1), nil, models.CodeInvalid},
		"deleted":       {strings.Replace(ready, `"deleted_at":null`, `"deleted_at":"2025-01-01T00:00:00Z"`, 1), nil, models.CodeInvalid},
		"not there":     {"", nil, models.CodeNotFound},
		"no id":         {ready, func(n *models.NewJob) { n.ID = "" }, models.CodeInvalid},
		"long preset":   {ready, func(n *models.NewJob) { n.PresetID = strings.Repeat("x", 51) }, models.CodeInvalid},
		"no epochs":     {ready, func(n *models.NewJob) { n.Hyperparameters.Epochs = nil }, models.CodeInvalid},
		"no gpu":        {ready, func(n *models.NewJob) { n.GPU.Type = "" }, models.CodeInvalid},
	} {
		p := readyPlatform()
		p.dataset = tc.dataset
		n := newJob()
		if tc.change != nil {
			tc.change(&n)
		}
		_, err := signedIn(t, newFake(t, p.serve)).LaunchJob(context.Background(), n)
		if models.CodeOf(err) != tc.code || len(p.jobs) != 0 {
			t.Errorf("%s: %v (%s), %d rows", name, err, models.CodeOf(err), len(p.jobs))
		}
	}
}

func TestCancel(t *testing.T) {
	row := func(status string) string {
		return fmt.Sprintf(`{"id":%q,"status":%q,"current_cost":1.25,"dataset":{"id":"x","name":"Tickets"}}`, jobA, status)
	}
	for name, tc := range map[string]struct {
		before, patched, after string
		code                   models.Code
		hint                   string
	}{
		"running":             {row("running"), row("cancelled"), "", "", ""},
		"ended before":        {row("completed"), "", "", models.CodeConflict, "nothing"},
		"ended meanwhile":     {row("running"), "", row("failed"), models.CodeConflict, "nothing"},
		"policies refuse":     {row("queued"), "", row("queued"), models.CodeNoRows, "CREATE POLICY"},
		"gone meanwhile":      {row("queued"), "", "", models.CodeNoRows, "gone"},
		"never there":         {"", "", "", models.CodeNotFound, ""},
		"status nobody knows": {row("paused"), "", "", models.CodeConflict, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reads := 0
			f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodPatch:
					reply(w, 200, "["+tc.patched+"]", "Content-Range", "*/*")
				case r.Method == http.MethodPost:
					reply(w, 201, "")
				case reads == 0:
					reads++
					reply(w, 200, "["+tc.before+"]")
				default:
					reply(w, 200, "["+tc.after+"]")
				}
			})
			j, err := signedIn(t, f).CancelJob(context.Background(), jobA)
			if tc.code != "" {
				if e := wantError(t, err, tc.code); !strings.Contains(e.Hint, tc.hint) {
					t.Errorf("hint %q", e.Hint)
				}
				return
			}
			if err != nil || j.Status != models.JobCancelled || j.Dataset == nil {
				t.Fatalf("%+v, %v", j, err)
			}
			checkCancelPatch(t, f.requests()[1])
		})
	}
}

func checkCancelPatch(t *testing.T, patch request) {
	t.Helper()
	for _, part := range []string{"status=in.%28queued%2Cinitializing%2Crunning%29", "id=eq." + jobA, "user_id=eq." + aliceID} {
		if !strings.Contains(patch.query, part) {
			t.Errorf("%s lacks %s", patch.query, part)
		}
	}
	for _, part := range []string{`"status":"cancelled"`, `"final_cost":"1.25"`, `"completed_at":"2`} {
		if !strings.Contains(patch.body, part) {
			t.Errorf("%s lacks %s", patch.body, part)
		}
	}
	if !strings.Contains(patch.header.Get("Prefer"), "return=representation") {
		t.Errorf("Prefer: %s", patch.header.Get("Prefer"))
	}
}

func TestMarkRead(t *testing.T) {
	changed := 2
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		rows := make([]string, changed)
		for i := range rows {
			rows[i] = `{"id":"x"}`
		}
		if r.Method == http.MethodHead {
			reply(w, 200, "", "Content-Range", "0-2/3")
			return
		}
		reply(w, 200, "["+strings.Join(rows, ",")+"]", "Content-Range", fmt.Sprintf("*/%d", changed))
	})
	c := signedIn(t, f)
	ctx := context.Background()
	if err := c.MarkRead(ctx, []string{jobA, jobB, jobA}); err != nil {
		t.Error(err)
	}
	wantQuery(t, lastQuery(t, f), map[string]string{"select": "id", "id": "in.(" + jobA + "," + jobB + ")", "user_id": "eq." + aliceID})
	if n, err := c.MarkAllRead(ctx); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	wantQuery(t, lastQuery(t, f), map[string]string{"select": "id", "and": "(or(read.is.false,read.is.null))", "user_id": "eq." + aliceID})
	changed = 1
	if e := wantError(t, c.MarkRead(ctx, []string{jobA, jobB}), models.CodeNoRows); !strings.Contains(e.Msg, "1 of 2") {
		t.Error(e.Msg)
	}
	changed = 0
	wantError(t, c.MarkRead(ctx, []string{jobA}), models.CodeNoRows)
	_, err := c.MarkAllRead(ctx)
	wantError(t, err, models.CodeNoRows) // 3 are unread still
	if err := c.MarkRead(ctx, nil); err != nil {
		t.Error(err)
	}
	wantError(t, c.MarkRead(ctx, []string{"x"}), models.CodeUsage)
}

func TestOverview(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodHead && strings.HasSuffix(r.URL.Path, "notifications"):
			reply(w, 206, "", "Content-Range", "0-3/4")
		case r.Method == http.MethodHead:
			reply(w, 206, "", "Content-Range", "0-1/2")
		case strings.HasSuffix(r.URL.Path, "cost_records"):
			reply(w, 200, `[{"id":"`+datasetID+`","job_id":"`+jobB+`","cost_type":"training_compute","amount":"2.50","recorded_at":"2999-01-01T00:00:00Z"}]`, "Content-Range", "0-0/1")
		default:
			reply(w, 200, `[{"id":"`+jobA+`","status":"cancelled","final_cost":1.25,"created_at":"2998-01-01T00:00:00Z","completed_at":"2999-01-01T00:00:00Z"}]`, "Content-Range", "0-0/1")
		}
	})
	o, err := signedIn(t, f).Overview(context.Background())
	if err != nil || o.Unread != 4 || o.Live != 2 || o.MonthSpend.String() != "3.75" || !o.Derived {
		t.Errorf("%+v, %v", o, err)
	}
	if n := len(f.requests()); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
}
