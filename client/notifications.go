package client

import (
	"context"
	"fmt"
	"slices"

	"github.com/loratop/loratop/models"
)

const (
	noticeColumns = "id,user_id,type,title,message,priority,read,action_url,metadata,created_at"
	markBatch     = 100 // ids in one request
	unreadCond    = "or(read.is.false,read.is.null)"
)

func noticeList() listSpec {
	return listSpec{
		id: tableNotifications, table: "notifications", op: "list notifications", columns: noticeColumns,
		sorts: []string{"created_at", "type", "priority", "title"}, status: "type", time: "created_at",
		search: func(q *query, text string) {
			p := quoted(likePattern(text))
			q.cond(fmt.Sprintf("or(title.ilike.%[1]s,message.ilike.%[1]s)", p))
		},
		extra: func(q *query, lq models.ListQuery) error {
			if lq.Unread {
				q.cond(unreadCond)
			}
			return nil
		},
	}
}

// Notifications lists the inbox; Status filters by type.
func (c *Client) Notifications(ctx context.Context, q models.ListQuery) (models.Page[models.Notification], error) {
	return list[models.Notification](ctx, c, noticeList(), q)
}

type readPatch struct {
	Read bool `json:"read"`
}

// MarkRead marks notifications as read. CodeNoRows when some could not be:
// not permitted, or gone.
func (c *Client) MarkRead(ctx context.Context, ids []string) error {
	return fail("mark read", c.markRead(ctx, ids))
}

func (c *Client) markRead(ctx context.Context, ids []string) error {
	if c.opts.ReadOnly {
		return readOnlyError()
	}
	ids, err := uniqueIDs("notification", ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	me, err := c.me(ctx)
	if err != nil {
		return err
	}
	done := 0
	for batch := range slices.Chunk(ids, markBatch) {
		q := &query{table: "notifications", columns: "id"}
		q.where("id", "in", inList(batch))
		q.where("user_id", "eq", me.UserID)
		n, err := patched(q.patch(ctx, me, readPatch{true}))
		if err != nil {
			return err
		}
		done += n
	}
	if done < len(ids) {
		return noRows(fmt.Sprintf("%d of %d notifications were marked", done, len(ids)), "")
	}
	return nil
}

// MarkAllRead marks the whole inbox and returns how many it changed.
func (c *Client) MarkAllRead(ctx context.Context) (int, error) {
	n, err := c.markAllRead(ctx)
	return n, fail("mark all read", err)
}

func (c *Client) markAllRead(ctx context.Context) (int, error) {
	if c.opts.ReadOnly {
		return 0, readOnlyError()
	}
	me, err := c.me(ctx)
	if err != nil {
		return 0, err
	}
	q := unread(me.UserID)
	n, err := patched(q.patch(ctx, me, readPatch{true}))
	if err != nil || n > 0 {
		return n, err
	}
	left, err := unread(me.UserID).get(ctx, me, countExact, true)
	if err == nil && left.total > 0 {
		err = noRows(fmt.Sprintf("%d unread notifications stayed unread", left.total), "")
	}
	return 0, err
}

func unread(user string) *query {
	q := &query{table: "notifications", columns: "id"}
	q.where("user_id", "eq", user)
	q.cond(unreadCond)
	return q
}

// patched counts what an update returned: rows, or the server's own count
// where it returns fewer rows than it changed.
func patched(res rows, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	var got []struct{ ID string }
	if err := res.into(&got); err != nil {
		return 0, err
	}
	return max(len(got), int(res.total)), nil
}
