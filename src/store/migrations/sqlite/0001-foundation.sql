-- Accounts, keys and plans; the ledger (bucket, hold, grant_, usage); limit counters; running processes.
-- Amounts are integers: requests or micro-roubles. Times are milliseconds since 1970.

CREATE TABLE account (
  account_id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  plan_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'blocked')),
  created_at INTEGER NOT NULL
) STRICT;

-- A key is kept only as the HMAC of it, with what may be shown.
CREATE TABLE api_key (
  key_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (account_id),
  hmac TEXT NOT NULL UNIQUE,
  display TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX api_key_account ON api_key (account_id);

-- Plans made through the admin API. Those of the config file and the built-in ones are not here.
CREATE TABLE plan (
  plan_id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

-- A cache of grant_ + hold + usage. The CHECK makes overspending impossible even if the code is wrong. No amount is
-- beyond what a safe integer holds.
CREATE TABLE bucket (
  account_id TEXT NOT NULL,
  bucket_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('daily', 'pack', 'wallet')),
  unit TEXT NOT NULL CHECK (unit IN ('requests', 'microRub')),
  expires_at INTEGER,
  granted INTEGER NOT NULL CHECK (granted <= 9007199254740991),
  held INTEGER NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (account_id, bucket_id),
  CHECK (held >= 0 AND used >= 0 AND held + used <= granted)
) STRICT, WITHOUT ROWID;

-- Open holds. `owner` is the process that will end it, or 'task' where it outlives processes.
CREATE TABLE hold (
  account_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  unit TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  allocation TEXT NOT NULL,
  owner TEXT NOT NULL,
  context TEXT NOT NULL,
  PRIMARY KEY (account_id, call_id)
) STRICT, WITHOUT ROWID;

-- One terminal entry for each call, append-only. `allocation` is the set of postings to buckets.
-- Call ids are UUIDv7, so the primary key is in order of time within an account, and one tree serves both the
-- replays and the lists. A second index would cost every call more than all lists together.
CREATE TABLE usage (
  account_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  dialect TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  provider TEXT,
  upstream_model TEXT,
  outcome TEXT NOT NULL CHECK (outcome IN ('settled', 'void')),
  unit TEXT NOT NULL,
  held INTEGER NOT NULL,
  charge INTEGER NOT NULL CHECK (charge >= 0 AND charge <= held),
  allocation TEXT NOT NULL,
  price_version TEXT NOT NULL,
  usage_source TEXT,
  input_tokens INTEGER,
  cached_input_tokens INTEGER,
  output_tokens INTEGER,
  reasoning_tokens INTEGER,
  images INTEGER,
  status INTEGER NOT NULL,
  error_code TEXT,
  attempts INTEGER NOT NULL,
  first_byte_ms INTEGER,
  duration_ms INTEGER NOT NULL,
  admitted_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, call_id)
) STRICT, WITHOUT ROWID;

-- The other side of the ledger: what was put into packs and wallets. The id comes from the payment.
CREATE TABLE grant_ (
  account_id TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  bucket_id TEXT NOT NULL,
  unit TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  source TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, grant_id)
) STRICT, WITHOUT ROWID;

-- Limit counters: one-second cells of the last minute, and the count of a calendar day.
CREATE TABLE limit_window (
  account_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  cells BLOB NOT NULL,
  day TEXT NOT NULL,
  day_count INTEGER NOT NULL,
  PRIMARY KEY (account_id, subject)
) STRICT, WITHOUT ROWID;
