package tui_test

import (
	"context"
	"testing"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/tuitest"
	"github.com/loratop/loratop/tui/tuitest/app"
)

// An upload goes on whatever page is looked at, quitting asks, and what is sent
// is parked before the program ends.
func TestQuittingAsksWhileAnUploadGoesOn(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(noon)
	id := f.DatasetRows[4].ID
	f.Pending = []models.PendingUpload{{DatasetID: id, Path: "/data/fresh.jsonl", Name: "fresh-upload", Size: 1000, Sent: 400}}
	parked := make(chan struct{})
	f.OnUpload = func(ctx context.Context, u models.NewUpload, progress func(models.UploadProgress)) (models.Dataset, error) {
		defer close(parked)
		progress(models.UploadProgress{DatasetID: u.DatasetID, Stage: models.UploadSending, Done: 500, Total: 1000})
		<-ctx.Done()
		return models.Dataset{}, ctx.Err()
	}
	o := tourOptions()
	o.Link = "uploading/" + id
	term := app.Start(t, f, o, 100, 24)
	term.See("its upload stopped at 40%").Press("U").See("send: 500 B of 1.0 kB")
	term.Press("esc").Press("3").See("running").Press("2").See("sent 50%", "1 upload going on")
	term.Press("q").See("Quit?", "the upload of fresh.jsonl").Press("esc").Gone("Quit?")
	term.Press("q").See("Quit?").Confirm()
	if err := term.Wait(); err != nil {
		t.Fatal(err)
	}
	<-parked
}
