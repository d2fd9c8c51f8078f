-- 011.sql: downloads of chosen paths.
-- Paths of the part, one a line, each with all that is below it; '': all of it.
ALTER TABLE download_file ADD COLUMN choice TEXT NOT NULL DEFAULT '';
