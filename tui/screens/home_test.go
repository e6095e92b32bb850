package screens

import (
	"testing"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
	"github.com/loratop/loratop/tui/theme"
)

func themesForTest() []theme.Theme {
	return []theme.Theme{theme.New("dark", true, false, false), theme.New("light", false, false, false)}
}

func homeBackend() *watchBackend {
	b := jobsBackend(runningJob(1))
	b.datasets = func(models.ListQuery) (models.Page[models.Dataset], error) {
		return models.Page[models.Dataset]{Items: []models.Dataset{{ID: "d-1", Name: "Support chats v4", Status: models.DatasetReady}}}, nil
	}
	b.inbox = func(q models.ListQuery) (models.Page[models.Notification], error) {
		if !q.Unread {
			return models.Page[models.Notification]{}, nil
		}
		n := int64(3)
		url := "/training/jobs/" + jobID(1)
		return models.Page[models.Notification]{Total: &n, Items: []models.Notification{
			{ID: "n-1", Title: "Training Started", Priority: models.PriorityMedium, ActionURL: &url},
		}}, nil
	}
	b.overview = func() (models.Overview, error) {
		return models.Overview{MonthSpend: models.Dollars(4250), Derived: true}, nil
	}
	return b
}

func TestHomeShowsAllPanels(t *testing.T) {
	o := options()
	o.Budget = models.Ptr(models.Dollars(5000))
	r := newRig(t, newHome(homeBackend(), o))
	r.w, r.h = 120, 30
	for _, want := range []string{
		"1 job running or waiting", "Support chats", "Support chats v4", "3 unread notifications", "Training Started",
		"$42.50", "March 2026", "derived", "85% of the budget of $50.00",
	} {
		r.see(want)
	}
}

func TestHomePanelsOpenTheirRows(t *testing.T) {
	r := newRig(t, newHome(homeBackend(), options()))
	r.w = 120
	r.see("Training Started")
	r.see("Support chats v4")
	r.see("1 job running") // each panel comes when it comes
	for _, want := range []string{"job/" + jobID(1), "dataset/d-1", "job/" + jobID(1), "costs"} {
		r.asked = nil
		r.press("enter")
		r.asks(screen.GoMsg{Link: want})
		r.press("tab")
	}
}

func TestHomeOfANewUser(t *testing.T) {
	r := newRig(t, newHome(jobsBackend(), options()))
	r.see("Welcome")
	r.see("Upload a dataset")
}

func TestOnePanelFailsAlone(t *testing.T) {
	b := homeBackend()
	b.datasets = func(models.ListQuery) (models.Page[models.Dataset], error) {
		return models.Page[models.Dataset]{}, &models.Error{Code: models.CodeServer, Msg: "datasets are ill"}
	}
	r := newRig(t, newHome(b, options()))
	r.see("datasets are ill")
	r.see("Training Started")
	r.see("Support chats")
}

func TestHomeWithoutRunningJobsShowsTheLatest(t *testing.T) {
	j := runningJob(1)
	j.Status = models.JobCompleted
	b := homeBackend()
	b.jobs = func(q models.ListQuery) (models.Page[models.Job], error) {
		if len(q.Status) > 0 {
			return models.Page[models.Job]{}, nil
		}
		return models.Page[models.Job]{Items: []models.Job{j}}, nil
	}
	r := newRig(t, newHome(b, options()))
	r.see("Latest jobs")
	r.see("completed")
}
