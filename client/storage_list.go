package client

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	storage "github.com/supabase-community/storage-go"

	"github.com/loratop/loratop/models"
)

const (
	modelBucket = "lora-models"
	listTime    = 5 * time.Second
	listMax     = 1000 // names of one folder
)

// fillSizes asks Storage for the sizes that the row does not tell, one request
// a folder. Sizes are an ornament: without them the artifact is whole.
func (c *Client) fillSizes(ctx context.Context, a *models.Artifact) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	known := map[string]map[string]models.Int{}
	for i, f := range a.Files {
		if f.Size != nil || !strings.Contains(f.Path, "/") {
			continue
		}
		dir := path.Dir(f.Path)
		sizes, ok := known[dir]
		if !ok {
			var err error
			if sizes, err = c.folder(ctx, modelBucket, dir); err != nil {
				c.opts.Log.DebugContext(ctx, "sizes not listed", slog.String("error", clip(err.Error(), 200)))
			}
			known[dir] = sizes
		}
		if n, ok := sizes[path.Base(f.Path)]; ok {
			a.Files[i].Size = models.Ptr(n)
		}
	}
}

// folder lists the sizes of the files in one folder of a bucket. storage-go
// makes and sends the request; its ListFiles knows no context.
func (c *Client) folder(ctx context.Context, bucket, dir string) (map[string]models.Int, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	address := c.sess.bridge.url + "/storage/v1/object/list/" + url.PathEscape(bucket)
	req, err := me.sb.Storage.NewRequest(http.MethodPost, address, storage.ListFileRequestBody{
		Prefix: dir, Limit: listMax, SortByOptions: storage.SortBy{Column: "name", Order: "asc"},
	})
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	var found []struct {
		Name     string
		Metadata *struct{ Size *models.Int }
	}
	if _, err := me.sb.Storage.Do(req.WithContext(ctx), &found); err != nil {
		return nil, err
	}
	out := make(map[string]models.Int, len(found))
	for _, f := range found {
		if f.Metadata != nil && f.Metadata.Size != nil {
			out[f.Name] = *f.Metadata.Size
		}
	}
	return out, nil
}
