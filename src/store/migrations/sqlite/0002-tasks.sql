-- Asynchronous calls. A task, its hold and its end are written in the ledger's own commits: an accepted task has a hold
-- until it ends, and ends once. AUTOINCREMENT never uses an id twice, even after old tasks are forgotten.
CREATE TABLE task (
  task_id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('queued', 'completed', 'failed')),
  -- The stored call; empty once the task has ended, since prompts are not kept.
  request TEXT NOT NULL,
  result TEXT,
  error_code TEXT,
  -- Deaths of a process that it saw, and how often it was begun since there were some.
  recoveries INTEGER NOT NULL DEFAULT 0,
  starts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  UNIQUE (account_id, call_id)
) STRICT;
CREATE INDEX task_queue ON task (task_id) WHERE status = 'queued';
CREATE INDEX task_ended ON task (ended_at) WHERE ended_at IS NOT NULL;
