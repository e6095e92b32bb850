package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the binary knows of its making.
type build struct{ version, commit, date, modified string }

func readBuild() build {
	b := build{version: "devel", modified: "false"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.time":
			b.date = s.Value
		case "vcs.modified":
			b.modified = s.Value
		}
	}
	return b
}

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print version, commit and Go version", Args: exactArgs(),
		RunE: func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *app) printVersion() error {
	b := readBuild()
	doc := object{
		"version": b.version, "commit": b.commit, "date": b.date, "modified": b.modified == "true",
		"go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
	}
	if done, err := a.fields(doc); done || err != nil {
		return err
	}
	if a.flags.json.on {
		return a.writeDocument("version", doc, nil)
	}
	text := "loratop " + b.version
	if b.commit != "" {
		text += " (" + b.commit + ")"
	}
	_, err := fmt.Fprintf(a.sys.Out, "%s %s %s/%s\n", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
