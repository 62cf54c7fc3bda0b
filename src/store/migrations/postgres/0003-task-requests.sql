-- What a client may ask of a task beside its answer: that a repeated request makes no second one, and to be told of the end.

-- The client's own name for a request. It is decided and written in the commit of the hold and the task.
CREATE TABLE idempotency (
  key_id text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  fingerprint text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (key_id, idempotency_key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- `webhook_due_at` is set from the task's end until the message was taken, or given up.
ALTER TABLE task ADD COLUMN webhook_url text;
ALTER TABLE task ADD COLUMN webhook_key_id text COLLATE "C";
ALTER TABLE task ADD COLUMN webhook_tries integer NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN webhook_due_at bigint;
CREATE INDEX task_webhook ON task (webhook_due_at) WHERE webhook_due_at IS NOT NULL;
