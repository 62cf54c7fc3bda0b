-- The client's own name for a request, of every request that is charged for: it belongs to the account, and keeps what was
-- answered. `running` is a call that has its hold, `answered` one that was charged, `task` stands for a task. A call that
-- ends with nothing charged frees its name. `answer` is compressed, and empty where it could not be kept.
CREATE TABLE request_name (
  account_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  call_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'answered', 'task')),
  answer BLOB,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, idempotency_key)
) STRICT;
-- Two API keys of an account may have used one name; the newer use stays.
INSERT OR IGNORE INTO request_name (account_id, idempotency_key, fingerprint, call_id, state, created_at)
  SELECT account_id, idempotency_key, fingerprint, call_id, 'task', created_at FROM idempotency ORDER BY created_at DESC;
DROP TABLE idempotency;
ALTER TABLE request_name RENAME TO idempotency;
CREATE INDEX idempotency_age ON idempotency (created_at);
