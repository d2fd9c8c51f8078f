-- 013.sql: two backups compared.
-- The older one of the two, of a job that compares; `backup` is the newer one.
ALTER TABLE job ADD COLUMN compared INTEGER REFERENCES backup (id);
CREATE INDEX job_compared ON job (compared) WHERE compared IS NOT NULL;
