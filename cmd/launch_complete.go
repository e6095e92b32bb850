package cmd

import (
	"github.com/spf13/cobra"

	"github.com/loratop/loratop/config"
	"github.com/loratop/loratop/models"
)

// completeLaunch lets the shell complete what the configuration knows: presets,
// GPUs, and the names for --set.
func (a *app) completeLaunch(c *cobra.Command) {
	from := func(list func(*config.Config) []string, d cobra.ShellCompDirective) cobra.CompletionFunc {
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			cfg, err := a.ownConfig()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return list(cfg), d
		}
	}
	lists := map[string]cobra.CompletionFunc{
		"preset": from(func(cfg *config.Config) []string { return models.PresetNames(cfg.Presets) }, cobra.ShellCompDirectiveNoFileComp),
		"gpu": from(func(cfg *config.Config) []string {
			var ids []string
			for _, g := range cfg.GPUs {
				ids = append(ids, g.ID)
			}
			return ids
		}, cobra.ShellCompDirectiveNoFileComp),
		"base-model": from(func(*config.Config) []string {
			var names []string
			for _, m := range models.BaseModels() {
				names = append(names, m.Name)
			}
			return names
		}, cobra.ShellCompDirectiveNoFileComp),
		"set": from(func(*config.Config) []string {
			var names []string
			for _, n := range models.HyperNames() {
				names = append(names, n+"=")
			}
			return names
		}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace),
	}
	for name, f := range lists {
		if err := c.RegisterFlagCompletionFunc(name, f); err != nil {
			panic(err) // a flag that is not there: found by the first test that builds the command
		}
	}
}
