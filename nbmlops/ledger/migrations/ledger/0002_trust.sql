-- What a record needs to be trusted and found: trials, seeds, hidden state, the last value of each metric, tags as rows.
ALTER TABLE run ADD COLUMN seeds TEXT;
ALTER TABLE run ADD COLUMN hidden TEXT;
ALTER TABLE cell ADD COLUMN outputs TEXT;
ALTER TABLE fit ADD COLUMN depends TEXT;
ALTER TABLE metric ADD COLUMN fit INTEGER;

-- Not files alone: what a URL gave, what a statement gave over a connection. `detail` is the statement, or a member's name.
ALTER TABLE file_use RENAME TO file_use_before;
CREATE TABLE file_use (
  run TEXT NOT NULL REFERENCES run (id), path TEXT NOT NULL, mode TEXT NOT NULL, kind TEXT NOT NULL, digest TEXT, size_bytes INTEGER,
  modified_at TEXT, position INTEGER NOT NULL, detail TEXT NOT NULL, note TEXT, PRIMARY KEY (run, path, mode, position, detail)
) WITHOUT ROWID;
INSERT INTO file_use SELECT run, path, mode, 'file', digest, size_bytes, modified_at, position, '', note FROM file_use_before;
DROP TABLE file_use_before;
CREATE INDEX file_use_path ON file_use (path, run);
-- By its bytes: who wrote them, who reads them. Ids of runs sort by time and stand in every index of this table.
CREATE INDEX file_use_digest ON file_use (digest, mode);
CREATE INDEX file_use_written ON file_use (run, digest) WHERE mode = 'write';
CREATE INDEX fit_frame ON fit (frame);
ALTER TABLE model_version ADD COLUMN fit INTEGER;
CREATE INDEX model_version_run ON model_version (run);
CREATE INDEX model_version_dataset ON model_version (dataset);

-- What runs are found by: each index has the run's id, so that no row is looked up; what is computed is kept in its index.
ALTER TABLE run ADD COLUMN duration_s REAL AS (round((julianday(ended_at) - julianday(started_at)) * 86400, 3)) VIRTUAL;
ALTER TABLE run ADD COLUMN git_commit TEXT AS (CASE WHEN json_valid(git) THEN json_extract(git, '$.commit') END) VIRTUAL;
ALTER TABLE run ADD COLUMN git_branch TEXT AS (CASE WHEN json_valid(git) THEN json_extract(git, '$.branch') END) VIRTUAL;
DROP INDEX run_started;
DROP INDEX run_status;
DROP INDEX run_experiment;
DROP INDEX run_notebook;
CREATE INDEX run_started ON run (started_at, id);
CREATE INDEX run_status ON run (status, started_at, id);
CREATE INDEX run_experiment ON run (experiment, started_at, id);
CREATE INDEX run_notebook ON run (notebook, started_at, id);
CREATE INDEX run_name ON run (name, experiment, id);
CREATE INDEX run_data_hash ON run (data_hash, id);
CREATE INDEX run_duration ON run (duration_s, id);
CREATE INDEX run_git_commit ON run (git_commit, id);
CREATE INDEX run_hidden ON run (id) WHERE hidden IS NOT NULL;
CREATE INDEX fit_estimator ON fit (estimator);

CREATE TABLE trial (
  run TEXT NOT NULL REFERENCES run (id), number INTEGER NOT NULL, source TEXT NOT NULL, part INTEGER NOT NULL, position INTEGER,
  params TEXT NOT NULL, metrics TEXT NOT NULL, state TEXT NOT NULL, fit INTEGER, duration_s REAL, PRIMARY KEY (run, number)
) WITHOUT ROWID;

-- The same environment stands around many runs.
CREATE TABLE environment (digest TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;

-- How far a spool was taken in, written with what was taken in.
CREATE TABLE spooled (spool TEXT PRIMARY KEY, taken INTEGER NOT NULL) WITHOUT ROWID;

ALTER TABLE param ADD COLUMN number REAL;
UPDATE param SET number = CAST(value AS REAL) WHERE json_valid(value) AND json_type(value) IN ('integer', 'real');
CREATE INDEX param_number ON param (name, number) WHERE number IS NOT NULL;
CREATE INDEX param_text ON param (name, value, number) WHERE number IS NULL;

CREATE TABLE last_metric (
  run TEXT NOT NULL REFERENCES run (id), name TEXT NOT NULL, step INTEGER NOT NULL, value REAL, special TEXT, PRIMARY KEY (run, name)
) WITHOUT ROWID;
INSERT OR REPLACE INTO last_metric (run, name, step, value, special) SELECT run, name, step, value, special FROM metric ORDER BY step, id;
CREATE INDEX last_metric_value ON last_metric (name, value);

CREATE TABLE tag (run TEXT NOT NULL REFERENCES run (id), name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, name)) WITHOUT ROWID;
INSERT OR REPLACE INTO tag (run, name, value) SELECT run.id, held.key, held.value FROM run, json_each(run.tags) AS held;
CREATE INDEX tag_value ON tag (name, value);
