-- Points that were measured together stand together, in order: JSON [[step, value or the name of one beyond numbers, at, fit], …].
CREATE TABLE points (
  run TEXT NOT NULL REFERENCES run (id), name TEXT NOT NULL, number INTEGER NOT NULL, last_step INTEGER NOT NULL, last_at TEXT NOT NULL,
  points TEXT NOT NULL, PRIMARY KEY (run, name, number)
) WITHOUT ROWID;
INSERT INTO points (run, name, number, last_step, last_at, points)
  SELECT run, name, 0, max(step), max(at),
    json_group_array(json_array(step, CASE WHEN special IS NULL THEN json(printf('%!.17g', value)) ELSE special END, at, fit))
  FROM (SELECT * FROM metric ORDER BY run, name, id) GROUP BY run, name;
DROP TABLE metric;
