-- What a call cost us, beside what its customer paid. `cost_micro_rub` is NULL where nobody knows: no book of costs had
-- the model, or the process died. The tokens that we counted ourselves stand beside the vendor's, where both are known.
ALTER TABLE usage ADD COLUMN cost_micro_rub INTEGER CHECK (cost_micro_rub >= 0);
ALTER TABLE usage ADD COLUMN unpaid_attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN cache_write_tokens INTEGER;
ALTER TABLE usage ADD COLUMN counted_tokens INTEGER;

-- What vendors charge us, in versions that never change; the highest is in force.
CREATE TABLE cost_book (
  version INTEGER PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;
