-- What a call was counted in beside tokens and pictures: characters that were said aloud, and seconds of a recording. NULL
-- for all other calls.
ALTER TABLE usage
  ADD COLUMN characters bigint,
  ADD COLUMN audio_seconds bigint;
