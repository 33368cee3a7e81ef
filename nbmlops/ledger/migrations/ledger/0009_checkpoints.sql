-- What kernels held after a cell, where a run that dies can go on.
CREATE TABLE checkpoint (
  id TEXT PRIMARY KEY, run TEXT NOT NULL, notebook TEXT NOT NULL, cell INTEGER NOT NULL, position INTEGER NOT NULL, digest TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, executed TEXT NOT NULL, made_of TEXT NOT NULL, written TEXT NOT NULL, taken_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX checkpoint_of ON checkpoint (notebook, taken_at);
-- Where a step that is being executed is: its cell, and what it printed last. Empty when it is not.
ALTER TABLE pipeline_step ADD COLUMN at TEXT NOT NULL DEFAULT '';
-- Whether an interrupt of the owner stops the execution, and it alone; and whether somebody has interrupted it.
ALTER TABLE pipeline_run ADD COLUMN interruptible INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pipeline_run ADD COLUMN stopping INTEGER NOT NULL DEFAULT 0;
