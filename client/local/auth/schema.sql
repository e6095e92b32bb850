-- What Supabase Auth owns of its schema, in the columns that matter here.
-- Safe to run again, and on a database that has only a bare auth.users.

CREATE SCHEMA IF NOT EXISTS auth;

DO $$
DECLARE
  wanted CONSTANT jsonb := '{
    "aal_level":             ["aal1", "aal2", "aal3"],
    "factor_type":           ["totp", "webauthn", "phone"],
    "factor_status":         ["unverified", "verified"],
    "code_challenge_method": ["s256", "plain"],
    "one_time_token_type":   ["confirmation_token", "reauthentication_token", "recovery_token",
                              "email_change_token_new", "email_change_token_current", "phone_change_token"]}';
  kind text;
BEGIN
  FOR kind IN SELECT jsonb_object_keys(wanted) LOOP
    IF to_regtype('auth.' || kind) IS NULL THEN
      EXECUTE format('CREATE TYPE auth.%I AS ENUM (%s)', kind,
        (SELECT string_agg(quote_literal(v), ', ' ORDER BY n)
           FROM jsonb_array_elements_text(wanted -> kind) WITH ORDINALITY AS e(v, n)));
    END IF;
  END LOOP;
END $$;

CREATE TABLE IF NOT EXISTS auth.users (
  id uuid PRIMARY KEY
);
ALTER TABLE auth.users
  ADD COLUMN IF NOT EXISTS instance_id                uuid,
  ADD COLUMN IF NOT EXISTS aud                        varchar(255) DEFAULT 'authenticated',
  ADD COLUMN IF NOT EXISTS role                       varchar(255) DEFAULT 'authenticated',
  ADD COLUMN IF NOT EXISTS email                      varchar(255),
  ADD COLUMN IF NOT EXISTS encrypted_password         varchar(255),
  ADD COLUMN IF NOT EXISTS email_confirmed_at         timestamptz,
  ADD COLUMN IF NOT EXISTS invited_at                 timestamptz,
  ADD COLUMN IF NOT EXISTS confirmation_token         varchar(255) DEFAULT '',
  ADD COLUMN IF NOT EXISTS confirmation_sent_at       timestamptz,
  ADD COLUMN IF NOT EXISTS recovery_token             varchar(255) DEFAULT '',
  ADD COLUMN IF NOT EXISTS recovery_sent_at           timestamptz,
  ADD COLUMN IF NOT EXISTS email_change               varchar(255) DEFAULT '',
  ADD COLUMN IF NOT EXISTS email_change_token_new     varchar(255) DEFAULT '',
  ADD COLUMN IF NOT EXISTS email_change_sent_at       timestamptz,
  ADD COLUMN IF NOT EXISTS last_sign_in_at            timestamptz,
  ADD COLUMN IF NOT EXISTS raw_app_meta_data          jsonb DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS raw_user_meta_data         jsonb DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS is_super_admin             boolean,
  ADD COLUMN IF NOT EXISTS created_at                 timestamptz DEFAULT now(),
  ADD COLUMN IF NOT EXISTS updated_at                 timestamptz DEFAULT now(),
  ADD COLUMN IF NOT EXISTS phone                      text UNIQUE,
  ADD COLUMN IF NOT EXISTS phone_confirmed_at         timestamptz,
  ADD COLUMN IF NOT EXISTS banned_until               timestamptz,
  ADD COLUMN IF NOT EXISTS is_sso_user                boolean NOT NULL DEFAULT false,
  ADD COLUMN IF NOT EXISTS deleted_at                 timestamptz,
  ADD COLUMN IF NOT EXISTS is_anonymous               boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX IF NOT EXISTS users_email_partial_key ON auth.users (email) WHERE is_sso_user = false;

CREATE TABLE IF NOT EXISTS auth.identities (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  provider_id     text NOT NULL,
  user_id         uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  identity_data   jsonb NOT NULL,
  provider        text NOT NULL,
  last_sign_in_at timestamptz,
  created_at      timestamptz,
  updated_at      timestamptz,
  email           text GENERATED ALWAYS AS (lower(identity_data ->> 'email')) STORED,
  CONSTRAINT identities_provider_id_provider_unique UNIQUE (provider_id, provider)
);
CREATE INDEX IF NOT EXISTS identities_user_id_idx ON auth.identities (user_id);

