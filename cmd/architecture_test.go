package cmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/loratop/loratop"

// source is one parsed file of the module.
type source struct {
	path string // slash separated, from the module's root
	pkg  string // folder, "." for main
	test bool
	text string
	file *ast.File
	set  *token.FileSet
}

// sources parses every Go file of the module once.
func sources(t *testing.T) []source {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	var out []source
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && p != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "dist") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		s, err := parseSource(root, p)
		if err == nil && !strings.HasPrefix(s.text, "//go:build deps") {
			out = append(out, s)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func parseSource(root, p string) (source, error) {
	text, err := os.ReadFile(p)
	if err != nil {
		return source{}, err
	}
	rel, err := filepath.Rel(root, p)
	if err != nil {
		return source{}, err
	}
	rel = filepath.ToSlash(rel)
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, rel, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{rel, path.Dir(rel), strings.HasSuffix(rel, "_test.go"), string(text), file, set}, err
}

// rule says which packages of ours a folder may import; "/..." covers what is below.
type rule struct {
	folder string
	may    []string
}

// rules is the import direction of the house, most specific folder first.
func rules() []rule {
	return []rule{
		{"models", nil},
		{"models/jsonl", []string{"models"}},
		{"models/bpe", []string{"models"}},
		{"migrations", nil},
		{"config", []string{"models"}},
		{"client/local/...", []string{"models", "migrations", "client/local/..."}},
		{"client", []string{"models", "models/jsonl"}},
		{"tui/theme", []string{"models"}},
		{"tui/chart", []string{"models", "tui/theme"}},
		{"tui/kit", []string{"models", "tui/theme", "tui/chart"}},
		{"tui/screen", []string{"models", "tui/theme"}},
		{"tui/screens", []string{"models", "models/jsonl", "tui/theme", "tui/chart", "tui/kit", "tui/screen"}},
		{"tui/tuitest/...", []string{"models", "models/jsonl", "tui/..."}},
		{"tui", []string{"models", "tui/..."}},
		{"cmd", []string{"models", "models/jsonl", "models/bpe", "config", "client", "client/local", "migrations", "tui", "tui/screens"}},
		{".", []string{"cmd"}},
	}
}

func covers(pattern, folder string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return folder == base || strings.HasPrefix(folder, base+"/")
	}
	return pattern == folder
}

// TestArchitecture reads every file of the module once and checks the rules of
// the house on it.
func TestArchitecture(t *testing.T) {
	all := sources(t)
	t.Run("import direction", func(t *testing.T) { importDirection(t, all) })
	t.Run("small files", func(t *testing.T) { smallFiles(t, all) })
	t.Run("small functions", func(t *testing.T) { smallFunctions(t, all) })
	t.Run("house rules", func(t *testing.T) { houseRules(t, all) })
}

func importDirection(t *testing.T, all []source) {
	for _, s := range all {
		if s.test {
			continue // tests may reach for the local stack and the helpers
		}
		i := slices.IndexFunc(rules(), func(r rule) bool { return covers(r.folder, s.pkg) })
		if i < 0 {
			t.Errorf("%s: no rule for this folder", s.path)
			continue
		}
		for _, imp := range s.file.Imports {
			name := strings.Trim(imp.Path.Value, `"`)
			if why := forbidden(s.pkg, name, rules()[i].may); why != "" {
				t.Errorf("%s imports %s: %s", s.path, name, why)
			}
		}
	}
}

// forbidden says why a folder must not import a package, "" when it may.
func forbidden(folder, imported string, may []string) string {
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	switch {
	case isOurs && !slices.ContainsFunc(may, func(p string) bool { return covers(p, ours) }):
		return "against the import direction"
	case isOurs:
		return ""
	case folder == "models" && strings.Contains(imported, ".") && imported != "github.com/shopspring/decimal":
		return "models takes the standard library and decimal only"
	case strings.HasPrefix(imported, "github.com/NimbleMarkets/ntcharts") && folder != "tui/chart":
		return "ntcharts stays behind tui/chart"
	case strings.HasPrefix(imported, "charm.land/bubbletea") && !covers("tui/...", folder):
		return "Bubble Tea stays in tui"
	case strings.HasPrefix(imported, "github.com/supabase-community/") && folder != "client":
		return "supabase-go stays in client"
	case strings.HasPrefix(imported, "github.com/jackc/pgx") && !covers("client/local/...", folder) && folder != "migrations" && folder != "cmd":
		return "the program speaks HTTP to Supabase, not SQL"
	}
	return ""
}

func smallFiles(t *testing.T, all []source) {
	for _, s := range all {
		if n := strings.Count(s.text, "\n"); n > 400 {
			t.Errorf("%s has %d lines; at most 400", s.path, n)
		}
	}
}

func smallFunctions(t *testing.T, all []source) {
	for _, s := range all {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > 60 {
				t.Errorf("%s: %s has %d lines; at most 60", s.path, f.Name.Name, n)
			}
			if n := complexity(f); n > 15 {
				t.Errorf("%s: %s has a complexity of %d; at most 15", s.path, f.Name.Name, n)
			}
		}
	}
}

// complexity is the cyclomatic complexity as gocyclo counts it.
func complexity(f *ast.FuncDecl) int {
	n := 1
	ast.Inspect(f, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if x.List != nil {
				n++
			}
		case *ast.CommClause:
			if x.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

// houseRules finds what no file of the program may hold.
func houseRules(t *testing.T, all []source) {
	for _, s := range all {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: init()", s.path)
			}
		}
		for _, group := range s.file.Comments {
			for _, word := range []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"} {
				if strings.Contains(group.Text(), word) {
					t.Errorf("%s: %s in a comment", s.path, word)
				}
			}
		}
	}
}
