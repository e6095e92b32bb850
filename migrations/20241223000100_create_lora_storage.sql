-- What FR-1.1 leaves to the dashboard: the two private buckets and who may do
-- what in them. Buckets and policies that exist already are left as they are.
-- A database without Supabase Storage has neither: a notice says so.
-- +goose Up
-- +goose StatementBegin
DO $lora$
DECLARE
  -- A user's own folder is the first one of the path and bears the user's id.
  own CONSTANT text := 'bucket_id = %L AND (storage.foldername(name))[1] = (SELECT auth.uid())::text';
  datasets CONSTANT text := format(own, 'lora-datasets');
  models   CONSTANT text := format(own, 'lora-models');
  wanted record;
BEGIN
  IF to_regclass('storage.buckets') IS NULL OR to_regclass('storage.objects') IS NULL THEN
    RAISE NOTICE 'there is no storage schema here: the buckets lora-datasets and lora-models and their policies are not made';
    RETURN;
  END IF;

  INSERT INTO storage.buckets (id, name, public, file_size_limit, allowed_mime_types) VALUES
    ('lora-datasets', 'lora-datasets', FALSE, 500 * 1024 * 1024,
      ARRAY['application/json', 'application/x-jsonlines']),
    ('lora-models', 'lora-models', FALSE, 5::bigint * 1024 * 1024 * 1024,
      ARRAY['application/octet-stream', 'application/x-tar', 'application/json'])
  ON CONFLICT DO NOTHING;

  FOR wanted IN
    SELECT id FROM storage.buckets WHERE id IN ('lora-datasets', 'lora-models') AND public
  LOOP
    RAISE NOTICE 'the bucket % existed already and is public: anybody can read it', wanted.id;
  END LOOP;

  FOR wanted IN
    SELECT * FROM (VALUES
      ('Users can view own LoRA dataset files',   'SELECT', format('USING (%s)', datasets)),
      ('Users can upload own LoRA dataset files', 'INSERT', format('WITH CHECK (%s)', datasets)),
      ('Users can replace own LoRA dataset files', 'UPDATE', format('USING (%s) WITH CHECK (%s)', datasets, datasets)),
      ('Users can delete own LoRA dataset files', 'DELETE', format('USING (%s)', datasets)),
      ('Users can view own LoRA model files',     'SELECT', format('USING (%s)', models))
    ) AS policy (name, command, condition)
  LOOP
    IF NOT EXISTS (
      SELECT FROM pg_policies
      WHERE schemaname = 'storage' AND tablename = 'objects' AND policyname = wanted.name
    ) THEN
      EXECUTE format('CREATE POLICY %I ON storage.objects FOR %s TO authenticated %s',
        wanted.name, wanted.command, wanted.condition);
    END IF;
  END LOOP;
END
$lora$;
-- +goose StatementEnd
