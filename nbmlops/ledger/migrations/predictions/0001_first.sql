CREATE TABLE prediction (
  id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, version INTEGER NOT NULL, event_at TEXT NOT NULL, answered_at TEXT NOT NULL,
  inputs TEXT NOT NULL, output TEXT NOT NULL, label TEXT, labelled_at TEXT
) WITHOUT ROWID;
CREATE INDEX prediction_window ON prediction (endpoint, event_at);
