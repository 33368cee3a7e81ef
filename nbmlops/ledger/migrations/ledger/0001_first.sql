CREATE TABLE change (
  cursor INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, subject TEXT NOT NULL, at TEXT NOT NULL
);
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL, verb TEXT NOT NULL, subject TEXT NOT NULL,
  evidence TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit (subject);

CREATE TABLE run (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, experiment TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
  started_at TEXT NOT NULL, ended_at TEXT, notebook TEXT, notebook_known_from TEXT NOT NULL,
  owner TEXT NOT NULL, failed_cell INTEGER, error TEXT, tags TEXT NOT NULL, git TEXT, environment TEXT, data_hash TEXT,
  schema_version INTEGER NOT NULL
);
CREATE INDEX run_started ON run (started_at);
CREATE INDEX run_experiment ON run (experiment, started_at);
CREATE INDEX run_notebook ON run (notebook, started_at);
CREATE INDEX run_status ON run (status);
CREATE TABLE param (
  run TEXT NOT NULL REFERENCES run (id), name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE TABLE metric (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES run (id), name TEXT NOT NULL, step INTEGER NOT NULL,
  value REAL, special TEXT, at TEXT NOT NULL
);
CREATE INDEX metric_run ON metric (run, name, step);
CREATE TABLE cell (
  run TEXT NOT NULL REFERENCES run (id), position INTEGER NOT NULL, cell_id TEXT, execution_count INTEGER,
  source TEXT NOT NULL, started_at TEXT NOT NULL, duration_s REAL NOT NULL, error TEXT, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE file_use (
  run TEXT NOT NULL REFERENCES run (id), path TEXT NOT NULL, mode TEXT NOT NULL, digest TEXT, size_bytes INTEGER,
  modified_at TEXT, position INTEGER NOT NULL, note TEXT, PRIMARY KEY (run, path, mode, position)
) WITHOUT ROWID;
CREATE TABLE fit (
  run TEXT NOT NULL REFERENCES run (id), number INTEGER NOT NULL, position INTEGER, estimator TEXT NOT NULL,
  parameters TEXT NOT NULL, frame TEXT, target TEXT, duration_s REAL, artifact TEXT, note TEXT, PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE TABLE artifact (
  run TEXT NOT NULL REFERENCES run (id), name TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, position INTEGER, PRIMARY KEY (run, name)
) WITHOUT ROWID;

CREATE TABLE dataset (
  digest TEXT PRIMARY KEY, rows INTEGER NOT NULL, columns TEXT NOT NULL, profile TEXT NOT NULL, first_seen_at TEXT NOT NULL
);

CREATE TABLE model_version (
  model TEXT NOT NULL, version INTEGER NOT NULL, flavor TEXT NOT NULL, digest TEXT NOT NULL, size_bytes INTEGER NOT NULL,
  signature TEXT NOT NULL, metrics TEXT NOT NULL, run TEXT, dataset TEXT, target TEXT, estimator TEXT NOT NULL,
  description TEXT NOT NULL, registered_at TEXT NOT NULL, registered_by TEXT NOT NULL, schema_version INTEGER NOT NULL,
  PRIMARY KEY (model, version)
) WITHOUT ROWID;
CREATE TABLE alias (
  model TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, previous INTEGER, moved_at TEXT NOT NULL,
  PRIMARY KEY (model, alias), FOREIGN KEY (model, version) REFERENCES model_version (model, version)
) WITHOUT ROWID;
CREATE TABLE alias_move (
  id INTEGER PRIMARY KEY, model TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, previous INTEGER,
  way TEXT NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL
);
CREATE INDEX alias_move_of ON alias_move (model, alias, id);
CREATE TABLE gate (model TEXT PRIMARY KEY, rule TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE gate_report (
  id TEXT PRIMARY KEY, model TEXT NOT NULL, version INTEGER NOT NULL, passed INTEGER NOT NULL, report TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX gate_report_of ON gate_report (model, version, at);

CREATE TABLE endpoint (
  name TEXT PRIMARY KEY, model TEXT NOT NULL, alias TEXT NOT NULL, target TEXT NOT NULL, url TEXT, owner TEXT,
  token_digest TEXT NOT NULL, status TEXT NOT NULL, serving_version INTEGER, started_at TEXT NOT NULL, stopped_at TEXT, note TEXT
) WITHOUT ROWID;

CREATE TABLE drift_report (
  id TEXT PRIMARY KEY, model TEXT NOT NULL, version INTEGER NOT NULL, endpoint TEXT, report TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX drift_report_of ON drift_report (model, at);
CREATE TABLE policy (endpoint TEXT PRIMARY KEY, rule TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE decision (
  id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, action TEXT NOT NULL, decision TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX decision_of ON decision (endpoint, at);
