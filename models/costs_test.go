package models_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

func TestCostReport(t *testing.T) {
	now := time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC)
	amount := func(c int64) *models.Money { return models.Ptr(models.Dollars(c)) }
	day := func(s string) models.Time {
		v, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return models.At(v)
	}
	done := job(models.JobCompleted, now.Add(-time.Hour))
	done.ID, done.FinalCost, done.Dataset = "done", amount(500), &models.DatasetRef{Name: "support"}
	failed := job(models.JobFailed, now.Add(-2*time.Hour))
	failed.ID, failed.FinalCost, failed.CompletedAt = "failed", amount(250), models.At(now.Add(-time.Hour))
	r := models.BuildCostReport(models.CostData{
		Records: []models.CostRecord{
			{JobID: models.Ptr("done"), Type: models.CostTrainingCompute, Amount: amount(500), BillingPeriod: day("2026-02-10")},
			{JobID: models.Ptr("failed"), Type: models.CostStorage, Amount: amount(50), BillingPeriod: day("2026-01-31")},
			{Type: "abacus", Amount: amount(1), BillingPeriod: day("2026-01-31")},
			{Type: models.CostCompute, Amount: nil, BillingPeriod: day("2026-01-31")},
		},
		Jobs: []models.Job{done, failed},
	}, models.GPUs(), time.Time{}, now)
	if r.Total.String() != "8.01" || r.Recorded.String() != "5.51" || r.Derived.String() != "2.50" {
		t.Errorf("total %s recorded %s derived %s", r.Total, r.Recorded, r.Derived)
	}
	if len(r.ByMonth) != 2 || r.ByMonth[0].Key != "2026-02" || r.ByMonth[0].Total.String() != "7.50" || r.ByMonth[0].Derived.String() != "2.50" || r.ByMonth[1].Total.String() != "0.51" {
		t.Errorf("months %+v", r.ByMonth)
	}
	if r.ByJob[0].Label != "support" || r.ByType[0].Key != "training_compute" || r.ByType[0].Count != 2 {
		t.Errorf("jobs %+v types %+v", r.ByJob, r.ByType)
	}
	late := models.BuildCostReport(models.CostData{Records: []models.CostRecord{
		{Type: models.CostCompute, Amount: amount(100), BillingPeriod: day("2026-01-31")},
	}}, nil, day("2026-02-01").Time, now)
	if !late.Total.IsZero() || len(late.Lines) != 0 {
		t.Errorf("January counted in February: %+v", late)
	}
}

// Every grouping adds up to the same total, whatever the rows.
func TestCostReportAddsUp(t *testing.T) {
	now := time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var d models.CostData
		for range rapid.IntRange(0, 12).Draw(t, "records") {
			r := models.CostRecord{
				Type:          models.CostType(rapid.SampledFrom([]string{"compute", "storage", "training_compute", "?"}).Draw(t, "type")),
				Amount:        models.Ptr(models.Dollars(rapid.Int64Range(0, 1e6).Draw(t, "cents"))),
				BillingPeriod: models.At(now.AddDate(0, 0, -rapid.IntRange(0, 400).Draw(t, "days"))),
			}
			if rapid.Bool().Draw(t, "of a job") {
				r.JobID = models.Ptr(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "job"))
			}
			d.Records = append(d.Records, r)
		}
		for _, id := range []string{"a", "b", "c"} {
			j := job(rapid.SampledFrom([]models.JobStatus{models.JobRunning, models.JobFailed, models.JobCompleted}).Draw(t, "status"), now.Add(-time.Hour))
			j.ID = id
			d.Jobs = append(d.Jobs, j)
		}
		r := models.BuildCostReport(d, models.GPUs(), time.Time{}, now)
		for name, groups := range map[string][]models.CostGroup{"month": r.ByMonth, "type": r.ByType, "job": r.ByJob} {
			var total, derived models.Money
			for _, g := range groups {
				total, derived = total.Add(g.Total), derived.Add(g.Derived)
			}
			if total.Cmp(r.Total) != 0 || derived.Cmp(r.Derived) != 0 {
				t.Fatalf("by %s: %s and %s; want %s and %s", name, total, derived, r.Total, r.Derived)
			}
		}
		if r.Recorded.Add(r.Derived).Cmp(r.Total) != 0 {
			t.Fatalf("%s + %s is not %s", r.Recorded, r.Derived, r.Total)
		}
	})
}

func TestParseActionURL(t *testing.T) {
	const id = "d0000000-0000-4000-8000-000000000001"
	for in, want := range map[string]models.Target{
		"/datasets/" + id: {Kind: "dataset", ID: id}, "/training/jobs/" + id: {Kind: "job", ID: id},
		"/models/" + id: {Kind: "artifact", ID: id}, "https://app.example.com/models/" + id + "?x=1": {Kind: "artifact", ID: id},
		"/datasets/": {}, "/datasets/../" + id: {}, "/else/" + id: {}, "": {}, "%zz": {}, "/datasets/" + id + "/files": {},
	} {
		got, ok := models.ParseActionURL(in)
		if got != want || ok != (want != models.Target{}) {
			t.Errorf("%q = %+v, %v", in, got, ok)
		}
	}
}
