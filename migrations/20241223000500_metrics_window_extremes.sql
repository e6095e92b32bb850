-- metrics_window also says at which steps the least and greatest value of each
-- bucket are, and the first that is no number; and it costs no multiple any more
-- where values are no numbers. What it said before it says as before.
-- +goose Up

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
  SELECT greatest(p_from_step::bigint, a.step) AS lo, least(p_to_step::bigint, z.step) AS hi, greatest(1, least(2000, p_buckets)) AS n
  FROM job,
    LATERAL (SELECT step FROM public.metrics_points WHERE job_id = job.id ORDER BY step LIMIT 1) a,
    LATERAL (SELECT step FROM public.metrics_points WHERE job_id = job.id ORDER BY step DESC LIMIT 1) z
),
-- Buckets are looked at in some parts each, so that what is looked for in a
-- bucket later is looked for in one part of it only.
span AS (
  SELECT lo, hi, width, greatest(1, ceil(width::numeric / greatest(1, least(16, 6400 / n))))::bigint AS part
  FROM ends, LATERAL (SELECT greatest(1, ceil((hi - lo + 1)::numeric / n))::bigint AS width) w WHERE lo <= hi
),
-- One pass over the rows, part by part. A numeric NaN counts as the greatest
-- number: where the maximum is one, the part is looked at again.
part AS MATERIALIZED (
  SELECT b, s0, s1, a.*,
    coalesce(hi0 IN ('NaN', 'Infinity') OR lo0 = '-Infinity', false) AS x0,
    coalesce(hi1 IN ('NaN', 'Infinity') OR lo1 = '-Infinity', false) AS x1,
    coalesce(hi2 IN ('NaN', 'Infinity') OR lo2 = '-Infinity', false) AS x2,
    coalesce(hi3 IN ('NaN', 'Infinity') OR lo3 = '-Infinity', false) AS x3,
    coalesce(hi4 IN ('NaN', 'Infinity') OR lo4 = '-Infinity', false) AS x4,
    coalesce(hi5 IN ('NaN', 'Infinity') OR lo5 = '-Infinity', false) AS x5
  FROM span, generate_series(0, (hi - lo) / width) AS b, generate_series(0, (width - 1) / part) AS c,
  LATERAL (SELECT lo + b * width + c * part AS s0, least(hi, lo + (b + 1) * width - 1, lo + b * width + (c + 1) * part - 1) AS s1) s,
  LATERAL (
    SELECT count(*) AS rows,
      min(training_loss) AS lo0, max(training_loss) AS hi0,
      count(validation_loss) AS n1, min(validation_loss) AS lo1, max(validation_loss) AS hi1,
      min(learning_rate) AS lo2, max(learning_rate) AS hi2,
      count(gradient_norm) AS n3, min(gradient_norm) AS lo3, max(gradient_norm) AS hi3,
      count(throughput) AS n4, min(throughput) AS lo4, max(throughput) AS hi4,
      count(gpu_utilization) AS n5, min(gpu_utilization) AS lo5, max(gpu_utilization) AS hi5
    FROM public.metrics_points p WHERE p.job_id = p_job_id AND p.step BETWEEN s0 AND s1
  ) a
  WHERE a.rows > 0
),
-- A row a part and metric, in which values that are no number are counted apart.
finite AS (
  SELECT b, s0, s1, v.* FROM part, LATERAL (
    SELECT
      count(*) FILTER (WHERE x0 AND training_loss > '-Infinity' AND training_loss < 'Infinity') AS c0,
      min(training_loss) FILTER (WHERE x0 AND training_loss > '-Infinity') AS l0, max(training_loss) FILTER (WHERE x0 AND training_loss < 'Infinity') AS h0,
      count(*) FILTER (WHERE x1 AND validation_loss > '-Infinity' AND validation_loss < 'Infinity') AS c1,
      min(validation_loss) FILTER (WHERE x1 AND validation_loss > '-Infinity') AS l1, max(validation_loss) FILTER (WHERE x1 AND validation_loss < 'Infinity') AS h1,
      count(*) FILTER (WHERE x2 AND learning_rate > '-Infinity' AND learning_rate < 'Infinity') AS c2,
      min(learning_rate) FILTER (WHERE x2 AND learning_rate > '-Infinity') AS l2, max(learning_rate) FILTER (WHERE x2 AND learning_rate < 'Infinity') AS h2,
      count(*) FILTER (WHERE x3 AND gradient_norm > '-Infinity' AND gradient_norm < 'Infinity') AS c3,
      min(gradient_norm) FILTER (WHERE x3 AND gradient_norm > '-Infinity') AS l3, max(gradient_norm) FILTER (WHERE x3 AND gradient_norm < 'Infinity') AS h3,
      count(*) FILTER (WHERE x4 AND throughput > '-Infinity' AND throughput < 'Infinity') AS c4,
      min(throughput) FILTER (WHERE x4 AND throughput > '-Infinity') AS l4, max(throughput) FILTER (WHERE x4 AND throughput < 'Infinity') AS h4,
      count(*) FILTER (WHERE x5 AND gpu_utilization > '-Infinity' AND gpu_utilization < 'Infinity') AS c5,
      min(gpu_utilization) FILTER (WHERE x5 AND gpu_utilization > '-Infinity') AS l5, max(gpu_utilization) FILTER (WHERE x5 AND gpu_utilization < 'Infinity') AS h5
    FROM public.metrics_points p WHERE (x0 OR x1 OR x2 OR x3 OR x4 OR x5) AND p.job_id = p_job_id AND p.step BETWEEN s0 AND s1
  ) r, LATERAL (VALUES
    (0, rows, CASE WHEN x0 THEN rows - c0 ELSE 0 END, CASE WHEN x0 THEN CASE WHEN c0 > 0 THEN l0 END ELSE lo0 END, CASE WHEN x0 THEN CASE WHEN c0 > 0 THEN h0 END ELSE hi0 END),
    (1, n1, CASE WHEN x1 THEN n1 - c1 ELSE 0 END, CASE WHEN x1 THEN CASE WHEN c1 > 0 THEN l1 END ELSE lo1 END, CASE WHEN x1 THEN CASE WHEN c1 > 0 THEN h1 END ELSE hi1 END),
    (2, rows, CASE WHEN x2 THEN rows - c2 ELSE 0 END, CASE WHEN x2 THEN CASE WHEN c2 > 0 THEN l2 END ELSE lo2 END, CASE WHEN x2 THEN CASE WHEN c2 > 0 THEN h2 END ELSE hi2 END),
    (3, n3, CASE WHEN x3 THEN n3 - c3 ELSE 0 END, CASE WHEN x3 THEN CASE WHEN c3 > 0 THEN l3 END ELSE lo3 END, CASE WHEN x3 THEN CASE WHEN c3 > 0 THEN h3 END ELSE hi3 END),
    (4, n4, CASE WHEN x4 THEN n4 - c4 ELSE 0 END, CASE WHEN x4 THEN CASE WHEN c4 > 0 THEN l4 END ELSE lo4 END, CASE WHEN x4 THEN CASE WHEN c4 > 0 THEN h4 END ELSE hi4 END),
    (5, n5, CASE WHEN x5 THEN n5 - c5 ELSE 0 END, CASE WHEN x5 THEN CASE WHEN c5 > 0 THEN l5 END ELSE lo5 END, CASE WHEN x5 THEN CASE WHEN c5 > 0 THEN h5 END ELSE hi5 END)
  ) AS v(m, n, odd, low, high) WHERE v.n > 0
),
-- A row a bucket and metric, and in which of its parts things are.
cell AS (
  SELECT b, m, sum(n) AS n, sum(odd) AS odd, min(ARRAY[s0, s1]) AS f, max(ARRAY[s0, s1]) AS t,
    min(ARRAY[low, s0, s1]) FILTER (WHERE low IS NOT NULL) AS least, max(ARRAY[high, -s0, s1]) FILTER (WHERE high IS NOT NULL) AS most,
    min(ARRAY[s0, s1]) FILTER (WHERE odd > 0) AS strange
  FROM finite GROUP BY b, m
),
exact AS (
  SELECT cell.*, lo + b * width AS s0, a.step AS step_a, a.v AS val_a, z.step AS step_z, z.v AS val_z, l.step AS step_l, h.step AS step_h, o.step AS step_o
  FROM span, cell, LATERAL (
    SELECT p.step, x.v FROM public.metrics_points p, LATERAL (SELECT (CASE m WHEN 0 THEN training_loss
      WHEN 1 THEN validation_loss WHEN 2 THEN learning_rate WHEN 3 THEN gradient_norm WHEN 4 THEN throughput ELSE gpu_utilization END) AS v) x
    WHERE p.job_id = p_job_id AND p.step BETWEEN f[1] AND f[2] AND x.v IS NOT NULL
    ORDER BY p.step, p.timestamp, p.id LIMIT 1
  ) a, LATERAL (
    SELECT p.step, x.v FROM public.metrics_points p, LATERAL (SELECT (CASE m WHEN 0 THEN training_loss
      WHEN 1 THEN validation_loss WHEN 2 THEN learning_rate WHEN 3 THEN gradient_norm WHEN 4 THEN throughput ELSE gpu_utilization END) AS v) x
    WHERE p.job_id = p_job_id AND p.step BETWEEN t[1] AND t[2] AND x.v IS NOT NULL
    ORDER BY p.step DESC, p.timestamp DESC, p.id DESC LIMIT 1
  ) z LEFT JOIN LATERAL (
    SELECT p.step FROM public.metrics_points p
    WHERE p.job_id = p_job_id AND p.step BETWEEN least[2]::bigint AND least[3]::bigint AND least[1] = (CASE m WHEN 0 THEN training_loss
      WHEN 1 THEN validation_loss WHEN 2 THEN learning_rate WHEN 3 THEN gradient_norm WHEN 4 THEN throughput ELSE gpu_utilization END)
    ORDER BY p.step LIMIT 1
  ) l ON true LEFT JOIN LATERAL (
    SELECT p.step FROM public.metrics_points p
    WHERE p.job_id = p_job_id AND p.step BETWEEN -most[2]::bigint AND most[3]::bigint AND most[1] = (CASE m WHEN 0 THEN training_loss
      WHEN 1 THEN validation_loss WHEN 2 THEN learning_rate WHEN 3 THEN gradient_norm WHEN 4 THEN throughput ELSE gpu_utilization END)
    ORDER BY p.step LIMIT 1
  ) h ON true LEFT JOIN LATERAL (
    SELECT p.step FROM public.metrics_points p
    WHERE p.job_id = p_job_id AND p.step BETWEEN strange[1] AND strange[2] AND (CASE m WHEN 0 THEN training_loss
      WHEN 1 THEN validation_loss WHEN 2 THEN learning_rate WHEN 3 THEN gradient_norm WHEN 4 THEN throughput ELSE gpu_utilization END) IN ('NaN', 'Infinity', '-Infinity')
    ORDER BY p.step LIMIT 1
  ) o ON true
),
metric AS (
  SELECT m, json_build_object(
    'b', json_agg(b ORDER BY b), 'n', json_agg(n ORDER BY b),
    'odd', CASE WHEN sum(odd) > 0 THEN json_agg(odd ORDER BY b) END, 'odd_step', CASE WHEN sum(odd) > 0 THEN json_agg(step_o - s0 ORDER BY b) END,
    'first_step', json_agg(step_a - s0 ORDER BY b), 'first', json_agg(trim_scale(val_a) ORDER BY b),
    'min_step', json_agg(step_l - s0 ORDER BY b), 'min', json_agg(trim_scale(least[1]) ORDER BY b),
    'max_step', json_agg(step_h - s0 ORDER BY b), 'max', json_agg(trim_scale(most[1]) ORDER BY b),
    'last_step', json_agg(step_z - s0 ORDER BY b), 'last', json_agg(trim_scale(val_z) ORDER BY b)) AS j
  FROM exact GROUP BY m
),
-- Where the other axes are: time (milliseconds since 1970) and epoch of the
-- first row of each bucket.
axis AS (
  SELECT json_build_object('b', json_agg(b ORDER BY b), 'n', json_agg(rows ORDER BY b),
    'time', json_agg((extract(epoch FROM r.timestamp) * 1000)::bigint ORDER BY b), 'epoch', json_agg(r.epoch ORDER BY b)) AS j,
    sum(rows) AS rows
  FROM (SELECT b, sum(rows) AS rows, min(ARRAY[s0, s1]) AS f FROM part GROUP BY b) bucket, LATERAL (
    SELECT p.timestamp, p.epoch FROM public.metrics_points p
    WHERE p.job_id = p_job_id AND p.step BETWEEN f[1] AND f[2] ORDER BY p.step, p.timestamp, p.id LIMIT 1
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
