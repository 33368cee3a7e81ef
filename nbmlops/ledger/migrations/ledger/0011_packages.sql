-- What a version is besides its file: the code it brings, the rows it must answer, and where it was shown to.
ALTER TABLE model_version ADD COLUMN code TEXT;
ALTER TABLE model_version ADD COLUMN fixtures TEXT;
ALTER TABLE model_version ADD COLUMN python TEXT;
ALTER TABLE model_version ADD COLUMN distributions TEXT;

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