CREATE TABLE IF NOT EXISTS auth.mfa_factors (
  id                 uuid PRIMARY KEY,
  user_id            uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  friendly_name      text,
  factor_type        auth.factor_type NOT NULL,
  status             auth.factor_status NOT NULL,
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz NOT NULL,
  secret             text,
  phone              text,
  last_challenged_at timestamptz
);
CREATE UNIQUE INDEX IF NOT EXISTS mfa_factors_user_friendly_name_unique
  ON auth.mfa_factors (friendly_name, user_id) WHERE trim(friendly_name) <> '';

CREATE TABLE IF NOT EXISTS auth.mfa_challenges (
  id          uuid PRIMARY KEY,
  factor_id   uuid NOT NULL REFERENCES auth.mfa_factors (id) ON DELETE CASCADE,
  created_at  timestamptz NOT NULL,
  verified_at timestamptz,
  ip_address  inet NOT NULL,
  otp_code    text
);

CREATE TABLE IF NOT EXISTS auth.sessions (
  id           uuid PRIMARY KEY,
  user_id      uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  created_at   timestamptz,
  updated_at   timestamptz,
  factor_id    uuid,
  aal          auth.aal_level,
  not_after    timestamptz,
  refreshed_at timestamp,
  user_agent   text,
  ip           inet,
  tag          text
);
ALTER TABLE auth.sessions ADD COLUMN IF NOT EXISTS refresh_token_hmac_key text, ADD COLUMN IF NOT EXISTS refresh_token_counter bigint;
CREATE INDEX IF NOT EXISTS sessions_user_id_idx ON auth.sessions (user_id);

CREATE TABLE IF NOT EXISTS auth.mfa_amr_claims (
  id                    uuid PRIMARY KEY,
  session_id            uuid NOT NULL REFERENCES auth.sessions (id) ON DELETE CASCADE,
  created_at            timestamptz NOT NULL,
  updated_at            timestamptz NOT NULL,
  authentication_method text NOT NULL,
  CONSTRAINT mfa_amr_claims_session_id_authentication_method_pkey UNIQUE (session_id, authentication_method)
);

CREATE TABLE IF NOT EXISTS auth.refresh_tokens (
  id          bigserial PRIMARY KEY,
  instance_id uuid,
  token       varchar(255) UNIQUE,
  user_id     varchar(255),
  revoked     boolean,
  created_at  timestamptz,
  updated_at  timestamptz,
  parent      varchar(255),
  session_id  uuid REFERENCES auth.sessions (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS refresh_tokens_session_id_revoked_idx ON auth.refresh_tokens (session_id, revoked);

CREATE TABLE IF NOT EXISTS auth.one_time_tokens (
  id         uuid PRIMARY KEY,
  user_id    uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  token_type auth.one_time_token_type NOT NULL,
  token_hash text NOT NULL CHECK (char_length(token_hash) > 0),
  relates_to text NOT NULL,
  created_at timestamp NOT NULL DEFAULT now(),
  updated_at timestamp NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX IF NOT EXISTS one_time_tokens_user_id_token_type_key ON auth.one_time_tokens (user_id, token_type);
CREATE INDEX IF NOT EXISTS one_time_tokens_token_hash_hash_idx ON auth.one_time_tokens USING hash (token_hash);

CREATE TABLE IF NOT EXISTS auth.flow_state (
  id                     uuid PRIMARY KEY,
  user_id                uuid,
  auth_code              text,
  code_challenge_method  auth.code_challenge_method,
  code_challenge         text,
  provider_type          text NOT NULL,
  provider_access_token  text,
  provider_refresh_token text,
  authentication_method  text NOT NULL,
  auth_code_issued_at    timestamptz,
  created_at             timestamptz,
  updated_at             timestamptz
);
ALTER TABLE auth.flow_state ADD COLUMN IF NOT EXISTS referrer text;
CREATE INDEX IF NOT EXISTS idx_auth_code ON auth.flow_state (auth_code);

-- The API roles may call the claim helpers of the schema and read none of its tables.
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
