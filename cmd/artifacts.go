package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screens"
)

// bucketModels is where artifacts are stored.
const bucketModels = "lora-models"

func (a *app) artifactsCmd() *cobra.Command {
	c := &cobra.Command{Use: "artifacts", Short: "List, show and download trained adapters", Aliases: []string{"artifact", "models"}}
	c.AddCommand(a.artifactsLs(), a.artifactsGet(), a.artifactsDownload())
	return needVerb(c)
}

func (a *app) artifactsLs() *cobra.Command {
	var dataset string
	c := lister[models.Artifact]{
		noun: "artifacts", sortable: "created_at, name, quality, status",
		head: []string{"ID", "NAME", "VERSION", "STATUS", "QUALITY", "VAL LOSS", "PERPLEXITY", "FILES", "CREATED"},
		doc:  artifactJSON,
		row: func(m models.Artifact, now time.Time) []string {
			return []string{
				m.ID, m.Name, m.Version, string(m.Status), m.Quality.ConvergenceQuality,
				floatText(m.Quality.FinalValidationLoss, 4), floatText(m.Quality.Perplexity, 4), strconv.Itoa(len(m.Files)), ageText(m.CreatedAt, now),
			}
		},
		read: func(b screens.Backend) func(context.Context, models.ListQuery) (models.Page[models.Artifact], error) {
			return b.Artifacts
		},
		narrow: func(q *models.ListQuery) { q.DatasetID = dataset },
	}.command(a, &cobra.Command{Use: "ls", Short: "List artifacts"})
	c.Flags().StringVar(&dataset, "dataset", "", "only artifacts of this dataset")
	return c
}

func (a *app) artifactsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ARTIFACT", Short: "Show one artifact", Args: exactArgs("ARTIFACT"),
		RunE: func(c *cobra.Command, args []string) error {
			if done, err := a.fields(artifactJSON(models.Artifact{})); done || err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			m, err := b.Artifact(c.Context(), args[0])
			if err != nil {
				return err
			}
			if a.flags.json.on {
				return a.writeDocument("artifact", artifactJSON(m), nil)
			}
			if a.flags.quiet {
				return writeIDs(a.sys.Out, []string{m.ID})
			}
			return writePairs(a.sys.Out, artifactPairs(m))
		},
	}
}

func (a *app) artifactsDownload() *cobra.Command {
	var dir, only string
	c := &cobra.Command{
		Use: "download ARTIFACT", Short: "Download an artifact's files", Args: exactArgs("ARTIFACT"),
		Long:    "Downloads every file of the artifact into a folder: --dir, else one named as its id\nbelow download_dir of the configuration, else below the current folder.\nA download that was cut is continued. Prints path, size and SHA-256 of each file.",
		Example: "  loratop artifacts download ARTIFACT --dir ./adapter\n  loratop artifacts download ARTIFACT --file adapter_config.json --json",
		RunE: func(c *cobra.Command, args []string) error {
			if done, err := a.fields(fileJSON("", models.Downloaded{})); done || err != nil {
				return err
			}
			b, err := a.open(c.Context())
			if err != nil {
				return err
			}
			m, err := b.Artifact(c.Context(), args[0])
			if err != nil {
				return err
			}
			if dir == "" {
				cfg, err := a.config()
				if err != nil {
					return err
				}
				dir = filepath.Join(cfg.DownloadDir, localName(models.ArtifactFile{Path: m.ID}))
			}
			return a.download(c.Context(), b, m, dir, only)
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "folder to write to")
	c.Flags().StringVar(&only, "file", "", "only this file")
	return c
}

func (a *app) download(ctx context.Context, b screens.Backend, m models.Artifact, dir, only string) error {
	docs, rows, taken := []object{}, [][]string{}, map[string]bool{}
	for _, f := range m.Files {
		name := localName(f)
		for n := 2; taken[name]; n++ { // two folders of the bucket may hold the same name
			name = strconv.Itoa(n) + "-" + localName(f)
		}
		taken[name] = true
		if only != "" && only != name && only != f.Label {
			continue
		}
		done, err := b.Download(ctx, models.Download{Bucket: bucketModels, Path: f.Path, Dest: filepath.Join(dir, name)}, a.progressLine(name))
		if err != nil {
			return err
		}
		docs = append(docs, fileJSON(f.Label, done))
		rows = append(rows, []string{done.Path, bytesText(done.Bytes), done.SHA256})
	}
	if len(docs) == 0 {
		return &models.Error{Code: models.CodeNotFound, Op: "download", Msg: "the artifact has no such file", Hint: "loratop artifacts get " + m.ID + " lists its files"}
	}
	if a.flags.json.on {
		return a.writeDocument("files", docs, nil)
	}
	return writeTable(a.sys.Out, []string{"FILE", "SIZE", "SHA256"}, rows)
}

func fileJSON(label string, d models.Downloaded) object {
	return object{"label": label, "path": d.Path, "bytes": d.Bytes, "sha256": d.SHA256}
}

// localName is a safe file name for a stored path: never a folder, never hidden
// surprises, whatever the server says.
func localName(f models.ArtifactFile) string {
	name := strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == os.PathSeparator || r == 0 {
			return '_'
		}
		return r
	}, models.Clean(f.Name()))
	if name = strings.TrimLeft(name, "."); name == "" {
		return "file"
	}
	return name
}

