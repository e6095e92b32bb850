package screens

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// shelf is a backend of n datasets that pages by their number.
type shelf struct {
	mu   sync.Mutex
	n    int
	fail error
	asks []models.ListQuery
}

func (s *shelf) page(q models.ListQuery) (models.Page[models.Dataset], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asks = append(s.asks, q)
	if s.fail != nil {
		return models.Page[models.Dataset]{}, s.fail
	}
	from := 0
	if q.After != "" {
		_, _ = fmt.Sscan(string(q.After), &from)
	}
	p := models.Page[models.Dataset]{Total: models.Ptr(int64(s.n))}
	for i := from; i < min(s.n, from+q.Limit); i++ {
		d := readyDataset(fmt.Sprintf("id%03d", i), fmt.Sprintf("set %03d %s", i, q.Search), 1000, 200000)
		d.CreatedAt = models.At(clock().Add(-time.Duration(i) * time.Hour))
		if len(q.Status) > 0 {
			d.Status = models.DatasetStatus(q.Status[0])
		}
		p.Items = append(p.Items, d)
	}
	if from+q.Limit < s.n {
		p.Next = models.Cursor(fmt.Sprint(from + q.Limit))
	}
	return p, nil
}

func (s *shelf) last() models.ListQuery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asks[len(s.asks)-1]
}

func TestDatasetsPageToTheEndWithoutGaps(t *testing.T) {
	sh := &shelf{n: 180}
	r := newRig(t, newDatasets(&fakeBackend{datasets: sh.page}, Options{}))
	r.see("50 of 180 datasets")
	d := r.s.(*datasets)
	r.until("all pages", func() bool {
		if len(d.list.items) < 180 && !d.list.paging {
			r.press("end")
		}
		return len(d.list.items) == 180
	})
	seen := map[string]bool{}
	for _, it := range d.list.items {
		if seen[it.ID] {
			t.Fatalf("%s twice", it.ID)
		}
		seen[it.ID] = true
	}
	r.press("end")
	r.see("set 179")
	if why := r.action("datasets.more").Why(); why == "" {
		t.Fatal("more is still offered")
	}
	// A refresh renews the head and keeps what was paged in.
	r.press("r")
	r.until("refresh", func() bool { return sh.last().Count && sh.last().Limit == 180 })
	if len(d.list.items) != 180 {
		t.Fatalf("refresh left %d rows", len(d.list.items))
	}
}

func TestListRefreshKeepsTheTailBehindTheHead(t *testing.T) {
	l := &listing[string]{id: func(s string) string { return s }}
	l.settled = true
	l.items, l.next = []string{"a", "b", "c", "d", "e"}, "after e"
	l.absorb(models.Page[string]{Items: []string{"new", "a", "b"}, Next: "after b"})
	if got := strings.Join(l.items, ""); got != "newabcde" || l.next != "after e" {
		t.Fatalf("%q next %q", got, l.next)
	}
	l.absorb(models.Page[string]{Items: []string{"x", "y", "z"}, Next: "after z"}) // nothing of it is known
	if got := strings.Join(l.items, ""); got != "xyz" || l.next != "after z" {
		t.Fatalf("%q next %q", got, l.next)
	}
	l.absorb(models.Page[string]{Items: []string{"x"}, Next: ""}) // the rest was deleted
	if got := strings.Join(l.items, ""); got != "x" || l.next != "" {
		t.Fatalf("%q next %q", got, l.next)
	}
}

func TestDatasetsFilterSortSearchOnTheServer(t *testing.T) {
	sh := &shelf{n: 3}
	r := newRig(t, newDatasets(&fakeBackend{datasets: sh.page}, Options{}))
	r.see("3 datasets")
	r.run(r.s.(screen.Filterer).Filter("cat"))
	r.see("set 001 cat")
	r.press("f")
	r.see("ready only")
	r.until("ready", func() bool { q := sh.last(); return len(q.Status) == 1 && q.Status[0] == "ready" && q.Search == "cat" })
	r.press("s")
	r.until("name", func() bool { q := sh.last(); return q.Sort == "name" && q.Asc })
	r.press("S")
	r.until("name down", func() bool { q := sh.last(); return q.Sort == "name" && !q.Asc })
	r.press("t")
	r.until("trash", func() bool { return sh.last().Deleted })
	r.see("trash")
	r.press("enter")
	r.asks(screen.GoMsg{Link: "dataset/id000"})
}

