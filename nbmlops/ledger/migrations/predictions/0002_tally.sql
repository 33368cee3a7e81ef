-- An id is one prediction of one endpoint: two endpoints may be asked about the same order.
CREATE TABLE answered (
  id TEXT NOT NULL, endpoint TEXT NOT NULL, version INTEGER NOT NULL, event_at TEXT NOT NULL, answered_at TEXT NOT NULL,
  inputs TEXT NOT NULL, output TEXT NOT NULL, label TEXT, labelled_at TEXT, PRIMARY KEY (endpoint, id)
) WITHOUT ROWID;
INSERT INTO answered (id, endpoint, version, event_at, answered_at, inputs, output, label, labelled_at)
  SELECT id, endpoint, version, event_at, answered_at, inputs, output, label, labelled_at FROM prediction;
DROP TABLE prediction;
ALTER TABLE answered RENAME TO prediction;
CREATE INDEX prediction_window ON prediction (endpoint, event_at);

-- How many there are, without counting them each time someone looks.
CREATE TABLE tally (endpoint TEXT PRIMARY KEY, predictions INTEGER NOT NULL, labelled INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO tally SELECT endpoint, count(*), count(label) FROM prediction GROUP BY endpoint;
CREATE TRIGGER prediction_in AFTER INSERT ON prediction BEGIN
  INSERT INTO tally VALUES (NEW.endpoint, 1, NEW.label IS NOT NULL)
    ON CONFLICT (endpoint) DO UPDATE SET predictions = predictions + 1, labelled = labelled + (NEW.label IS NOT NULL);
END;
CREATE TRIGGER prediction_out AFTER DELETE ON prediction BEGIN
  UPDATE tally SET predictions = predictions - 1, labelled = labelled - (OLD.label IS NOT NULL) WHERE endpoint = OLD.endpoint;
END;
CREATE TRIGGER prediction_labelled AFTER UPDATE OF label ON prediction WHEN (OLD.label IS NULL) != (NEW.label IS NULL) BEGIN
  UPDATE tally SET labelled = labelled + (OLD.label IS NULL) - (NEW.label IS NULL) WHERE endpoint = NEW.endpoint;
END;
