-- Asynchronous calls. A task, its hold and its end are written in the ledger's own commits: an accepted task has a hold
-- until it ends, and ends once. An id is never used twice, even after old tasks are forgotten.
CREATE TABLE task (
  task_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  status text NOT NULL CHECK (status IN ('queued', 'completed', 'failed')),
  -- The process that runs it. When that one's lease has lapsed, or its row is gone, any other process may take it over.
  owner text COLLATE "C" NOT NULL,
  -- The stored call; empty once the task has ended, since prompts are not kept.
  request text NOT NULL,
  -- The answer as a JSON string, because a text here cannot hold every character that a model can say.
  result text,
  error_code text,
  -- Deaths of a process that it saw, and how often it was begun since there were some.
  recoveries integer NOT NULL DEFAULT 0,
  starts integer NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  ended_at bigint,
  UNIQUE (account_id, call_id)
) WITH (fillfactor = 70);
CREATE INDEX task_queue ON task (owner, task_id) WHERE status = 'queued';
CREATE INDEX task_ended ON task (ended_at) WHERE ended_at IS NOT NULL;
