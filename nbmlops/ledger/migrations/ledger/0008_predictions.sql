-- What the fitted models of a run answered: a few values of each answer, by the cell that asked and which of its answers it was.
CREATE TABLE prediction (
    run TEXT NOT NULL REFERENCES run (id),
    position INTEGER NOT NULL,
    number INTEGER NOT NULL,
    estimator TEXT NOT NULL,
    method TEXT NOT NULL,
    shape TEXT NOT NULL,
    dtype TEXT NOT NULL,
    sample TEXT NOT NULL,
    digest TEXT,
    PRIMARY KEY (run, position, number)
) WITHOUT ROWID;
