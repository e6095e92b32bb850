package client

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/loratop/loratop/models"
)

const (
	nameMax  = 200 // characters, as PostgreSQL counts them: code points
	idsAtOne = 100 // ids in one address
)

// UpdateDataset changes the name or the description and returns the row as it
// is after. CodeInvalid for a name the database would not take, CodeNotFound
// when there is no such dataset, CodeNoRows when the policies refuse.
func (c *Client) UpdateDataset(ctx context.Context, id string, p models.DatasetPatch) (models.Dataset, error) {
	d, err := c.updateDataset(ctx, id, p)
	return d, fail("change dataset", err)
}

func (c *Client) updateDataset(ctx context.Context, id string, p models.DatasetPatch) (models.Dataset, error) {
	value, err := patchOf(p)
	if err != nil {
		return models.Dataset{}, err
	}
	if err := c.mayChange(id); err != nil {
		return models.Dataset{}, err
	}
	q := &query{table: "datasets", columns: "*"}
	q.where("id", "eq", id)
	out, err := c.changeDatasets(ctx, q, value)
	switch {
	case err != nil:
		return models.Dataset{}, err
	case len(out) == 0:
		if _, err := c.Dataset(ctx, id); err != nil {
			return models.Dataset{}, err
		}
		return models.Dataset{}, noRows("the dataset was not changed", "row level security of this database does not let users change their datasets")
	}
	return out[0], nil
}

func patchOf(p models.DatasetPatch) (map[string]any, error) {
	value := map[string]any{}
	if p.Name != nil {
		name, err := datasetName(*p.Name)
		if err != nil {
			return nil, err
		}
		value["name"] = name
	}
	if p.Description != nil {
		text, err := description(*p.Description)
		if err != nil {
			return nil, err
		}
		value["description"] = text
	}
	if len(value) == 0 {
		return nil, usage("nothing to change", "give a name or a description")
	}
	return value, nil
}

// datasetName checks a name as the column varchar(200) does: spaces around it
// go, and what is left is counted in code points.
func datasetName(s string) (string, error) {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	switch {
	case n == 0:
		return "", invalid("the name is empty", "a dataset needs a name of 1 to 200 characters")
	case !utf8.ValidString(s) || models.Clean(s) != s:
		return "", invalid("the name holds characters that cannot be shown", "leave control characters out")
	case n > nameMax:
		return "", invalid(fmt.Sprintf("the name has %d characters; a dataset's name has at most %d", n, nameMax), "choose a shorter name")
	}
	return s, nil
}

// description is null when it is empty.
func description(s string) (any, error) {
	s = strings.TrimSpace(s)
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return nil, invalid("the description is not a text", "it must be UTF-8 without NUL")
	}
	if s == "" {
		return nil, nil
	}
	return s, nil
}

func invalid(msg, hint string) *models.Error {
	return &models.Error{Code: models.CodeInvalid, Msg: msg, Hint: hint}
}

// mayChange is what can be known before anything is asked.
func (c *Client) mayChange(ids ...string) error {
	if c.opts.ReadOnly {
		return readOnlyError()
	}
	for _, id := range ids {
		if err := checkID("dataset", id); err != nil {
			return err
		}
	}
	return nil
}

// changeDatasets patches the user's own rows that q selects.
func (c *Client) changeDatasets(ctx context.Context, q *query, value any) ([]models.Dataset, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	q.where("user_id", "eq", me.UserID)
	res, err := q.patch(ctx, me, value)
	if err != nil {
		return nil, err
	}
	var out []models.Dataset
	return out, res.into(&out)
}

// TrashDatasets marks datasets as deleted; their files stay. It returns the ids
// that are in the trash now, those that were there before among them: fewer
// than were asked for when the policies refuse some, or some are gone. CodeNoRows
// when it is none at all, CodeNotFound when the only one does not exist.
func (c *Client) TrashDatasets(ctx context.Context, ids []string) (moved []string, err error) {
	moved, err = c.mark(ctx, ids, true)
	return moved, fail("move datasets to the trash", err)
}

// RestoreDatasets takes datasets out of the trash; see TrashDatasets.
func (c *Client) RestoreDatasets(ctx context.Context, ids []string) (restored []string, err error) {
	restored, err = c.mark(ctx, ids, false)
	return restored, fail("restore datasets", err)
}

// mark sets or clears deleted_at. Rows that have the wanted state already are
// not touched again: the day on which a row was deleted stays.
func (c *Client) mark(ctx context.Context, ids []string, deleted bool) ([]string, error) {
	if err := c.mayChange(ids...); err != nil {
		return nil, err
	}
	ids, err := uniqueIDs("dataset", ids)
	if err != nil {
		return nil, err
	}
	done := []string{}
	for part := range slices.Chunk(ids, idsAtOne) {
		got, err := c.markSome(ctx, part, deleted)
		done = append(done, got...)
		if err != nil {
			return done, err
		}
	}
	if len(done) > 0 || len(ids) == 0 {
		return done, nil
	}
	if len(ids) == 1 {
		if _, err := c.Dataset(ctx, ids[0]); err != nil {
			return done, err
		}
	}
	return done, noRows("no dataset was changed", "")
}

func (c *Client) markSome(ctx context.Context, ids []string, deleted bool) ([]string, error) {
	value, before, after := map[string]any{"deleted_at": nil}, "deleted_at.not.is.null", "deleted_at.is.null"
	if deleted {
		value["deleted_at"] = models.At(c.opts.Now())
		before, after = after, before
	}
	q := &query{table: "datasets", columns: "id"}
	q.where("id", "in", inList(ids))
	q.cond(before)
	if _, err := c.changeDatasets(ctx, q, value); err != nil {
		return nil, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	q = &query{table: "datasets", columns: "id"}
	q.where("id", "in", inList(ids))
	q.where("user_id", "eq", me.UserID)
	q.cond(after)
	res, err := q.get(ctx, me, countNone, false)
	if err != nil {
		return nil, err
	}
	var rows []models.Dataset
	if err := res.into(&rows); err != nil {
		return nil, err
	}
	var out []string
	for _, id := range ids {
		if slices.ContainsFunc(rows, func(d models.Dataset) bool { return d.ID == id }) {
			out = append(out, id)
		}
	}
	return out, nil
}
