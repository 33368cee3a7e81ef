-- What a version is besides its file: the code it brings, the rows it must answer, and where it was shown to.
ALTER TABLE model_version ADD COLUMN code TEXT;
ALTER TABLE model_version ADD COLUMN fixtures TEXT;
ALTER TABLE model_version ADD COLUMN python TEXT;
ALTER TABLE model_version ADD COLUMN distributions TEXT;
ALTER TABLE model_version ADD COLUMN converted_from INTEGER;
