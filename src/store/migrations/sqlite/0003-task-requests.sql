-- What a client may ask of a task beside its answer: that a repeated request makes no second one, and to be told of the end.

-- The client's own name for a request. It is decided and written in the commit of the hold and the task.
CREATE TABLE idempotency (
  key_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  account_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (key_id, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

-- `webhook_due_at` is set from the task's end until the message was taken, or given up.
ALTER TABLE task ADD COLUMN webhook_url TEXT;
ALTER TABLE task ADD COLUMN webhook_key_id TEXT;
ALTER TABLE task ADD COLUMN webhook_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN webhook_due_at INTEGER;
CREATE INDEX task_webhook ON task (webhook_due_at) WHERE webhook_due_at IS NOT NULL;
