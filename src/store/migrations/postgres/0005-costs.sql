-- What a call cost us, beside what its customer paid. `cost_micro_rub` is NULL where nobody knows: no book of costs had
-- the model, or the process died. The tokens that we counted ourselves stand beside the vendor's, where both are known.
ALTER TABLE usage
  ADD COLUMN cost_micro_rub bigint CHECK (cost_micro_rub >= 0),
  ADD COLUMN unpaid_attempts integer NOT NULL DEFAULT 0,
  ADD COLUMN cache_write_tokens bigint,
  ADD COLUMN counted_tokens bigint;

-- What vendors charge us, in versions that never change; the highest is in force.
CREATE TABLE cost_book (
  version bigint PRIMARY KEY,
  body jsonb NOT NULL
);
