package cmd

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

func (a *app) datasetsCmd() *cobra.Command {
	c := &cobra.Command{Use: "datasets", Short: "List, show, check, upload and change datasets", Args: cobra.NoArgs, Aliases: []string{"dataset"}}
	c.AddCommand(
		a.datasetsLs(), a.datasetsGet(), a.datasetsCheck(), a.datasetsPush(), a.datasetsUploads(), a.datasetsRows(), a.datasetsDownload(),
		a.datasetsRename(), a.datasetsDescribe(), a.datasetsValidate(), a.datasetsTrash(), a.datasetsRestore(),
	)
	return needVerb(c)
}

func (a *app) datasetsLs() *cobra.Command {
	var deleted bool
	c := lister[models.Dataset]{
		noun: "datasets", sortable: "created_at, name, status, file_size, total_training_pairs, total_tokens",
		head: []string{"ID", "NAME", "STATUS", "PAIRS", "TOKENS", "SIZE", "CREATED"},
		doc:  datasetJSON,
		row: func(d models.Dataset, now time.Time) []string {
			return []string{
				d.ID, d.Name, string(d.Status), intText(d.TotalTrainingPairs), intText(d.TotalTokens),
				bytesText(int64(d.FileSize)), ageText(d.CreatedAt, now),
			}
		},
		read: func(b screens.Backend) func(context.Context, models.ListQuery) (models.Page[models.Dataset], error) {
			return b.Datasets
		},
		narrow: func(q *models.ListQuery) { q.Deleted = deleted },
	}.command(a, &cobra.Command{
		Use: "ls", Short: "List datasets",
		Example: "  loratop datasets ls\n  loratop datasets ls --status ready --sort file_size\n  loratop datasets ls --all --json=id,name,total_tokens",
	})
	c.Flags().BoolVar(&deleted, "trash", false, "the trash instead")
	c.Flags().BoolVar(&deleted, "deleted", false, "the same as --trash")
	_ = c.Flags().MarkHidden("deleted") // its older name; it exists
	return c
}

func (a *app) datasetsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get DATASET", Short: "Show one dataset with its statistics, errors and samples", Args: exactArgs("DATASET"),
		RunE: func(c *cobra.Command, args []string) error {
			if done, err := a.fields(a.datasetDetailJSON(models.Dataset{})); done || err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			d, err := b.Dataset(c.Context(), args[0])
			if err != nil {
				return err
			}
			if a.flags.json.on || a.flags.quiet {
				return a.printDataset(d)
			}
			return writePairs(a.sys.Out, a.datasetPairs(d, true))
		},
	}
}

func datasetJSON(d models.Dataset) object {
	return object{
		"id": d.ID, "name": d.Name, "description": d.Description, "format": d.Format, "status": d.Status,
		"training_ready": d.TrainingReady, "storage_bucket": d.StorageBucket, "storage_path": d.StoragePath,
		"file_name": d.FileName, "file_size": d.FileSize, "total_training_pairs": d.TotalTrainingPairs,
		"total_validation_pairs": d.TotalValidationPairs, "total_tokens": d.TotalTokens,
		"avg_turns_per_conversation": d.AvgTurnsPerConversation, "avg_tokens_per_turn": d.AvgTokensPerTurn,
		"validated_at": timeJSON(d.ValidatedAt), "created_at": timeJSON(d.CreatedAt),
		"updated_at": timeJSON(d.UpdatedAt), "deleted_at": timeJSON(d.DeletedAt),
	}
}

func (a *app) datasetDetailJSON(d models.Dataset) object {
	o := datasetJSON(d)
	errs, samples := []object{}, []object{}
	for _, e := range d.Errors() {
		errs = append(errs, object{"line": e.Line, "error": e.Error, "suggestion": e.Suggestion})
	}
	for _, s := range d.Samples() {
		turns := []object{}
		for _, t := range s.Turns {
			turns = append(turns, object{"role": t.Role, "content": t.Content})
		}
		samples = append(samples, object{"id": s.ID, "title": s.Title, "turns": turns})
	}
	o["diagnosis"] = diagnosisJSON(models.DiagnoseDataset(d, a.sys.Now()))
	o["validation_errors"], o["samples"], o["error_message"] = errs, samples, d.ErrorMessage
	return o
}

func (a *app) datasetPairs(d models.Dataset, samples bool) []pair {
	p := []pair{
		{"id", d.ID}, {"name", d.Name}, {"description", textOf(d.Description)}, {"status", string(d.Status)},
		{"format", string(d.Format)}, {"file", d.StorageBucket + "/" + d.StoragePath}, {"size", bytesText(int64(d.FileSize))},
		{"training pairs", intText(d.TotalTrainingPairs)}, {"validation pairs", intText(d.TotalValidationPairs)},
		{"tokens", intText(d.TotalTokens)}, {"turns per conversation", floatText(d.AvgTurnsPerConversation, 4)},
		{"tokens per turn", floatText(d.AvgTokensPerTurn, 5)}, {"created", timeText(d.CreatedAt)}, {"validated", timeText(d.ValidatedAt)},
	}
	if w := models.DiagnoseDataset(d, a.sys.Now()); w != nil {
		p = append(p, pair{"diagnosis", w.Text}, pair{"what to do", w.Hint})
	}
	for _, e := range d.Errors() {
		p = append(p, pair{"error", strings.TrimSpace("line " + intText(e.Line) + ": " + e.Error + "  " + e.Suggestion)})
	}
	if !samples {
		return p
	}
	for _, s := range d.Samples() {
		for _, t := range s.Turns {
			p = append(p, pair{"sample " + s.ID, t.Role + ": " + t.Content})
		}
	}
	return p
}
