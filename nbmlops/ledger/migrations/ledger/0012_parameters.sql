-- What an estimator was set to when it was registered, also where nobody saw it fitted.
ALTER TABLE model_version ADD COLUMN parameters TEXT;
