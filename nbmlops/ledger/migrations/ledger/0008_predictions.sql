-- What the fitted models of a run answered: a few values of each answer.
ALTER TABLE run ADD COLUMN predictions TEXT;
