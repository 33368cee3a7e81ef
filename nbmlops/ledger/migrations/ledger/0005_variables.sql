-- The environment variables that a run's cells named, with the digest of what each held.
ALTER TABLE run ADD COLUMN variables TEXT;
