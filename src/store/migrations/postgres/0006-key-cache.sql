-- Whether calls of a key may be answered from the response cache where they do not say otherwise themselves.
ALTER TABLE api_key ADD COLUMN uses_cache boolean NOT NULL DEFAULT false;
