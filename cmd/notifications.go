package cmd

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
)

func (a *app) notificationsCmd() *cobra.Command {
	c := a.notificationsLs("notifications", "Show the inbox and mark in it")
	c.Aliases = []string{"inbox"}
	c.Example = "  loratop notifications --unread\n  loratop notifications read ID\n  loratop notifications read --all"
	c.AddCommand(a.notificationsLs("ls", "List notifications"), a.notificationsRead())
	return c
}

func (a *app) notificationsLs(use, short string) *cobra.Command {
	var l listFlags
	var unread bool
	c := &cobra.Command{
		Use: use, Short: short, Args: exactArgs(),
		RunE: func(c *cobra.Command, _ []string) error {
			if done, err := a.fields(notificationJSON(models.Notification{})); done || err != nil {
				return err
			}
			q, err := l.query(a.sys.Now())
			if err != nil {
				return err
			}
			q.Unread = unread
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			items, next, err := collect(c.Context(), &l, q, b.Notifications)
			if err != nil {
				return err
			}
			return a.printNotifications(items, next)
		},
	}
	l.addPaging(c)
	c.Flags().BoolVar(&unread, "unread", false, "only unread ones")
	return c
}

func (a *app) printNotifications(items []models.Notification, next models.Cursor) error {
	ids, rows, docs := make([]string, 0, len(items)), make([][]string, 0, len(items)), make([]object, 0, len(items))
	now := a.sys.Now()
	for _, n := range items {
		mark := "new"
		if n.Read {
			mark = none
		}
		ids = append(ids, n.ID)
		docs = append(docs, notificationJSON(n))
		rows = append(rows, []string{n.ID, mark, string(n.Priority), n.Title, n.Message, ageText(n.CreatedAt, now)})
	}
	return a.printList("notifications", listing{ids, docs, []string{"ID", "READ", "PRIORITY", "TITLE", "MESSAGE", "CREATED"}, rows, next})
}

func notificationJSON(n models.Notification) object {
	target := any(nil)
	if n.ActionURL != nil {
		if t, ok := models.ParseActionURL(*n.ActionURL); ok {
			target = object{"kind": t.Kind, "id": t.ID}
		}
	}
	return object{
		"id": n.ID, "type": n.Type, "title": n.Title, "message": n.Message, "priority": n.Priority, "read": n.Read,
		"action_url": n.ActionURL, "target": target, "created_at": timeJSON(n.CreatedAt),
	}
}

func (a *app) notificationsRead() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "read [ID…]", Short: "Mark notifications as read",
		Args: func(c *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return usagef("see: "+c.CommandPath()+" --help", "give ids, or --all")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.write("mark notifications"); err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			count := len(args)
			if all {
				count, err = b.MarkAllRead(c.Context())
			} else {
				err = b.MarkRead(c.Context(), args)
			}
			if err != nil {
				return err
			}
			if a.flags.json.on {
				return a.writeDocument("marked", count, nil)
			}
			if a.flags.quiet {
				return nil
			}
			_, err = fmt.Fprintln(a.sys.Out, strconv.Itoa(count)+" marked as read")
			return err
		},
	}
	c.Flags().BoolVar(&all, "all", false, "every unread notification")
	return c
}
