package cmd

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
)

func (a *app) datasetsUploads() *cobra.Command {
	c := &cobra.Command{
		Use: "uploads", Short: "List the uploads that were begun here and not ended", Args: exactArgs(),
		Long: "Lists the uploads of this user to this project that were begun on this machine and did\n" +
			"not come to their end. loratop datasets push FILE goes on with one of them, and\n" +
			"datasets uploads drop gives one up.",
		Example: "  loratop datasets uploads\n  loratop datasets uploads --json=dataset_id,path,sent,size\n  loratop datasets uploads drop DATASET --yes",
		RunE: func(c *cobra.Command, _ []string) error {
			if done, err := a.fields(pendingJSON(models.PendingUpload{})); done || err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			all, err := b.PendingUploads(c.Context())
			if err != nil {
				return err
			}
			out := listing{docs: []object{}, head: []string{"DATASET", "FILE", "SENT", "SIZE", "STATE", "SINCE", "LAST ERROR"}}
			for _, u := range all {
				out.ids = append(out.ids, u.DatasetID)
				out.docs = append(out.docs, pendingJSON(u))
				out.rows = append(out.rows, []string{
					u.DatasetID, u.Path, bytesText(u.Sent), bytesText(u.Size), pendingState(u), ageText(models.At(u.Updated), a.sys.Now()), u.LastError,
				})
			}
			return a.printList("uploads", out)
		},
	}
	c.AddCommand(a.datasetsUploadsDrop())
	return c
}

// pendingState is the state of a pending upload in one word.
func pendingState(u models.PendingUpload) string {
	switch {
	case u.Active:
		return "active"
	case u.Missing:
		return "missing"
	case u.Changed:
		return "changed"
	}
	return "parked"
}

func pendingJSON(u models.PendingUpload) object {
	return object{
		"dataset_id": u.DatasetID, "path": u.Path, "file_name": u.FileName, "name": u.Name, "size": u.Size, "sent": u.Sent,
		"state": pendingState(u), "updated_at": timeJSON(models.At(u.Updated)), "last_error": u.LastError,
	}
}

func (a *app) datasetsUploadsDrop() *cobra.Command {
	return &cobra.Command{
		Use: "drop DATASET", Short: "Give an upload up", Args: exactArgs("DATASET"),
		Long: "Ends the upload: the bytes that are on the server go, its dataset, which never got its\n" +
			"file, is moved to the trash, and it is forgotten here. The local file stays.",
		RunE: func(c *cobra.Command, args []string) error {
			if done, err := a.fields(pendingJSON(models.PendingUpload{})); done || err != nil {
				return err
			}
			if err := a.write("drop an upload"); err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			all, err := b.PendingUploads(c.Context())
			if err != nil {
				return err
			}
			var u models.PendingUpload
			for _, p := range all {
				if p.DatasetID == args[0] {
					u = p
				}
			}
			if u.DatasetID == "" {
				return &models.Error{Code: models.CodeNotFound, Op: "drop upload", Msg: "no pending upload of the dataset " + strconv.Quote(models.Clean(args[0])), Hint: "loratop datasets uploads lists them"}
			}
			q := fmt.Sprintf("Give up the upload of %s? The %s that are there are lost.", models.Clean(u.Path), bytesText(u.Sent))
			if err := a.confirm(c.Context(), q); err != nil {
				return err
			}
			if err := b.DropUpload(c.Context(), u.DatasetID); err != nil {
				return err
			}
			switch {
			case a.flags.json.on:
				return a.writeDocument("dropped", pendingJSON(u), nil)
			case a.flags.quiet:
				return writeIDs(a.sys.Out, []string{u.DatasetID})
			}
			_, err = fmt.Fprintf(a.sys.Out, "dropped the upload of %s\n", models.Clean(u.Path))
			return err
		},
	}
}
