package client

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// rlsRow is a row of a user in one table, and how to write another.
type rlsRow struct {
	table  string
	id     string
	change string // JSON of a harmless update
	insert func(user string) string
	write  bool // the policies let the owner update
	add    bool // the policies let the owner insert
	del    bool // the policies let the owner delete
}

func (s *stack) world(t *testing.T, user string) []rlsRow {
	t.Helper()
	ds := s.dataset(t, user, "of "+user)
	job := s.job(t, user, ds, "completed")
	art := s.artifact(t, user, job, ds)
	point := s.point(t, job, now(), 1)
	cost, note := newID(), newID()
	s.exec(t, `INSERT INTO cost_records (id,user_id,job_id,cost_type,amount,billing_period) VALUES ($1,$2,$3,'compute',1,'2025-01-01')`, cost, user, job)
	s.exec(t, `INSERT INTO notifications (id,user_id,type,title,message) VALUES ($1,$2,'job_complete','t','m')`, note, user)
	spare := s.dataset(t, user, "spare")
	return []rlsRow{
		{"datasets", spare, `{"name":"renamed"}`, func(u string) string {
			return fmt.Sprintf(`{"user_id":%q,"name":"n","storage_path":%q,"file_name":"f","file_size":1}`, u, newID())
		}, true, true, true},
		{"training_jobs", job, `{"status":"cancelled"}`, func(u string) string {
			return fmt.Sprintf(`{"user_id":%q,"dataset_id":%q,"preset_id":"p","hyperparameters":{},"gpu_config":{},"total_epochs":1,"estimated_total_cost":1}`, u, ds)
		}, true, true, false},
		{"metrics_points", point, `{"step":2}`, func(string) string {
			return fmt.Sprintf(`{"job_id":%q,"epoch":1,"step":1,"training_loss":1,"learning_rate":1}`, job)
		}, false, false, false},
		{"model_artifacts", art, `{"name":"renamed"}`, func(u string) string {
			return fmt.Sprintf(`{"user_id":%q,"job_id":%q,"dataset_id":%q,"name":"n","quality_metrics":{},"training_summary":{},"configuration":{},"artifacts":{}}`, u, job, ds)
		}, true, false, false},
		{"cost_records", cost, `{"amount":0}`, func(u string) string {
			return fmt.Sprintf(`{"user_id":%q,"cost_type":"x","amount":1,"billing_period":"2025-01-01"}`, u)
		}, false, false, false},
		{"notifications", note, `{"read":true}`, func(u string) string {
			return fmt.Sprintf(`{"user_id":%q,"type":"x","title":"t","message":"m"}`, u)
		}, true, false, false},
	}
}

func TestRowLevelSecurityOverHTTP(t *testing.T) {
	s := newStack(t)
	alice, aliceID := s.user(t, "alice@example.com")
	bob, bobID := s.user(t, "bob@example.com")
	for _, side := range []struct {
		own, other *Client
		ownID      string
	}{{alice, bob, aliceID}, {bob, alice, bobID}} {
		for _, r := range s.world(t, side.ownID) {
			t.Run(r.table, func(t *testing.T) {
				s.checkReads(t, r, side.own, side.other)
				s.checkForeignWrites(t, r, side.other, side.ownID)
				s.checkOwnWrites(t, r, side.own, side.ownID)
			})
		}
	}
}

func (s *stack) checkReads(t *testing.T, r rlsRow, own, other *Client) {
	t.Helper()
	path := "/rest/v1/" + r.table + "?select=id"
	for name, tc := range map[string]struct {
		as   *Client
		sees bool
	}{"owner": {own, true}, "other": {other, false}, "nobody": {nil, false}} {
		status, body := s.raw(t, tc.as, http.MethodGet, path, "") // no filter of ours
		if status != 200 || slices.Contains(idsOf(t, body), r.id) != tc.sees {
			t.Errorf("%s reads %s: %d %s", name, r.table, status, body)
		}
		if tc.as == nil && body != "[]" {
			t.Errorf("nobody sees rows of %s: %s", r.table, body)
		}
	}
}

// checkForeignWrites: nothing of another's can be changed, added or removed.
func (s *stack) checkForeignWrites(t *testing.T, r rlsRow, other *Client, ownID string) {
	t.Helper()
	one := "/rest/v1/" + r.table + "?select=id&id=eq." + r.id
	for name, as := range map[string]*Client{"other": other, "nobody": nil} {
		for _, req := range []struct{ method, body string }{{http.MethodPatch, r.change}, {http.MethodDelete, ""}} {
			status, body := s.raw(t, as, req.method, one, req.body, "Prefer", "return=representation")
			if status != 200 || body != "[]" {
				t.Errorf("%s: %s %s answered %d %s", name, req.method, r.table, status, body)
			}
		}
		status, body := s.raw(t, as, http.MethodPost, "/rest/v1/"+r.table, r.insert(ownID))
		if status != 401 && status != 403 || !strings.Contains(body, "42501") {
			t.Errorf("%s adds a row of the owner's to %s: %d %s", name, r.table, status, body)
		}
	}
}

