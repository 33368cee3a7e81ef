-- Where a run's process worked when its session began: what is executed again is executed there.
ALTER TABLE run ADD COLUMN folder TEXT;

-- What came of executing a run again.
CREATE TABLE verification (
  id TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES run (id), verdict TEXT NOT NULL, report TEXT NOT NULL, at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX verification_of ON verification (run, at);
