package client

import (
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/loratop/loratop/models"
)

// BenchmarkUpload sends a file of 200 MB to the local stack by Upload and, in the
// same run, by curl -T: percent is how fast the bytes of Upload are stored
// and proven, measured by curl's. check is what reading and checking the file
// before that takes, curl-MB/s and upload-MB/s are of 10^6 bytes a second.
func BenchmarkUpload(b *testing.B) {
	r := newRig(b)
	c, user := r.uploader(b, "alice@example.com", b.TempDir())
	path, sha := jsonlFile(b, "a.jsonl", 200_000_000, 1)
	size := float64(fileSize(b, path)) / 1e6
	var curl, upload, check time.Duration
	n := 0
	for b.Loop() {
		n++
		start := time.Now()
		r.curl(b, c, path, user)
		curl += time.Since(start)
		at := map[models.UploadStage]time.Time{}
		d, err := c.Upload(b.Context(), models.NewUpload{Path: path}, func(p models.UploadProgress) {
			if at[p.Stage].IsZero() {
				at[p.Stage] = time.Now()
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		check += at[models.UploadCreating].Sub(at[models.UploadChecking])
		upload += at[models.UploadValidating].Sub(at[models.UploadCreating])
		r.wantStored(b, d, sha)
	}
	b.ReportMetric(size*float64(n)/curl.Seconds(), "curl-MB/s")
	b.ReportMetric(size*float64(n)/upload.Seconds(), "upload-MB/s")
	b.ReportMetric(100*curl.Seconds()/upload.Seconds(), "percent")
	b.ReportMetric(size*float64(n)/check.Seconds(), "check-MB/s")
}

// curl uploads as a user of curl would.
func (r *rig) curl(t testing.TB, c *Client, path, user string) {
	t.Helper()
	out, err := exec.Command("curl", "-sS", "--fail-with-body", "-X", "POST", "-T", path,
		"-H", "apikey: "+r.anon, "-H", "Authorization: Bearer "+c.sess.cur.Load().AccessToken, "-H", "Content-Type: application/x-jsonlines",
		fmt.Sprintf("%s/storage/v1/object/%s/%s/%s/a.jsonl", r.url, datasetBucket, user, uuid.NewString())).CombinedOutput()
	if err != nil {
		t.Fatalf("curl: %v %s", err, out)
	}
}
