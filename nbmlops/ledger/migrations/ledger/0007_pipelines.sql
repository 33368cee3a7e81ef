-- Executions of pipelines, and what came of each step: written by whoever executes, believed by whoever comes after.
CREATE TABLE pipeline_run (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, file TEXT NOT NULL, params TEXT NOT NULL, status TEXT NOT NULL, owner TEXT NOT NULL,
  started_at TEXT NOT NULL, ended_at TEXT, error TEXT
) WITHOUT ROWID;
CREATE INDEX pipeline_run_of ON pipeline_run (file, started_at);
CREATE TABLE pipeline_step (
  pipeline_run TEXT NOT NULL REFERENCES pipeline_run (id), step TEXT NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL,
  why TEXT NOT NULL, key TEXT NOT NULL, made_of TEXT NOT NULL, run TEXT, attempts INTEGER NOT NULL DEFAULT 0,
  told TEXT NOT NULL DEFAULT '{}', outputs TEXT NOT NULL DEFAULT '{}', error TEXT, started_at TEXT, ended_at TEXT,
  PRIMARY KEY (pipeline_run, step)
) WITHOUT ROWID;
CREATE INDEX pipeline_step_by_key ON pipeline_step (key);