func TestDatasetsKeepOldRowsOnErrors(t *testing.T) {
	sh := &shelf{n: 3}
	r := newRig(t, newDatasets(&fakeBackend{datasets: sh.page}, Options{}))
	r.see("set 002")
	sh.mu.Lock()
	sh.fail = &models.Error{Code: models.CodeNetwork, Op: "list datasets", Msg: "no route", Hint: "Check the network."}
	sh.mu.Unlock()
	r.press("r")
	r.see("no route")
	r.see("set 002")
	if st := r.s.(screen.Feeder).FeedState(); st.Health != screen.HealthOffline {
		t.Fatalf("health %v", st.Health)
	}
	sh.mu.Lock()
	sh.fail = nil
	sh.mu.Unlock()
	r.press("r")
	r.until("healed", func() bool { return !strings.Contains(r.text(), "no route") })
}

func TestDatasetsFirstReadFails(t *testing.T) {
	sh := &shelf{fail: &models.Error{Code: models.CodeServer, Msg: "the server answered 502", Hint: "Try later."}}
	r := newRig(t, newDatasets(&fakeBackend{datasets: sh.page}, Options{}))
	r.see("the server answered 502")
	r.see("Try later.")
}

func TestDatasetsTellStuckRows(t *testing.T) {
	b := &fakeBackend{datasets: func(models.ListQuery) (models.Page[models.Dataset], error) {
		d := models.Dataset{ID: "d1", Name: "slow", Status: models.DatasetValidating, CreatedAt: models.At(clock().Add(-3 * time.Hour)), UpdatedAt: models.At(clock().Add(-2 * time.Hour))}
		return models.Page[models.Dataset]{Items: []models.Dataset{d}}, nil
	}}
	r := newRig(t, newDatasets(b, Options{}))
	r.see("stuck")
	r.see("validating for long (2h 00m)")
	if why := r.action("datasets.launch").Why(); why == "" {
		t.Fatal("a dataset that is not ready can be launched")
	}
}

func TestAnswerToAnOlderQueryIsDropped(t *testing.T) {
	first, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	b := &fakeBackend{datasets: func(q models.ListQuery) (models.Page[models.Dataset], error) {
		if q.Search == "" {
			once.Do(func() { close(first) })
			<-release
			return models.Page[models.Dataset]{Items: []models.Dataset{readyDataset("old", "old answer", 1, 1)}}, nil
		}
		return models.Page[models.Dataset]{Items: []models.Dataset{readyDataset("new", "new answer", 1, 1)}}, nil
	}}
	r := newRig(t, newDatasets(b, Options{}))
	for asked := false; !asked; {
		select {
		case m := <-r.in:
			r.take(m)
		case <-first:
			asked = true
		case <-time.After(time.Minute):
			t.Fatal("nothing was read")
		}
	}
	r.run(r.s.(screen.Filterer).Filter("new"))
	close(release)
	r.see("new answer")
	r.never("old answer")
}

func TestInboxMarksAndOpens(t *testing.T) {
	const job = "1a2b3c4d-0000-4000-8000-000000000001"
	var mu sync.Mutex
	read := map[string]bool{}
	var refuse error
	b := &fakeBackend{
		inbox: func(q models.ListQuery) (models.Page[models.Notification], error) {
			mu.Lock()
			defer mu.Unlock()
			all := []models.Notification{
				{ID: "n1", Title: "Training Complete", Message: "Cost: $NaN\x1b[2J", Priority: "high", Type: "job_completed", ActionURL: models.Ptr("/training/jobs/" + job), Read: read["n1"]},
				{ID: "n2", Title: "Hello", Message: "nothing to open", Priority: "low", Type: "system", Read: read["n2"]},
			}
			return models.Page[models.Notification]{Items: all}, nil
		},
		mark: func(ids []string) error {
			mu.Lock()
			defer mu.Unlock()
			if refuse != nil {
				return refuse
			}
			for _, id := range ids {
				read[id] = true
			}
			return nil
		},
		markAll: func() (int, error) { return 0, &models.Error{Code: models.CodeNoRows, Msg: "no row changed"} },
	}
	r := newRig(t, newInbox(b, Options{}))
	r.see("2 unread here")
	refuse = &models.Error{Code: models.CodeNoRows, Msg: "no row changed"}
	r.press("m")
	r.toast("policies do not let you change")
	r.see("2 unread here")
	r.run(r.action("inbox.all").Do())
	r.until("asked all", func() bool { return !r.s.(*inbox).marking })
	r.see("2 unread here")
	mu.Lock()
	refuse = nil
	mu.Unlock()
	r.press("enter")
	r.asks(screen.GoMsg{Link: "job/" + job})
	r.asks(screen.ChangedMsg{What: "inbox"})
	r.see("1 unread here")
	r.press("down")
	if why := r.action("inbox.open").Why(); why == "" {
		t.Fatal("a notification without a target can be opened")
	}
}
