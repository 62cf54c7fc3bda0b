-- The client's own name for a request, of every request that is charged for: it belongs to the account, and keeps what was
-- answered. `running` is a call that has its hold, `answered` one that was charged, `task` stands for a task. A call that
-- ends with nothing charged frees its name. `answer` is compressed, and empty where it could not be kept.
CREATE TABLE request_name (
  account_id text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  fingerprint text COLLATE "C" NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'answered', 'task')),
  answer bytea,
  created_at bigint NOT NULL,
  PRIMARY KEY (account_id, idempotency_key)
);
-- Two API keys of an account may have used one name; the newer use stays.
INSERT INTO request_name (account_id, idempotency_key, fingerprint, call_id, state, created_at)
  SELECT account_id, idempotency_key, fingerprint, call_id, 'task', created_at FROM idempotency ORDER BY created_at DESC
  ON CONFLICT DO NOTHING;
DROP TABLE idempotency;
ALTER TABLE request_name RENAME TO idempotency;
ALTER INDEX request_name_pkey RENAME TO idempotency_pkey;
CREATE INDEX idempotency_age ON idempotency (created_at);
