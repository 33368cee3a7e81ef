-- Versions of files that a person asked to keep: their bytes are blobs.
CREATE TABLE kept_file (
  path TEXT NOT NULL, digest TEXT NOT NULL, size_bytes INTEGER NOT NULL, modified_at TEXT NOT NULL, kept_at TEXT NOT NULL,
  PRIMARY KEY (path, digest)
) WITHOUT ROWID;
CREATE INDEX kept_file_by_digest ON kept_file (digest);
