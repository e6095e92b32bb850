package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// datasetVerb is a command that does something to one dataset and shows it.
type datasetVerb struct {
	what string // for the refusal of a read-only session; "" = it changes nothing
	do   func(ctx context.Context, b screens.Backend, d models.Dataset, args []string) (models.Dataset, error)
	end  func(models.Dataset) error // the exit code; nil = 0
}

func (v datasetVerb) command(a *app, c *cobra.Command) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		if done, err := a.fields(a.datasetDetailJSON(models.Dataset{})); done || err != nil {
			return err
		}
		if err := a.write(v.what); err != nil {
			return err
		}
		b, err := a.open(c.Context())
		if err != nil {
			return err
		}
		d, err := datasetRef(c.Context(), b, args[0], false)
		if err != nil {
			return err
		}
		if d, err = v.do(c.Context(), b, d, args[1:]); err != nil {
			return err
		}
		if err := a.printDataset(d); err != nil || v.end == nil {
			return err
		}
		return v.end(d)
	}
	return c
}

// printDataset is one dataset in the form that the flags want; the samples of
// its conversations are for datasets get and for JSON.
func (a *app) printDataset(d models.Dataset) error {
	switch {
	case a.flags.json.on:
		return a.writeDocument("dataset", a.datasetDetailJSON(d), nil)
	case a.flags.quiet:
		return writeIDs(a.sys.Out, []string{d.ID})
	}
	return writePairs(a.sys.Out, a.datasetPairs(d, false))
}

// datasetRef finds a dataset by its id or its exact name, also in the trash.
func datasetRef(ctx context.Context, b screens.Backend, ref string, deleted bool) (models.Dataset, error) {
	if models.IsUUID(ref) {
		return b.Dataset(ctx, ref)
	}
	page, err := b.Datasets(ctx, models.ListQuery{Search: ref, Limit: maxPage, Deleted: deleted})
	if err != nil {
		return models.Dataset{}, err
	}
	var found []models.Dataset
	for _, d := range page.Items {
		if d.Name == ref {
			found = append(found, d)
		}
	}
	list := "loratop datasets ls"
	if deleted {
		list += " --trash"
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return models.Dataset{}, &models.Error{Code: models.CodeNotFound, Op: "find dataset", Msg: fmt.Sprintf("no dataset named %q", models.Clean(ref)), Hint: list + " shows them"}
	}
	return models.Dataset{}, usagef(list+" --search shows their ids", "%d datasets are named %q; give the id", len(found), models.Clean(ref))
}

func (a *app) datasetsRename() *cobra.Command {
	return datasetVerb{what: "rename a dataset", do: func(ctx context.Context, b screens.Backend, d models.Dataset, args []string) (models.Dataset, error) {
		return b.UpdateDataset(ctx, d.ID, models.DatasetPatch{Name: &args[0]})
	}}.command(a, &cobra.Command{
		Use: "rename DATASET NAME", Short: "Give a dataset another name", Args: exactArgs("DATASET", "NAME"),
		Example: "  loratop datasets rename DATASET 'support chats, spring'",
	})
}

func (a *app) datasetsDescribe() *cobra.Command {
	return datasetVerb{what: "describe a dataset", do: func(ctx context.Context, b screens.Backend, d models.Dataset, args []string) (models.Dataset, error) {
		return b.UpdateDataset(ctx, d.ID, models.DatasetPatch{Description: &args[0]})
	}}.command(a, &cobra.Command{
		Use: "describe DATASET TEXT", Short: "Set a dataset's description", Args: exactArgs("DATASET", "TEXT"),
		Long:    "Sets the description; an empty TEXT clears it.",
		Example: "  loratop datasets describe DATASET 'from the help desk, without names'",
	})
}

func (a *app) datasetsValidate() *cobra.Command {
	return datasetVerb{what: "validate a dataset", end: datasetExit, do: func(ctx context.Context, b screens.Backend, d models.Dataset, _ []string) (models.Dataset, error) {
		return b.Revalidate(ctx, d.ID, a.progressLine(models.Clean(d.FileName)))
	}}.command(a, &cobra.Command{
		Use: "validate DATASET", Short: "Check a stored dataset again and write the result", Args: exactArgs("DATASET"),
		Long: "Reads the stored file as a stream, without a copy on this machine, and writes what the\n" +
			"platform's validator would: the dataset is then ready or error. It helps datasets that\n" +
			"stay uploading or validating for ever. Exit 65 when it ends as error.",
		Example: "  loratop datasets validate DATASET --json=status,validation_errors",
	})
}

// datasetMove is trash or restore.
type datasetMove struct {
	verb    string
	deleted bool // where the datasets are before
	do      func(screens.Backend) func(context.Context, []string) ([]string, error)
}

