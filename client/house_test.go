package client

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/loratop/loratop/models"
)

// Calls of the libraries that poison, leak, race or lose errors are not made,
// and no request is made without a context.
func TestTrapsAreNotSteppedOn(t *testing.T) {
	forbidden := map[string]string{
		"Rpc": "hides errors and poisons the client", "RpcWithError": "has no context", "EnableTokenAutoRefresh": "never ends",
		"UpdateAuthSession": "races", "SetAuthToken": "changes a live client", "SetApiKey": "changes a live client",
		"UploadFile": "changes the client's headers", "UpdateFile": "changes the client's headers", "UploadOrUpdateFile": "changes the client's headers",
		"UploadToSignedUrl": "changes the client's headers", "DownloadFile": "reads the whole file into memory", "ListFiles": "has no context",
		"CreateSignedUrl": "has no context", "RemoveFile": "has no context", "Execute": "has no context", "ExecuteTo": "has no context",
		"ExecuteString": "has no context",
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		checked++
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if why, bad := forbidden[sel.Sel.Name]; bad {
				t.Errorf("%s: %s %s", fset.Position(sel.Pos()), sel.Sel.Name, why)
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "http" && sel.Sel.Name == "NewRequest" {
				t.Errorf("%s: a request without a context", fset.Position(sel.Pos()))
			}
			return true
		})
	}
	if checked < 20 {
		t.Errorf("only %d files were looked at", checked)
	}
}

// A project behind a path keeps it.
func TestProjectBelowAPath(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `[]`, "Content-Range", "*/0") })
	c := signedIn(t, f, func(o *Options) { o.URL = f.URL + "/supa/base/" })
	if _, err := c.Datasets(context.Background(), models.ListQuery{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.folder(context.Background(), "b", "d"); err != nil {
		t.Fatal(err)
	}
	_, _ = c.SignIn(context.Background(), "a", "b")
	_, _ = c.fetchRange(context.Background(), source{"b", "k"}, "")
	want := []string{"/supa/base/rest/v1/datasets", "/supa/base/storage/v1/object/list/b", "/supa/base/auth/v1/token", "/supa/base/storage/v1/object/authenticated/b/k"}
	r := f.requests()
	for i, w := range want {
		if i >= len(r) || r[i].path != w {
			t.Errorf("request %d: %+v, want %s", i, r, w)
		}
	}
}

// Two clients of one process do not meet in the libraries' shared transport.
func TestClientsAreApart(t *testing.T) {
	one := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `[]`, "Content-Range", "*/0") })
	two := newFake(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `[]`, "Content-Range", "*/0") })
	a, b := signedIn(t, one), signedIn(t, two, func(o *Options) { o.Key = "other-key" })
	for _, c := range []*Client{a, b, b} {
		if _, err := c.Datasets(context.Background(), models.ListQuery{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(one.requests()) != 1 || len(two.requests()) != 2 || two.requests()[0].header.Get("apikey") != "other-key" {
		t.Errorf("%d and %d requests", len(one.requests()), len(two.requests()))
	}
	// and the process's own http goes where it always went
	res, err := http.Get(one.URL) //nolint:noctx // on purpose
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if r := one.requests(); r[1].header.Get("apikey") != "" {
		t.Error("a foreign request got our key")
	}
}
