package screens

import (
	"context"
	"time"

	"github.com/loratop/loratop/models"
)

// Without a function for windows: the stream reads the points themselves.

func (b *fakeBackend) MetricsWindow(context.Context, string, int64, int64, int) (models.MetricsWindow, error) {
	return models.MetricsWindow{}, &models.Error{Code: models.CodeConfig, Server: "PGRST202", Msg: "no such function"}
}

func (b *fakeBackend) MetricsBefore(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (b *fakeBackend) MetricsBetween(context.Context, string, models.MetricCursor, time.Time) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (b *fakeBackend) MetricsCount(context.Context, string, time.Time, time.Time) (int64, error) {
	return 0, nil
}

func (f liveFunc) MetricsWindow(context.Context, string, int64, int64, int) (models.MetricsWindow, error) {
	return models.MetricsWindow{}, nil
}

func (f liveFunc) MetricsBefore(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (b *fakeBackend) MetricsIn(context.Context, string, int64, int64, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (f liveFunc) MetricsIn(context.Context, string, int64, int64, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (m *metricServer) MetricsIn(context.Context, string, int64, int64, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (f liveFunc) MetricsBetween(context.Context, string, models.MetricCursor, time.Time) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (f liveFunc) MetricsCount(context.Context, string, time.Time, time.Time) (int64, error) {
	return 0, nil
}
