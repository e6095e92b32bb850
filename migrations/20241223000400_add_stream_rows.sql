-- What a client reads every second, in few bytes: a point and the columns of a
-- job that move, each as one computed field. PostgREST selects them like
-- columns, with the filters and the order of the table. The client works
-- without them.
-- +goose Up

-- id (base64), timestamp (microseconds since 1970), epoch, step, training_loss,
-- validation_loss, learning_rate, gradient_norm, throughput, gpu_utilization;
-- nothing stands for null, and commas at the end are left out. Without a search
-- path of its own, so that PostgreSQL folds it into the query.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION public.loratop_point(p public.metrics_points) RETURNS text
LANGUAGE sql STABLE SECURITY INVOKER
AS $$
SELECT rtrim(concat(rtrim(encode(uuid_send(p.id), 'base64'), '='), ',',
  CASE WHEN isfinite(p.timestamp) THEN (extract(epoch FROM p.timestamp) * 1000000)::bigint END, ',', p.epoch, ',', p.step, ',',
  trim_scale(p.training_loss), ',', trim_scale(p.validation_loss), ',', trim_scale(p.learning_rate), ',',
  trim_scale(p.gradient_norm), ',', trim_scale(p.throughput), ',', trim_scale(p.gpu_utilization)), ',')
$$;
-- +goose StatementEnd

-- [id (base64), status, current_stage, progress, current_epoch, current_step, current_cost, updated_at (microseconds since 1970)]
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION public.loratop_job(j public.training_jobs) RETURNS json
LANGUAGE sql STABLE SECURITY INVOKER
AS $$
SELECT json_build_array(rtrim(encode(uuid_send(j.id), 'base64'), '='), j.status, j.current_stage, trim_scale(j.progress), j.current_epoch, j.current_step,
  trim_scale(j.current_cost), CASE WHEN isfinite(j.updated_at) THEN (extract(epoch FROM j.updated_at) * 1000000)::bigint END)
$$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION public.loratop_point(public.metrics_points), public.loratop_job(public.training_jobs) FROM PUBLIC, anon;
GRANT EXECUTE ON FUNCTION public.loratop_point(public.metrics_points), public.loratop_job(public.training_jobs) TO authenticated;
