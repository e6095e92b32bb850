package screens

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
	"github.com/loratop/loratop/tui/screen"
)

// folderMost is how many entries of a folder are looked at.
const folderMost = 5000

// folderRead is what is in a folder.
type folderRead struct {
	dir  string
	list []kit.FileEntry
	more int
	err  string
}

// readFolder lists a folder off the Update goroutine.
func readFolder(sc screen.Scope, dir string) tea.Cmd {
	return screen.Do(sc, "read folder", 0, func(ctx context.Context) tea.Msg {
		m := folderRead{dir: dir}
		f, err := os.Open(dir)
		if err != nil {
			m.err = folderError(err)
			return m
		}
		defer func() { _ = f.Close() }()
		names, err := f.Readdirnames(folderMost)
		if len(names) == 0 && err != nil && err.Error() != "EOF" {
			m.err = folderError(err)
			return m
		}
		for _, name := range names {
			if ctx.Err() != nil {
				return nil
			}
			if e, ok := fileEntry(dir, name); ok {
				m.list = append(m.list, e)
			}
		}
		if rest, _ := f.Readdirnames(-1); len(rest) > 0 {
			m.more = len(rest)
		}
		return m
	})
}

func fileEntry(dir, name string) (kit.FileEntry, bool) {
	st, err := os.Stat(filepath.Join(dir, name))
	if err != nil { // a link that leads nowhere
		return kit.FileEntry{Name: name, Size: -1, Why: "cannot be read"}, !errors.Is(err, fs.ErrNotExist)
	}
	e := kit.FileEntry{Name: name, Dir: st.IsDir(), Size: st.Size(), Modified: st.ModTime()}
	if !e.Dir {
		e.Why = unfit(name, st)
	}
	return e, true
}

// unfit says why a file cannot be a dataset, "" when it may be one.
func unfit(name string, st fs.FileInfo) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jsonl", ".json", ".ndjson":
	default:
		return "not .jsonl or .json"
	}
	switch {
	case !st.Mode().IsRegular():
		return "not a file"
	case st.Size() == 0:
		return "empty"
	case st.Size() > uploadMost:
		return "over 500 MB"
	}
	return ""
}

// uploadMost is what the platform takes of one file.
const uploadMost = 500 << 20

func folderError(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "There is no such folder."
	case errors.Is(err, fs.ErrPermission):
		return "You may not read this folder."
	}
	return models.Clean(err.Error())
}
