package storage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/client/local/wiretest"
)

func TestMain(m *testing.M) { wiretest.Main(m) }

// far is a project in another process or at another place. The tests name
// users and buckets as they do here; on the way there and back these are its own.
type far struct {
	wiretest.Project
	tokens  map[string]string
	out, in *strings.Replacer
}

func (f *far) there(text string) string {
	if f == nil {
		return text
	}
	return f.out.Replace(text)
}

// path is there's of a path, which may end with a name.
func (f *far) path(p string) string {
	base, query, _ := strings.Cut(p, "?")
	base = strings.TrimSuffix(f.there(base+"/"), "/")
	if query == "" {
		return base
	}
	return base + "?" + query
}

func (f *far) back(text string) string {
	if f == nil {
		return text
	}
	return f.in.Replace(text)
}

// as is who asks there. The buckets of these tests have no policies there, and
// only the service key can make buckets: what Alice does in them here, it does.
func (f *far) as(who, path, body string) string {
	own := strings.HasPrefix(path, "/upload/") || strings.HasPrefix(path, "/object") &&
		(strings.Contains(path, "/box") || strings.Contains(path, "/open") || strings.Contains(body, `"box"`))
	switch {
	case who == "":
		return ""
	case who == "anon":
		return "Bearer " + f.Key
	case who == "service_role", who == alice && own:
		return "Bearer " + f.ServiceKey
	}
	return "Bearer " + f.tokens[who]
}

// openFar signs both accounts in.
func openFar(t *testing.T) *far {
	t.Helper()
	f := &far{Project: wiretest.Open(t), tokens: map[string]string{}}
	if f.ServiceKey == "" {
		t.Skip("needs the service key: the tables have buckets of their own")
	}
	var ids []string
	for n, who := range []string{alice, bob} {
		id, tok := f.SignIn(t, n)
		f.tokens[who], ids = tok, append(ids, who, id)
	}
	word := wiretest.Word()
	names := []string{"box", "proof-box-" + word, "open", "proof-open-" + word, "second", "proof-second-" + word}
	out, in := append([]string{}, ids...), []string{}
	for i := 0; i < len(names); i += 2 {
		// A name is a part of a path, or a JSON text, or in the metadata of an upload.
		here, there := names[i], names[i+1]
		out = append(out, "/"+here+"/", "/"+there+"/", `"`+here+`"`, `"`+there+`"`, "bucketName "+b64(here), "bucketName "+b64(there))
		in = append(in, there, here)
	}
	for i := 0; i < len(ids); i += 2 {
		in = append(in, ids[i+1], ids[i])
	}
	f.out, f.in = strings.NewReplacer(out...), strings.NewReplacer(in...)
	return f
}

// stack is one over the project, with the buckets of these tests, empty.
func (f *far) stack(t *testing.T) *stack {
	t.Helper()
	s := &stack{t: t, url: f.URL, now: time.Now(), far: f}
	s.ok(s.call("service_role", "POST", "/bucket", object{"id": "box", "name": "box", "file_size_limit": 1000, "allowed_mime_types": []string{"text/*", "application/json"}}))
	s.ok(s.call("service_role", "POST", "/bucket", object{"id": "open", "name": "open", "public": true}))
	t.Cleanup(func() {
		for _, b := range []string{"box", "open", "second"} {
			s.call("service_role", "POST", "/bucket/"+b+"/empty", nil) // one may be there or not
			s.call("service_role", "DELETE", "/bucket/"+b, nil, "Content-Type", "")
		}
		s.call("service_role", "DELETE", "/object/lora-datasets/"+alice+"/mine", nil, "Content-Type", "")
	})
	return s
}

// TestFactsOnTheWire goes through the measured tables over HTTP, with a stack of
// ours in another process or with the real project that is named.
func TestFactsOnTheWire(t *testing.T) {
	f := openFar(t)
	for _, c := range []struct {
		name string
		run  func(*testing.T, *stack)
	}{
		{"errors", factsOfErrors}, {"answers", factsOfAnswers}, {"up and down", uploadAndDownload}, {"ranges", ranges},
		{"resumable", resumableUpload}, {"resumable refusals", resumableRefusals}, {"resumable upsert", resumableUpsert}, {"resumable forms", resumableForms},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, f.stack(t)) })
	}
}