// progressLine shows progress on a terminal's stderr and nothing elsewhere.
func (a *app) progressLine(name string) func(models.Progress) {
	if !a.sys.ErrTTY || a.flags.json.on || a.flags.quiet || a.sys.Getenv("TERM") == "dumb" {
		return func(models.Progress) {}
	}
	return func(p models.Progress) {
		_, _ = fmt.Fprintf(a.sys.Err, "\r%s  %s of %s ", name, bytesText(p.Done), bytesText(p.Total))
		if p.Done == p.Total {
			_, _ = fmt.Fprintln(a.sys.Err)
		}
	}
}

func artifactJSON(m models.Artifact) object {
	files := []object{}
	for _, f := range m.Files {
		files = append(files, object{"label": f.Label, "path": f.Path, "size": f.Size})
	}
	q, s := m.Quality, m.Summary
	return object{
		"id": m.ID, "job_id": m.JobID, "dataset_id": m.DatasetID, "dataset_name": datasetNameJSON(m.Dataset), "name": m.Name,
		"version": m.Version, "description": m.Description, "status": m.Status, "deployed_at": timeJSON(m.DeployedAt),
		"quality": object{
			"overall_score": q.OverallScore, "convergence_quality": q.ConvergenceQuality, "final_training_loss": q.FinalTrainingLoss,
			"final_validation_loss": q.FinalValidationLoss, "perplexity": q.Perplexity, "loss_reduction_percent": q.LossReductionPercent,
		},
		"summary": object{
			"epochs": s.Epochs, "total_steps": s.TotalSteps, "final_loss": s.FinalLoss, "duration_seconds": s.DurationSeconds,
			"final_learning_rate": s.FinalLearningRate, "gpu_hours": s.GPUHours, "gpu_type": s.GPUType, "total_cost": s.TotalCost,
		},
		"configuration": object{
			"preset_id": m.Configuration.PresetID, "hyperparameters": hyperJSON(m.Configuration.Hyperparameters), "gpu": gpuJSON(m.Configuration.GPU),
		},
		"files": files, "parent_model_id": m.ParentModelID, "created_at": timeJSON(m.CreatedAt), "updated_at": timeJSON(m.UpdatedAt),
	}
}

func artifactPairs(m models.Artifact) []pair {
	p := []pair{
		{"id", m.ID}, {"name", m.Name}, {"version", m.Version}, {"status", string(m.Status)}, {"dataset", datasetName(m.Dataset)}, {"job", m.JobID},
		{"quality", m.Quality.ConvergenceQuality}, {"score", floatText(m.Quality.OverallScore, 3)},
		{"final training loss", floatText(m.Quality.FinalTrainingLoss, 5)}, {"final validation loss", floatText(m.Quality.FinalValidationLoss, 5)},
		{"perplexity", floatText(m.Quality.Perplexity, 5)}, {"cost", moneyText(m.Summary.TotalCost)}, {"created", timeText(m.CreatedAt)},
	}
	for _, f := range m.Files {
		p = append(p, pair{"file " + f.Label, f.Path})
	}
	return p
}
