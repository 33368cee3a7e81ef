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

-- What an alias's move was made on: why, its gate's report, and what the version was made of, as it was known then. No version: taken away.
ALTER TABLE alias_move RENAME TO alias_move_before;
CREATE TABLE alias_move (
  id INTEGER PRIMARY KEY, model TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER, previous INTEGER, way TEXT NOT NULL, at TEXT NOT NULL,
  actor TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', gate TEXT, forced INTEGER NOT NULL DEFAULT 0, dataset TEXT, target TEXT, run TEXT,
  verdict TEXT
);
INSERT INTO alias_move (id, model, alias, version, previous, way, at, actor, reason, gate, forced, dataset, target, run)
  SELECT m.id, m.model, m.alias, m.version, m.previous, m.way, m.at, m.actor, coalesce(json_extract(e.evidence, '$.reason'), ''),
    json_extract(e.evidence, '$.gate.id'), coalesce(json_extract(e.evidence, '$.forced'), 0), v.dataset, v.target, v.run
  FROM alias_move_before m LEFT JOIN model_version v ON v.model = m.model AND v.version = m.version
  LEFT JOIN audit e ON e.seq = (
    SELECT min(seq) FROM audit WHERE subject = m.model AND verb = 'model.' || m.way AND julianday(at) = julianday(m.at)
      AND json_valid(evidence) AND json_extract(evidence, '$.alias') = m.alias AND json_extract(evidence, '$.version') = m.version);
DROP TABLE alias_move_before;
CREATE INDEX alias_move_of ON alias_move (model, alias, id);
CREATE INDEX alias_move_forced ON alias_move (model, version) WHERE forced;

-- Which version an endpoint answers with from when on; none: it was stopped.
CREATE TABLE served (id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, model TEXT NOT NULL, version INTEGER, at TEXT NOT NULL);
CREATE INDEX served_model ON served (model, endpoint);
INSERT INTO served (endpoint, model, version, at) SELECT name, model, serving_version, started_at FROM endpoint WHERE serving_version IS NOT NULL;
INSERT INTO served (endpoint, model, at)
  SELECT name, model, stopped_at FROM endpoint WHERE serving_version IS NOT NULL AND status = 'stopped' AND stopped_at IS NOT NULL;

-- Who signed a version: the key by its fingerprint, the signature and the signed files by their digests.
CREATE TABLE model_signature (
  model TEXT NOT NULL, version INTEGER NOT NULL, signer TEXT NOT NULL, signature TEXT NOT NULL, key TEXT NOT NULL, files TEXT NOT NULL,
  signed_at TEXT NOT NULL, signed_by TEXT NOT NULL, PRIMARY KEY (model, version, signer),
  FOREIGN KEY (model, version) REFERENCES model_version (model, version)
) WITHOUT ROWID;

-- A model's card: what a person wrote of a version, each revision; the cards as they were made; what its columns matter.
CREATE TABLE card_text (
  model TEXT NOT NULL, version INTEGER NOT NULL, section TEXT NOT NULL, revision INTEGER NOT NULL, text TEXT NOT NULL,
  at TEXT NOT NULL, "by" TEXT NOT NULL, PRIMARY KEY (model, version, section, revision),
  FOREIGN KEY (model, version) REFERENCES model_version (model, version)
) WITHOUT ROWID;
CREATE TABLE model_card (
  id INTEGER PRIMARY KEY, model TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, aliases TEXT NOT NULL,
  at TEXT NOT NULL, "by" TEXT NOT NULL, FOREIGN KEY (model, version) REFERENCES model_version (model, version)
);
CREATE INDEX model_card_of ON model_card (model, version, id);
CREATE TABLE importance (
  id INTEGER PRIMARY KEY, model TEXT NOT NULL, version INTEGER NOT NULL, found TEXT NOT NULL, at TEXT NOT NULL, "by" TEXT NOT NULL,
  FOREIGN KEY (model, version) REFERENCES model_version (model, version)
);
CREATE INDEX importance_of ON importance (model, version, id);
-- What was exchanged with another system: which of its things is which of ours, and how both stood then.
CREATE TABLE exchanged (
  system TEXT NOT NULL, place TEXT NOT NULL, kind TEXT NOT NULL, here TEXT NOT NULL, there TEXT NOT NULL, said TEXT NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (system, place, kind, here)
) WITHOUT ROWID;
