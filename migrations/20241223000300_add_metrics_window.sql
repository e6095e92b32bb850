-- A job's metrics as a picture needs them: so many buckets of steps, and of
-- each bucket and metric the first, least, greatest and last value. A job of a
-- million points is opened by reading some 100 kB. The client works without it.
-- +goose Up

-- The index in (job_id, step) that this reads through is of the first file.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION public.metrics_window(
  p_job_id uuid,
  p_from_step integer DEFAULT NULL,  -- NULL: the first there is
  p_to_step integer DEFAULT NULL,    -- inclusive; NULL: the last there is
  p_buckets integer DEFAULT 240      -- 1 to 2000
) RETURNS json
LANGUAGE sql STABLE SECURITY INVOKER
SET search_path = ''
SET jit = off                        -- compiling costs more than it saves here
AS $$
WITH
-- Whose it is: row level security binds the caller here as anywhere, but some
-- deployments have it off on metrics_points.
job AS (
  SELECT id FROM public.training_jobs WHERE id = p_job_id AND user_id = auth.uid()
),
ends AS (
  SELECT greatest(p_from_step::bigint, a.step) AS lo, least(p_to_step::bigint, z.step) AS hi
  FROM job,
    LATERAL (SELECT step FROM public.metrics_points WHERE job_id = job.id ORDER BY step LIMIT 1) a,
    LATERAL (SELECT step FROM public.metrics_points WHERE job_id = job.id ORDER BY step DESC LIMIT 1) z
),
span AS (
  SELECT lo, hi, greatest(1, ceil((hi - lo + 1)::numeric / greatest(1, least(2000, p_buckets))))::bigint AS width
  FROM ends WHERE lo <= hi
),
-- One pass over the rows, bucket by bucket. A numeric NaN counts as the
-- greatest number: it shows in the maximum, and where it does the bucket is
-- looked at again (odd).
bucket AS MATERIALIZED (
  SELECT b, lo + b * width AS s0, least(hi, lo + (b + 1) * width - 1) AS s1, a.*
  FROM span, generate_series(0, (hi - lo) / width) AS b, LATERAL (
    SELECT count(*) AS rows,
      min(training_loss) AS lo0, max(training_loss) AS hi0,
      count(validation_loss) AS n1, min(validation_loss) AS lo1, max(validation_loss) AS hi1,
      min(step) FILTER (WHERE validation_loss IS NOT NULL) AS v0,
      max(step) FILTER (WHERE validation_loss IS NOT NULL) AS v1,
      min(learning_rate) AS lo2, max(learning_rate) AS hi2,
      count(gradient_norm) AS n3, min(gradient_norm) AS lo3, max(gradient_norm) AS hi3,
      count(throughput) AS n4, min(throughput) AS lo4, max(throughput) AS hi4,
      count(gpu_utilization) AS n5, min(gpu_utilization) AS lo5, max(gpu_utilization) AS hi5
    FROM public.metrics_points p
    WHERE p.job_id = p_job_id AND p.step BETWEEN lo + b * width AND least(hi, lo + (b + 1) * width - 1)
  ) a
  WHERE a.rows > 0
),
-- A row a bucket and metric. Validation is sparse: its first and last step are
-- known already, so that they are found without searching the bucket.
cell AS (
  SELECT b, s0, c.* FROM bucket, LATERAL (VALUES
    (0, rows, lo0, hi0, s0, s1), (1, n1, lo1, hi1, v0::bigint, v1::bigint), (2, rows, lo2, hi2, s0, s1),
    (3, n3, lo3, hi3, s0, s1), (4, n4, lo4, hi4, s0, s1), (5, n5, lo5, hi5, s0, s1)
  ) AS c(m, n, low, high, f, t) WHERE c.n > 0
),
edged AS (
  SELECT cell.*, high IN ('NaN', 'Infinity') OR low IN ('NaN', '-Infinity') AS again, a.step - s0 AS step_a, a.v AS val_a, z.step - s0 AS step_z, z.v AS val_z
  FROM cell, LATERAL (
    SELECT p.step, x.v FROM public.metrics_points p, LATERAL (SELECT (CASE m WHEN 0 THEN training_loss
      WHEN 1 THEN validation_loss WHEN 2 THEN learning_rate WHEN 3 THEN gradient_norm WHEN 4 THEN throughput ELSE gpu_utilization END) AS v) x
    WHERE p.job_id = p_job_id AND p.step BETWEEN f AND t AND x.v IS NOT NULL
    ORDER BY p.step, p.timestamp, p.id LIMIT 1
  ) a, LATERAL (
    SELECT p.step, x.v FROM public.metrics_points p, LATERAL (SELECT (CASE m WHEN 0 THEN training_loss
      WHEN 1 THEN validation_loss WHEN 2 THEN learning_rate WHEN 3 THEN gradient_norm WHEN 4 THEN throughput ELSE gpu_utilization END) AS v) x
    WHERE p.job_id = p_job_id AND p.step BETWEEN f AND t AND x.v IS NOT NULL
    ORDER BY p.step DESC, p.timestamp DESC, p.id DESC LIMIT 1
  ) z
),
-- Values that are no number are counted, and left out of least and greatest.
exact AS (
  SELECT e.b, e.m, e.n, e.step_a, e.val_a, e.step_z, e.val_z, o.odd,
    CASE WHEN e.again THEN o.low ELSE e.low END AS low, CASE WHEN e.again THEN o.high ELSE e.high END AS high
  FROM edged e, LATERAL (
    SELECT count(*) FILTER (WHERE y.w IS NULL) AS odd, min(y.w) AS low, max(y.w) AS high
    FROM public.metrics_points p, LATERAL (SELECT (CASE e.m WHEN 0 THEN training_loss
      WHEN 1 THEN validation_loss WHEN 2 THEN learning_rate WHEN 3 THEN gradient_norm WHEN 4 THEN throughput ELSE gpu_utilization END) AS v) x,
      LATERAL (SELECT CASE WHEN x.v IN ('NaN', 'Infinity', '-Infinity') THEN NULL ELSE x.v END AS w) y
    WHERE e.again AND p.job_id = p_job_id AND p.step BETWEEN e.f AND e.t AND x.v IS NOT NULL
  ) o
),
metric AS (
  SELECT m, json_build_object(
    'b', json_agg(b ORDER BY b), 'n', json_agg(n ORDER BY b),
    'odd', CASE WHEN sum(odd) > 0 THEN json_agg(odd ORDER BY b) END,
    'first_step', json_agg(step_a ORDER BY b), 'first', json_agg(trim_scale(val_a) ORDER BY b),
    'min', json_agg(trim_scale(low) ORDER BY b), 'max', json_agg(trim_scale(high) ORDER BY b),
    'last_step', json_agg(step_z ORDER BY b), 'last', json_agg(trim_scale(val_z) ORDER BY b)) AS j
  FROM exact GROUP BY m
),
-- Where the other axes are: time (milliseconds since 1970) and epoch of the
-- first row of each bucket.
axis AS (
  SELECT json_build_object('b', json_agg(b ORDER BY b), 'n', json_agg(rows ORDER BY b),
    'time', json_agg((extract(epoch FROM r.timestamp) * 1000)::bigint ORDER BY b), 'epoch', json_agg(r.epoch ORDER BY b)) AS j,
    sum(rows) AS rows
  FROM bucket, LATERAL (
    SELECT p.timestamp, p.epoch FROM public.metrics_points p
    WHERE p.job_id = p_job_id AND p.step BETWEEN s0 AND s1 ORDER BY p.step, p.timestamp, p.id LIMIT 1
  ) r
)
-- The newest point of the same instant: reading on behind it leaves no hole.
SELECT json_build_object('job_id', job.id, 'from', span.lo, 'to', span.hi, 'width', span.width, 'rows', coalesce(axis.rows, 0),
  'newest_at', newest.timestamp, 'newest_id', newest.id, 'buckets', axis.j,
  'metrics', (SELECT json_object_agg((ARRAY['training_loss', 'validation_loss', 'learning_rate', 'gradient_norm', 'throughput', 'gpu_utilization'])[m + 1], j) FROM metric))
FROM job LEFT JOIN span ON true LEFT JOIN axis ON true LEFT JOIN LATERAL (
  SELECT timestamp, id FROM public.metrics_points WHERE job_id = job.id AND timestamp IS NOT NULL ORDER BY timestamp DESC, id DESC LIMIT 1
) newest ON true
$$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION public.metrics_window(uuid, integer, integer, integer) FROM PUBLIC, anon;
GRANT EXECUTE ON FUNCTION public.metrics_window(uuid, integer, integer, integer) TO authenticated;
