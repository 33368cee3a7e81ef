-- What a version is besides its file: the code it brings, the rows it must answer, and where it was shown to.
ALTER TABLE model_version ADD COLUMN code TEXT;
ALTER TABLE model_version ADD COLUMN fixtures TEXT;
ALTER TABLE model_version ADD COLUMN python TEXT;
ALTER TABLE model_version ADD COLUMN distributions TEXT;
-- What was exchanged with another system: which of its things is which of ours, and how both stood then.
CREATE TABLE exchanged (
  system TEXT NOT NULL, place TEXT NOT NULL, kind TEXT NOT NULL, here TEXT NOT NULL, there TEXT NOT NULL, said TEXT NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (system, place, kind, here)
) WITHOUT ROWID;
