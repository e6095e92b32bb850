package cmd

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/loratop/loratop/models"
)

func (a *app) manCmd() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "man", Short: "Print the manual page, or write all pages into a folder", Args: exactArgs(),
		Example: "  loratop man | man -l -\n  loratop man --dir ./man1",
		RunE: func(c *cobra.Command, _ []string) error {
			root := c.Root()
			root.DisableAutoGenTag = true
			date := a.sys.Now().UTC()
			header := func() *doc.GenManHeader {
				return &doc.GenManHeader{Section: "1", Source: "loratop", Manual: "loratop manual", Date: &date}
			}
			if dir == "" {
				return doc.GenMan(root, header(), a.sys.Out)
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return &models.Error{Code: models.CodeUnknown, Op: "man", Msg: models.Clean(err.Error()), Err: err}
			}
			return manPages(root, dir, header)
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "write a page for every command into this folder")
	return c
}

func manPages(c *cobra.Command, dir string, header func() *doc.GenManHeader) error {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			if err := manPages(sub, dir, header); err != nil {
				return err
			}
		}
	}
	name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	if err := doc.GenMan(c, header(), f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
