package screens

import (
	"context"

	"github.com/loratop/loratop/models"
)

// Without a function for windows: the stream reads the points themselves.

func (b *watchBackend) MetricsWindow(context.Context, string, int64, int64, int) (models.MetricsWindow, error) {
	return models.MetricsWindow{}, &models.Error{Code: models.CodeConfig, Server: "PGRST202", Msg: "no such function"}
}

func (b *watchBackend) MetricsBefore(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (m *metricServer) MetricsWindow(context.Context, string, int64, int64, int) (models.MetricsWindow, error) {
	return models.MetricsWindow{}, &models.Error{Code: models.CodeConfig, Server: "PGRST202", Msg: "no such function"}
}

func (m *metricServer) MetricsBefore(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}

func (f *fakeBackend) MetricsWindow(context.Context, string, int64, int64, int) (models.MetricsWindow, error) {
	return models.MetricsWindow{}, &models.Error{Code: models.CodeConfig, Server: "PGRST202", Msg: "no such function"}
}

func (f *fakeBackend) MetricsBefore(context.Context, string, models.MetricCursor) ([]models.MetricsPoint, error) {
	return nil, nil
}
