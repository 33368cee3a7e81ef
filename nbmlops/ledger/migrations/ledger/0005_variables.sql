-- The environment variables that a run's cells named, with the digest of what each held; what a fitted estimator is, in brief.
ALTER TABLE run ADD COLUMN variables TEXT;
ALTER TABLE fit ADD COLUMN state TEXT;
