package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
)

func (a *app) configCmd() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Show the configuration and where each value comes from"}
	c.AddCommand(a.configPath(), a.configShow(), a.configWhere())
	return needVerb(c)
}

func (a *app) configPath() *cobra.Command {
	return &cobra.Command{
		Use: "path", Short: "Print the path of the configuration file", Args: exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.ownConfig()
			if err != nil {
				return err
			}
			if a.flags.json.on {
				return a.writeDocument("paths", object{"file": cfg.File, "exists": cfg.Exists, "config": cfg.Paths.Config, "state": cfg.Paths.State, "data": cfg.Paths.Data, "cache": cfg.Paths.Cache}, nil)
			}
			_, err = fmt.Fprintln(a.sys.Out, cfg.File)
			return err
		},
	}
}

// ownConfig loads the configuration for the commands that are about it.
func (a *app) ownConfig() (*config.Config, error) {
	a.quietWarnings = true
	return a.config()
}

func (a *app) configWhere() *cobra.Command {
	return &cobra.Command{
		Use: "where", Short: "Print every value with its source", Args: exactArgs(),
		Long: "Prints every setting, its value and where the value comes from: a flag, a variable,\nthe profile, the top of the file, or the default, in this order of precedence.",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.ownConfig()
			if err != nil {
				return err
			}
			docs, rows := []object{}, [][]string{}
			for _, v := range cfg.Values {
				docs = append(docs, object{"name": v.Name, "value": v.Shown(), "source": v.Source, "set": v.Text != ""})
				text := v.Shown()
				if text == "" {
					text = none
				}
				rows = append(rows, []string{v.Name, text, v.Source})
			}
			if a.flags.json.on {
				return a.writeDocument("settings", docs, object{"warnings": warningsJSON(cfg), "file": cfg.File})
			}
			if err := writeTable(a.sys.Out, []string{"SETTING", "VALUE", "SOURCE"}, rows); err != nil {
				return err
			}
			a.printWarnings(cfg)
			return nil
		},
	}
}

func warningsJSON(cfg *config.Config) []object {
	out := []object{}
	for _, w := range cfg.Warnings {
		out = append(out, object{"file": w.File, "line": w.Line, "text": w.Text})
	}
	return out
}

func (a *app) printWarnings(cfg *config.Config) {
	for _, w := range cfg.Warnings {
		a.warnf("%s", w)
	}
}

func (a *app) configShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show file, profiles, prices, presets and what is wrong with the file", Args: exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.ownConfig()
			if err != nil {
				return err
			}
			if a.flags.json.on {
				return a.writeDocument("config", configJSON(cfg), nil)
			}
			if err := writePairs(a.sys.Out, configPairs(cfg)); err != nil {
				return err
			}
			a.printWarnings(cfg)
			return nil
		},
	}
}

func configJSON(cfg *config.Config) object {
	profiles, gpus, presets := []object{}, []object{}, []object{}
	for _, p := range cfg.Profiles {
		profiles = append(profiles, object{"name": p.Name, "url": p.URL, "line": p.Line, "active": p.Name == cfg.Profile})
	}
	for _, g := range cfg.GPUs {
		gpus = append(gpus, object{"id": g.ID, "label": g.Label, "memory_gb": g.MemoryGB, "price_per_hour": g.PricePerHour, "throughput": g.Throughput})
	}
	for _, p := range cfg.Presets {
		presets = append(presets, object{"id": p.ID, "name": p.Name(), "family": p.Family, "line": p.Line, "label": p.Label, "note": p.Note, "hyperparameters": hyperJSON(p.Hyperparameters)})
	}
	return object{
		"file": cfg.File, "exists": cfg.Exists, "profile": cfg.Profile, "profiles": profiles,
		"gpus": gpus, "presets": presets, "warnings": warningsJSON(cfg),
	}
}

func configPairs(cfg *config.Config) []pair {
	file := cfg.File
	if !cfg.Exists {
		file += " (not there; every default applies)"
	}
	p := []pair{{"file", file}, {"state", cfg.Paths.State}, {"data", cfg.Paths.Data}, {"profile in use", cfg.Profile}}
	for _, pr := range cfg.Profiles {
		p = append(p, pair{"profile " + pr.Name, pr.URL})
	}
	for _, g := range cfg.GPUs {
		p = append(p, pair{"GPU " + g.ID, "$" + g.PricePerHour.String() + " an hour, " + floatText(models.Ptr(models.F64(g.MemoryGB)), 4) + " GB"})
	}
	for _, pr := range cfg.Presets {
		h := pr.Hyperparameters
		text := fmt.Sprintf("rate %s, batch %s, epochs %s, rank %s, alpha %s, dropout %s", floatText(h.LearningRate, 4), intText(h.BatchSize), intText(h.Epochs), intText(h.Rank), floatText(h.Alpha, 4), floatText(h.Dropout, 4))
		if pr.Line > 0 {
			text += fmt.Sprintf(" (line %d)", pr.Line)
		}
		p = append(p, pair{"preset " + pr.Name(), text})
	}
	return p
}
