package proof_test

import (
	"bytes"
	"os/exec"
	"testing"
)

// TestPsqlSeesWhatHTTPWrote asks PostgreSQL itself: through psql where it is
// installed, and through the driver.
func TestPsqlSeesWhatHTTPWrote(t *testing.T) {
	t.Parallel()
	c := signIn(t, 0)
	name := `it's a "name", \ and ü`
	var rows []struct{ ID string }
	key := c.id + "/psql.jsonl"
	c.want(201, "POST", "/rest/v1/datasets?select=id", map[string]any{"user_id": c.id, "name": name, "storage_path": key,
		"file_name": "psql.jsonl", "file_size": 9007199254740993}, &rows, "Prefer", "return=representation")
	c.want(200, "POST", "/storage/v1/object/lora-datasets/"+key, `{"prompt":"a","response":"b"}`, nil, "Content-Type", "application/x-jsonlines")
	t.Cleanup(func() {
		c.do("DELETE", "/storage/v1/object/lora-datasets/"+key, nil, "Content-Type", "text/plain")
		c.do("DELETE", "/rest/v1/datasets?id=eq."+rows[0].ID, nil)
	})

	const query = `SELECT d.name || '|' || d.file_size || '|' || (o.metadata->>'size') || '|' || u.email
	  FROM public.datasets d JOIN storage.objects o ON o.name = d.storage_path AND o.owner_id = d.user_id::text
	  JOIN auth.users u ON u.id = d.user_id WHERE d.storage_path = `
	want := name + "|9007199254740993|29|" + c.email
	var got string
	if err := connect(t, stack(t).DatabaseURL).QueryRow(t.Context(), query+"$1", key).Scan(&got); err != nil || got != want {
		t.Errorf("driver: %q, %v", got, err)
	}
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Logf("psql is not installed: only the driver was asked")
		return
	}
	out, err := command(t, psql, nil, stack(t).DatabaseURL, "-XAtc", query+"'"+key+"'").CombinedOutput()
	if err != nil || string(bytes.TrimSpace(out)) != want {
		t.Errorf("psql: %q, %v", out, err)
	}

	// And the other way round: what SQL writes, HTTP reads.
	if _, err := connect(t, stack(t).DatabaseURL).Exec(t.Context(), `UPDATE public.datasets SET description = 'by SQL' WHERE storage_path = $1`, key); err != nil {
		t.Fatal(err)
	}
	var back []struct{ Description string }
	c.want(200, "GET", "/rest/v1/datasets?select=description&id=eq."+rows[0].ID, nil, &back)
	if len(back) != 1 || back[0].Description != "by SQL" {
		t.Errorf("HTTP reads %+v", back)
	}
}