func (s *stack) checkOwnWrites(t *testing.T, r rlsRow, own *Client, ownID string) {
	t.Helper()
	one := "/rest/v1/" + r.table + "?select=id&id=eq." + r.id
	status, body := s.raw(t, own, http.MethodPost, "/rest/v1/"+r.table, r.insert(ownID))
	if r.add != (status == 201) || !r.add && !strings.Contains(body, "42501") {
		t.Errorf("owner adds to %s: %d %s", r.table, status, body)
	}
	status, body = s.raw(t, own, http.MethodPatch, one, r.change, "Prefer", "return=representation")
	if status != 200 || r.write != (len(idsOf(t, body)) == 1) {
		t.Errorf("owner changes %s: %d %s", r.table, status, body)
	}
	status, body = s.raw(t, own, http.MethodDelete, one, "", "Prefer", "return=representation")
	if status != 200 || r.del != (len(idsOf(t, body)) == 1) {
		t.Errorf("owner deletes from %s: %d %s", r.table, status, body)
	}
}

func TestBucketPoliciesOverHTTP(t *testing.T) {
	s := newStack(t)
	alice, aliceID := s.user(t, "alice@example.com")
	bob, bobID := s.user(t, "bob@example.com")
	for _, bucket := range []string{"lora-datasets", "lora-models"} {
		s.put(t, bucket, aliceID+"/d/a.json", aliceID, []byte(`{"of":"alice"}`))
		for name, as := range map[string]*Client{"owner": alice, "other": bob, "nobody": nil} {
			t.Run(bucket+" "+name, func(t *testing.T) { s.checkBucketReads(t, bucket, aliceID, as, as == alice) })
		}
		for name, as := range map[string]*Client{"other": bob, "nobody": nil} {
			t.Run(bucket+" "+name, func(t *testing.T) { s.checkBucketWrites(t, bucket, aliceID, bobID, as) })
		}
		status, body := s.raw(t, alice, http.MethodGet, "/storage/v1/object/authenticated/"+bucket+"/"+aliceID+"/d/a.json", "")
		if status != 200 || body != `{"of":"alice"}` {
			t.Errorf("the file of %s was changed: %d %s", bucket, status, body)
		}
		s.checkOwnBucket(t, bucket, aliceID, alice)
	}
}

func (s *stack) checkBucketReads(t *testing.T, bucket, owner string, as *Client, sees bool) {
	key := bucket + "/" + owner + "/d/a.json"
	status, body := s.raw(t, as, http.MethodGet, "/storage/v1/object/authenticated/"+key, "")
	if sees != (status == 200) || strings.Contains(body, `"of"`) != sees {
		t.Errorf("reads: %d %s", status, body)
	}
	_, body = s.raw(t, as, http.MethodPost, "/storage/v1/object/list/"+bucket, `{"prefix":"`+owner+`/d"}`)
	if strings.Contains(body, "a.json") != sees {
		t.Errorf("lists: %s", body)
	}
	status, _ = s.raw(t, as, http.MethodPost, "/storage/v1/object/sign/"+key, `{"expiresIn":60}`)
	if sees != (status == 200) {
		t.Errorf("signs: %d", status)
	}
}

func (s *stack) checkBucketWrites(t *testing.T, bucket, owner, other string, as *Client) {
	object := "/storage/v1/object/" + bucket + "/" + owner + "/d/a.json"
	for _, req := range []struct{ method, path string }{
		{http.MethodPut, object}, {http.MethodPost, object + "2"}, {http.MethodDelete, object},
		// a folder of one's own name deeper down is not one's own
		{http.MethodPost, "/storage/v1/object/" + bucket + "/" + owner + "/" + other + "/x.json"},
	} {
		if status, body := s.raw(t, as, req.method, req.path, `{"x":1}`); status < 400 {
			t.Errorf("%s %s answered %d %s", req.method, req.path, status, body)
		}
	}
}

// checkOwnBucket: the owner adds, replaces and deletes datasets; models are
// the platform's to write.
func (s *stack) checkOwnBucket(t *testing.T, bucket, owner string, as *Client) {
	t.Helper()
	mine := bucket == "lora-datasets"
	key := owner + "/d/b.json"
	status, body := s.raw(t, as, http.MethodPost, "/storage/v1/object/"+bucket+"/"+key, `{"x":1}`)
	if mine != (status == 200) {
		t.Errorf("owner adds to %s: %d %s", bucket, status, body)
	}
	status, body = s.raw(t, as, http.MethodPut, "/storage/v1/object/"+bucket+"/"+owner+"/d/a.json", `{"x":2}`)
	if mine != (status == 200) {
		t.Errorf("owner replaces in %s: %d %s", bucket, status, body)
	}
	if !mine {
		key = owner + "/d/a.json"
	}
	status, body = s.raw(t, as, http.MethodDelete, "/storage/v1/object/"+bucket, `{"prefixes":["`+key+`"]}`)
	if status != 200 || mine != strings.Contains(body, key) {
		t.Errorf("owner deletes from %s: %d %s", bucket, status, body)
	}
}
