-- Indexes in the order in which the client pages and streams. The client works
-- without them.
-- +goose Up

-- New points of a job behind a cursor; (timestamp, id) is unique where (epoch, step) is not.
CREATE INDEX IF NOT EXISTS idx_metrics_points_stream ON metrics_points(job_id, timestamp, id);

-- Newest first, a page at a time, of one owner.
CREATE INDEX IF NOT EXISTS idx_datasets_list ON datasets(user_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS idx_training_jobs_list ON training_jobs(user_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS idx_model_artifacts_list ON model_artifacts(user_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS idx_notifications_list ON notifications(user_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS idx_cost_records_list ON cost_records(user_id, recorded_at DESC, id DESC);
