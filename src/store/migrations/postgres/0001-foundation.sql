-- Accounts, keys and plans; the ledger (bucket, hold, grant_, usage); limit counters; running processes.
-- Amounts are bigint: requests or micro-roubles, never beyond what a safe integer holds. Times are milliseconds since
-- 1970. Names and ids are compared byte by byte (COLLATE "C"), so that their order is the same on every server.

-- The only clock that decides anything in this store. It moves within a transaction, unlike now().
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE
  AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

-- Its row is the mutex of everything that belongs to the account.
CREATE TABLE account (
  account_id text COLLATE "C" PRIMARY KEY,
  email text COLLATE "C" NOT NULL UNIQUE,
  plan_id text COLLATE "C" NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'blocked')),
  created_at bigint NOT NULL
);

-- A key is kept only as the HMAC of it, with what may be shown.
CREATE TABLE api_key (
  key_id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES account (account_id),
  hmac text COLLATE "C" NOT NULL UNIQUE,
  display text NOT NULL,
  name text NOT NULL,
  created_at bigint NOT NULL,
  revoked_at bigint
);
CREATE INDEX api_key_account ON api_key (account_id);

-- Plans made through the admin API. Those of the config file and the built-in ones are not here.
CREATE TABLE plan (
  plan_id text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL,
  body jsonb NOT NULL
);

-- A cache of grant_ + hold + usage. The CHECK makes overspending impossible even if the code is wrong. The space left
-- free on each page lets an update stay on its page, without touching the index.
CREATE TABLE bucket (
  account_id text COLLATE "C" NOT NULL REFERENCES account (account_id),
  bucket_id text COLLATE "C" NOT NULL,
  kind text NOT NULL CHECK (kind IN ('daily', 'pack', 'wallet')),
  unit text NOT NULL CHECK (unit IN ('requests', 'microRub')),
  expires_at bigint,
  granted bigint NOT NULL CHECK (granted <= 9007199254740991),
  held bigint NOT NULL,
  used bigint NOT NULL,
  PRIMARY KEY (account_id, bucket_id),
  CHECK (held >= 0 AND used >= 0 AND held + used <= granted)
) WITH (fillfactor = 70);

-- Open holds. `owner` is the process that will end it, or 'task' where it outlives processes.
CREATE TABLE hold (
  account_id text COLLATE "C" NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  unit text NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  allocation jsonb NOT NULL,
  owner text COLLATE "C" NOT NULL,
  context jsonb NOT NULL,
  PRIMARY KEY (account_id, call_id)
);

-- One terminal entry for each call, append-only. `allocation` is the set of postings to buckets.
-- Call ids are UUIDv7, so the primary key is in order of time within an account, and one index serves both the replays
-- and the lists.
CREATE TABLE usage (
  account_id text COLLATE "C" NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  dialect text NOT NULL,
  endpoint text NOT NULL,
  model text NOT NULL,
  provider text,
  upstream_model text,
  outcome text NOT NULL CHECK (outcome IN ('settled', 'void')),
  unit text NOT NULL,
  held bigint NOT NULL,
  charge bigint NOT NULL CHECK (charge >= 0 AND charge <= held),
  allocation jsonb NOT NULL,
  price_version text NOT NULL,
  usage_source text,
  input_tokens bigint,
  cached_input_tokens bigint,
  output_tokens bigint,
  reasoning_tokens bigint,
  images bigint,
  status integer NOT NULL,
  error_code text,
  attempts integer NOT NULL,
  first_byte_ms bigint,
  duration_ms bigint NOT NULL,
  admitted_at bigint NOT NULL,
  ended_at bigint NOT NULL,
  PRIMARY KEY (account_id, call_id)
);

-- The other side of the ledger: what was put into packs and wallets. The id comes from the payment.
CREATE TABLE grant_ (
  account_id text COLLATE "C" NOT NULL,
  grant_id text COLLATE "C" NOT NULL,
  bucket_id text COLLATE "C" NOT NULL,
  unit text NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  source text NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (account_id, grant_id)
);

-- Limit counters: one-second cells of the last minute, and the count of a calendar day.
CREATE TABLE limit_window (
  account_id text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  cells bytea NOT NULL,
  day text NOT NULL,
  day_count bigint NOT NULL,
  PRIMARY KEY (account_id, subject)
) WITH (fillfactor = 50);

-- Running processes. When a lease has lapsed, or its row is gone, any other process voids the holds of that one.
CREATE TABLE process (
  process_id text COLLATE "C" PRIMARY KEY,
  lease_until bigint NOT NULL
);

-- Tells that a process has the master secret which the keys above were made with. It is derived one way from the
-- secret, so it is worth nothing to whoever reads the database.
CREATE TABLE secret_check (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  value text NOT NULL
);
