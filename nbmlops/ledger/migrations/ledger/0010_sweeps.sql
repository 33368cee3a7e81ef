-- A sweep is one run with its trials; by its name it is found again, with what it was asked for. A trial leads to its own run.
CREATE TABLE study (name TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES run (id), asked TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX study_run ON study (run);
ALTER TABLE trial ADD COLUMN own_run TEXT;
ALTER TABLE trial ADD COLUMN note TEXT;
