-- What a version is besides its file: the code it brings, the rows it must answer, and where it was shown to.
ALTER TABLE model_version ADD COLUMN code TEXT;
ALTER TABLE model_version ADD COLUMN fixtures TEXT;
ALTER TABLE model_version ADD COLUMN python TEXT;
ALTER TABLE model_version ADD COLUMN distributions TEXT;
ALTER TABLE model_version ADD COLUMN converted_from INTEGER;

-- What a version must show before an alias may point at it; who said yes to one; the rows one was trained on, a word each.
CREATE TABLE gate_document (
  model TEXT NOT NULL, alias TEXT NOT NULL, digest TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (model, alias)
) WITHOUT ROWID;
CREATE TABLE gate_approval (
  model TEXT NOT NULL, version INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (model, version, by)
) WITHOUT ROWID;
CREATE TABLE training_rows (dataset TEXT PRIMARY KEY, columns TEXT NOT NULL, rows TEXT NOT NULL) WITHOUT ROWID;
