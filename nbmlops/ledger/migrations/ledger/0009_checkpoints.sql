-- What kernels held after a cell, where a run that dies can go on.
CREATE TABLE checkpoint (
  id TEXT PRIMARY KEY, run TEXT NOT NULL, notebook TEXT NOT NULL, cell INTEGER NOT NULL, position INTEGER NOT NULL, digest TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, executed TEXT NOT NULL, made_of TEXT NOT NULL, written TEXT NOT NULL, taken_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX checkpoint_of ON checkpoint (notebook, taken_at);
