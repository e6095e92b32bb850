package storage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

type v2Page struct {
	HasNext       bool
	NextCursor    string
	NextCursorKey string
	Folders       []struct{ Key, Name string }
	Objects       []struct{ Key, Name, ID string }
}

func (s *stack) listV2(who string, body object) v2Page {
	s.t.Helper()
	var p v2Page
	if err := json.Unmarshal(s.ok(s.call(who, "POST", "/object/list-v2/lora-datasets", body)).raw, &p); err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (p v2Page) names() string {
	var out []string
	for _, f := range p.Folders {
		out = append(out, f.Name)
	}
	for _, o := range p.Objects {
		out = append(out, o.Name)
	}
	return strings.ReplaceAll(strings.Join(out, " "), alice, "A")
}

func TestListV2(t *testing.T) {
	s := newStack(t)
	for _, key := range []string{"a.jsonl", "b/1.jsonl", "b/2.jsonl", "b-c.jsonl", "d.jsonl"} {
		s.ok(s.call(alice, "POST", "/object/lora-datasets/"+alice+"/"+key, "{}", "Content-Type", jsonl))
	}
	for _, c := range []struct {
		body object
		want string
	}{
		{object{"prefix": alice, "with_delimiter": true}, "A/"},
		{object{"prefix": alice + "/", "with_delimiter": true}, "A/b/ A/a.jsonl A/b-c.jsonl A/d.jsonl"},
		{object{"prefix": alice + "/b", "with_delimiter": true}, "A/b/ A/b-c.jsonl"},
		{object{"prefix": alice + "/b/"}, "A/b/1.jsonl A/b/2.jsonl"},
		{object{}, "A/a.jsonl A/b-c.jsonl A/b/1.jsonl A/b/2.jsonl A/d.jsonl"},
		{object{"prefix": "none"}, ""},
	} {
		if got := s.listV2(alice, c.body); got.names() != c.want || got.HasNext {
			t.Errorf("%v: %q, more: %v", c.body, got.names(), got.HasNext)
		}
	}
	if p := s.listV2(alice, object{"prefix": alice, "with_delimiter": true}); p.Folders[0].Key != alice {
		t.Errorf("key of a folder: %+v", p.Folders[0])
	}
	if p := s.listV2(bob, object{}); p.names() != "" {
		t.Errorf("bob sees %s", p.names())
	}
	var all []string
	for cursor, more := "", true; more; {
		p := s.listV2(alice, object{"prefix": alice + "/", "with_delimiter": true, "limit": 1, "cursor": cursor})
		all, cursor, more = append(all, p.names()), p.NextCursor, p.HasNext
	}
	if got := fmt.Sprint(all); got != "[A/a.jsonl A/b-c.jsonl A/b/ A/d.jsonl]" {
		t.Errorf("page by page: %s", got)
	}
	for _, bad := range []object{{"limit": 0}, {"limit": 1001}, {"cursor": "???"}, {"sortBy": object{"column": "size"}}} {
		s.refused(s.call(alice, "POST", "/object/list-v2/lora-datasets", bad), "400 InvalidRequest")
	}
}
