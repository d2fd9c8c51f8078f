-- 003.sql: a restore into a new service, and switching it in and out.

-- The service that was made for a part: what of the two is not in use.
ALTER TABLE restore_part ADD COLUMN made INTEGER REFERENCES service (id);
CREATE UNIQUE INDEX restore_part_made ON restore_part (made) WHERE made IS NOT NULL;
-- Which way the switch was asked to go last.
ALTER TABLE restore ADD COLUMN wanted TEXT NOT NULL DEFAULT '' CHECK (wanted IN ('', 'in', 'out'));
-- When what it brought became the target's content; 0 while it lies beside.
ALTER TABLE restore ADD COLUMN landed_at INTEGER NOT NULL DEFAULT 0;
UPDATE restore SET landed_at=finished_at WHERE state IN ('done', 'undone');
-- A service that was removed stays for the backups that were made of it.
ALTER TABLE service ADD COLUMN removed_at INTEGER NOT NULL DEFAULT 0;

-- The table job is made anew without a CHECK of its kinds: the code knows them, and who adds one
-- need not make the table anew.
CREATE TABLE job_new (
	id              INTEGER PRIMARY KEY,
	uuid            TEXT    NOT NULL UNIQUE,
	kind            TEXT    NOT NULL,
	state           TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
	environment     INTEGER NOT NULL REFERENCES environment (id),
	backup          INTEGER REFERENCES backup (id),
	download        INTEGER REFERENCES download (id),
	service         INTEGER REFERENCES service (id),
	restore         INTEGER REFERENCES restore (id),
	after_job       INTEGER REFERENCES job (id),   -- waits until that one has ended
	requested_by    INTEGER REFERENCES account (id),
	idempotency_key TEXT    UNIQUE,
	mail_when_done  INTEGER NOT NULL DEFAULT 0 CHECK (mail_when_done IN (0, 1)),
	run_at          INTEGER NOT NULL,
	created_at      INTEGER NOT NULL,
	started_at      INTEGER NOT NULL DEFAULT 0,
	finished_at     INTEGER NOT NULL DEFAULT 0,
	worker          TEXT,
	lease_until     INTEGER NOT NULL DEFAULT 0,
	fence           INTEGER NOT NULL DEFAULT 0,
	deaths          INTEGER NOT NULL DEFAULT 0,
	losses          INTEGER NOT NULL DEFAULT 0,
	cancel_asked    INTEGER NOT NULL DEFAULT 0 CHECK (cancel_asked IN (0, 1)),
	phase           TEXT    NOT NULL DEFAULT '',
	bytes_done      INTEGER NOT NULL DEFAULT 0,
	bytes_total     INTEGER NOT NULL DEFAULT 0,
	progress_at     INTEGER NOT NULL DEFAULT 0,
	warnings        INTEGER NOT NULL DEFAULT 0,
	error           TEXT,
	exit_code       INTEGER NOT NULL DEFAULT 0,
	CHECK ((state = 'running') = (worker IS NOT NULL)),
	CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at > 0)),
	CHECK (state <> 'failed' OR error IS NOT NULL)
);
INSERT INTO job_new (id, uuid, kind, state, environment, backup, download, service, restore, after_job,
	requested_by, idempotency_key, mail_when_done, run_at, created_at, started_at, finished_at,
	worker, lease_until, fence, deaths, losses, cancel_asked, phase, bytes_done, bytes_total,
	progress_at, warnings, error, exit_code)
	SELECT id, uuid, kind, state, environment, backup, download, service, restore, after_job,
	requested_by, idempotency_key, mail_when_done, run_at, created_at, started_at, finished_at,
	worker, lease_until, fence, deaths, losses, cancel_asked, phase, bytes_done, bytes_total,
	progress_at, warnings, error, exit_code FROM job;
DROP TABLE job;
ALTER TABLE job_new RENAME TO job;
CREATE INDEX job_queue ON job (run_at, id) WHERE state = 'queued';
CREATE INDEX job_leases ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_environment ON job (environment, id);
CREATE INDEX job_backup ON job (backup) WHERE backup IS NOT NULL;
CREATE INDEX job_download ON job (download) WHERE download IS NOT NULL;
CREATE INDEX job_restore ON job (restore) WHERE restore IS NOT NULL;