func (a *app) datasetsTrash() *cobra.Command {
	return datasetMove{verb: "trash", do: func(b screens.Backend) func(context.Context, []string) ([]string, error) { return b.TrashDatasets }}.command(a, &cobra.Command{
		Use: "trash DATASET…", Short: "Move datasets to the trash",
		Long:    "Moves datasets to the trash. Their files stay, and so do the jobs that used them;\ndatasets restore takes them back.",
		Example: "  loratop datasets trash DATASET\n  loratop datasets trash 'Old export' --json",
	})
}

func (a *app) datasetsRestore() *cobra.Command {
	return datasetMove{verb: "restore", deleted: true, do: func(b screens.Backend) func(context.Context, []string) ([]string, error) { return b.RestoreDatasets }}.command(a, &cobra.Command{
		Use: "restore DATASET…", Short: "Take datasets out of the trash",
		Example: "  loratop datasets ls --trash\n  loratop datasets restore DATASET",
	})
}

func (m datasetMove) command(a *app, c *cobra.Command) *cobra.Command {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("see: "+c.CommandPath()+" --help", "missing DATASET")
		}
		return nil
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if done, err := a.fields(movedJSON("", false)); done || err != nil {
			return err
		}
		if err := a.write(m.verb + " datasets"); err != nil {
			return err
		}
		b, err := a.open(c.Context())
		if err != nil {
			return err
		}
		ids := make([]string, len(args))
		for i, ref := range args {
			if ids[i] = ref; models.IsUUID(ref) {
				continue
			}
			d, err := datasetRef(c.Context(), b, ref, m.deleted)
			if err != nil {
				return err
			}
			ids[i] = d.ID
		}
		moved, err := m.do(b)(c.Context(), ids)
		if err != nil && len(moved) == 0 {
			return err
		}
		return errors.Join(m.print(a, moved), err, m.missing(ids, moved))
	}
	return c
}

func movedJSON(id string, deleted bool) object { return object{"id": id, "deleted": deleted} }

func (m datasetMove) print(a *app, ids []string) error {
	if a.flags.json.on {
		docs := []object{}
		for _, id := range ids {
			docs = append(docs, movedJSON(id, !m.deleted))
		}
		return a.writeDocument("datasets", docs, nil)
	}
	if a.flags.quiet {
		return writeIDs(a.sys.Out, ids)
	}
	to := "to the trash"
	if m.deleted {
		to = "out of the trash"
	}
	_, err := fmt.Fprintf(a.sys.Out, "moved %s %s\n", strings.Join(ids, ", "), to)
	return err
}

// missing is the error of those that stayed where they were.
func (m datasetMove) missing(ids, moved []string) error {
	have := map[string]bool{}
	for _, id := range moved {
		have[strings.ToLower(id)] = true
	}
	var left []string
	for _, id := range ids {
		if !have[strings.ToLower(id)] {
			left = append(left, id)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return &models.Error{Code: models.CodeNoRows, Op: m.verb + " datasets", Msg: "not moved: " + strings.Join(left, ", "), Hint: "they are gone, someone else's, or the policies do not allow it"}
}

func (a *app) datasetsDownload() *cobra.Command {
	var to string
	c := &cobra.Command{
		Use: "download DATASET", Short: "Download a dataset's file", Args: exactArgs("DATASET"),
		Long: "Downloads the stored file to --to, a file or a folder, else below download_dir of the\n" +
			"configuration, else to the current folder. A download that was cut is continued. Prints\n" +
			"path, size and SHA-256.",
		Example: "  loratop datasets download DATASET --to ./data\n  loratop datasets download DATASET --to train.jsonl --json",
		RunE: func(c *cobra.Command, args []string) error {
			if done, err := a.fields(fileJSON("", models.Downloaded{})); done || err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			d, err := datasetRef(c.Context(), b, args[0], false)
			if err != nil {
				return err
			}
			cfg, err := a.config()
			if err != nil {
				return err
			}
			for _, dir := range []string{cfg.DownloadDir, "."} {
				if to == "" {
					to = dir
				}
			}
			out, err := b.DownloadDataset(c.Context(), d.ID, to, a.progressLine(models.Clean(d.FileName)))
			if err != nil {
				return err
			}
			if a.flags.json.on {
				return a.writeDocument("file", fileJSON(d.FileName, out), nil)
			}
			if a.flags.quiet {
				return writeIDs(a.sys.Out, []string{models.Clean(out.Path)})
			}
			return writeTable(a.sys.Out, []string{"FILE", "SIZE", "SHA256"}, [][]string{{out.Path, bytesText(out.Bytes), out.SHA256}})
		},
	}
	c.Flags().StringVar(&to, "to", "", "file or folder to write to")
	return c
}
