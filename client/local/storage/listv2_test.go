package storage_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
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
	if p := s.listV2(alice, object{"limit": 5000}); len(p.Objects) != 5 {
		t.Errorf("a limit above the most: %+v", p)
	}
	for _, bad := range []object{{"limit": 0}, {"cursor": "???"}, {"cursor": b64("x:y")}, {"cursor": b64("l:a\nc:size")}, {"cursor": b64("l:a\na:never")},
		{"sortBy": object{"column": "size"}}, {"sortBy": object{"column": "name", "order": "sideways"}}} {
		s.refused(s.call(alice, "POST", "/object/list-v2/lora-datasets", bad), "400 InvalidRequest")
	}
}

// TestListV2Sorted: by name or time, up or down, in one piece or page by page.
func TestListV2Sorted(t *testing.T) {
	s := newStack(t)
	s.now = s.now.Add(-time.Hour)
	for _, key := range []string{"b/2.jsonl", "d.jsonl", "a.jsonl", "b/1.jsonl", "c.jsonl"} { // each a minute younger
		s.ok(s.call(alice, "POST", "/object/lora-datasets/"+alice+"/"+key, "{}", "Content-Type", jsonl))
		s.now = s.now.Add(time.Minute)
	}
	// Changed last: PostgreSQL itself notes when, by its own clock.
	s.ok(s.call(alice, "POST", "/object/lora-datasets/"+alice+"/d.jsonl", "{} ", "Content-Type", jsonl, "X-Upsert", "true"))
	for _, c := range []struct{ column, order, want string }{
		{"name", "asc", "A/a.jsonl A/b/ A/c.jsonl A/d.jsonl"},
		{"name", "desc", "A/d.jsonl A/c.jsonl A/b/ A/a.jsonl"},
		{"created_at", "", "A/b/ A/d.jsonl A/a.jsonl A/c.jsonl"},
		{"created_at", "desc", "A/c.jsonl A/a.jsonl A/d.jsonl A/b/"},
		{"updated_at", "asc", "A/b/ A/a.jsonl A/c.jsonl A/d.jsonl"},
		{"updated_at", "desc", "A/d.jsonl A/c.jsonl A/a.jsonl A/b/"},
	} {
		for _, limit := range []int{1, 3} {
			var all []string
			for cursor, more := "", true; more; {
				by := object{"column": c.column}
				if c.order != "" {
					by["order"] = c.order
				}
				p := s.listV2(alice, object{"prefix": alice + "/", "with_delimiter": true, "limit": limit, "cursor": cursor, "sortBy": by})
				if limit == 1 {
					all = append(all, p.names())
				} else { // folders and files are told apart within a page
					all = append(all, strings.Fields(p.names())...)
				}
				cursor, more = p.NextCursor, p.HasNext
			}
			got := strings.Join(all, " ")
			if limit > 1 {
				want := strings.Fields(c.want)
				slices.Sort(want)
				slices.Sort(all)
				if !slices.Equal(all, want) {
					t.Errorf("%s %s by %d: %v", c.column, c.order, limit, all)
				}
			} else if got != c.want {
				t.Errorf("%s %s: %s, want %s", c.column, c.order, got, c.want)
			}
		}
	}
}
