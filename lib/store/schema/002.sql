-- 002.sql: restores. The tables job and backup are made anew, for their words of kind are CHECKed
-- (foreign keys rest while a migration runs; all of them are checked before its commit).

CREATE TABLE restore (
	id            INTEGER PRIMARY KEY,
	uuid          TEXT    NOT NULL UNIQUE,
	backup        INTEGER NOT NULL REFERENCES backup (id),
	environment   INTEGER NOT NULL REFERENCES environment (id),   -- the target
	mode          TEXT    NOT NULL CHECK (mode IN ('replace', 'add', 'new')),
	state         TEXT    NOT NULL CHECK (state IN ('draft', 'pending', 'done', 'failed', 'undone')),
	requested_by  INTEGER REFERENCES account (id),
	created_at    INTEGER NOT NULL,
	-- what a look at the target found, before anything is decided
	preview       TEXT    NOT NULL DEFAULT 'looking' CHECK (preview IN ('looking', 'ok', 'refused')),
	preview_text  TEXT    NOT NULL DEFAULT '',
	previewed_at  INTEGER NOT NULL DEFAULT 0,
	-- what was decided
	confirmed_at  INTEGER NOT NULL DEFAULT 0,
	safety        INTEGER NOT NULL DEFAULT 1 CHECK (safety IN (0, 1)),
	hooks         INTEGER NOT NULL DEFAULT 1 CHECK (hooks IN (0, 1)),
	owners        INTEGER NOT NULL DEFAULT 0 CHECK (owners IN (0, 1)),      -- keep owners and grants of the dump
	real_data     INTEGER NOT NULL DEFAULT 0 CHECK (real_data IN (0, 1)),   -- an admin let live data land unsanitised
	safety_backup INTEGER REFERENCES backup (id),
	-- what became of it
	started_at    INTEGER NOT NULL DEFAULT 0,
	finished_at   INTEGER NOT NULL DEFAULT 0,
	hook_due      INTEGER NOT NULL DEFAULT 0 CHECK (hook_due IN (0, 1)),    -- "before" has run, "after" has not
	undo_until    INTEGER NOT NULL DEFAULT 0,
	undone_at     INTEGER NOT NULL DEFAULT 0,
	tidied_at     INTEGER NOT NULL DEFAULT 0,   -- nothing of it lies beside the target any more
	warnings      INTEGER NOT NULL DEFAULT 0,
	error         TEXT,
	CHECK ((state = 'draft') = (confirmed_at = 0)),
	CHECK (state <> 'failed' OR error IS NOT NULL)
);
CREATE INDEX restore_page ON restore (environment, id) WHERE state <> 'draft';
CREATE INDEX restore_backup ON restore (backup, id);
CREATE INDEX restore_tidy ON restore (undo_until) WHERE tidied_at = 0 AND state <> 'draft';
CREATE INDEX restore_hook ON restore (id) WHERE hook_due = 1;
CREATE INDEX restore_draft ON restore (created_at) WHERE state = 'draft';
CREATE INDEX restore_safety ON restore (safety_backup) WHERE safety_backup IS NOT NULL;

CREATE TABLE restore_part (
	id           INTEGER PRIMARY KEY,
	restore      INTEGER NOT NULL REFERENCES restore (id),
	part         INTEGER NOT NULL REFERENCES part (id),
	service      INTEGER NOT NULL REFERENCES service (id),   -- the target
	revision     INTEGER NOT NULL,                           -- of the target when it was looked at
	choice       TEXT    NOT NULL DEFAULT '',                -- paths or tables, one per line; '': whole
	state        TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'built', 'swapping', 'swapped', 'gone')),
	tag          TEXT    NOT NULL,   -- in the name of everything made beside the target
	mark         TEXT    NOT NULL DEFAULT '',   -- by which the driver knows what it built
	kept_bytes   INTEGER NOT NULL DEFAULT 0,    -- of the old that is kept for the undo
	-- what the look found
	target_bytes INTEGER NOT NULL DEFAULT 0,
	needs_bytes  INTEGER NOT NULL DEFAULT 0,
	has_bytes    INTEGER NOT NULL DEFAULT 0,
	added        INTEGER NOT NULL DEFAULT 0,
	changed      INTEGER NOT NULL DEFAULT 0,
	removed      INTEGER NOT NULL DEFAULT 0,
	refusal      TEXT    NOT NULL DEFAULT '',
	duration_ms  INTEGER NOT NULL DEFAULT 0,    -- how long it took to build and check
	UNIQUE (restore, service)
);
CREATE INDEX restore_part_service ON restore_part (service, id);

-- Rows per table: in the target when it was looked at; -1 when the table was not there.
CREATE TABLE restore_table (
	restore_part INTEGER NOT NULL REFERENCES restore_part (id),
	name         TEXT    NOT NULL,
	rows         INTEGER NOT NULL,
	PRIMARY KEY (restore_part, name)
);

-- Rows per table of a part, counted in the moment that its dump shows.
CREATE TABLE part_table (
	part  INTEGER NOT NULL REFERENCES part (id),
	name  TEXT    NOT NULL,
	rows  INTEGER NOT NULL,
	PRIMARY KEY (part, name)
);

ALTER TABLE environment ADD COLUMN hook_before TEXT NOT NULL DEFAULT '';
ALTER TABLE environment ADD COLUMN hook_after TEXT NOT NULL DEFAULT '';
ALTER TABLE environment ADD COLUMN hook_limit_s INTEGER NOT NULL DEFAULT 300;
ALTER TABLE environment ADD COLUMN watchers TEXT NOT NULL DEFAULT '';
ALTER TABLE service ADD COLUMN sanitise_sql TEXT NOT NULL DEFAULT '';
ALTER TABLE service ADD COLUMN sanitise_hook TEXT NOT NULL DEFAULT '';

CREATE TABLE backup_new (
	id             INTEGER PRIMARY KEY,
	uuid           TEXT    NOT NULL UNIQUE,
	environment    INTEGER NOT NULL REFERENCES environment (id),
	storage        INTEGER NOT NULL REFERENCES storage (id),
	kind           TEXT    NOT NULL CHECK (kind IN ('scheduled', 'on-demand', 'safety', 'uploaded')),
	state          TEXT    NOT NULL CHECK (state IN ('building', 'ready', 'failed', 'trashed', 'deleted')),
	before_trash   TEXT    NOT NULL DEFAULT '' CHECK (before_trash IN ('', 'ready', 'failed')),
	health         TEXT    NOT NULL DEFAULT 'unknown' CHECK (health IN ('unknown', 'good', 'damaged', 'missing')),
	note           TEXT    NOT NULL DEFAULT '',
	keep           INTEGER NOT NULL DEFAULT 0 CHECK (keep IN (0, 1)),
	requested_by   INTEGER REFERENCES account (id),
	created_at     INTEGER NOT NULL,
	started_at     INTEGER NOT NULL DEFAULT 0,
	finished_at    INTEGER NOT NULL DEFAULT 0,
	verified_at    INTEGER NOT NULL DEFAULT 0,
	trashed_at     INTEGER NOT NULL DEFAULT 0,
	raw_bytes      INTEGER NOT NULL DEFAULT 0,
	stored_bytes   INTEGER NOT NULL DEFAULT 0,
	warnings       INTEGER NOT NULL DEFAULT 0,
	error          TEXT,
	contents       TEXT    NOT NULL DEFAULT '',
	sidecar_key    TEXT    NOT NULL DEFAULT '',
	sidecar_sha256 TEXT    NOT NULL DEFAULT '',
	tested_at      INTEGER NOT NULL DEFAULT 0,
	test_state     TEXT    NOT NULL DEFAULT '' CHECK (test_state IN ('', 'equal', 'differs', 'failed')),
	test_text      TEXT    NOT NULL DEFAULT '',
	CHECK (state <> 'ready' OR (finished_at > 0 AND sidecar_sha256 <> ''))
);
INSERT INTO backup_new (id, uuid, environment, storage, kind, state, before_trash, health, note, keep,
	requested_by, created_at, started_at, finished_at, verified_at, trashed_at, raw_bytes,
	stored_bytes, warnings, error, contents, sidecar_key, sidecar_sha256)
	SELECT id, uuid, environment, storage, kind, state, before_trash, health, note, keep,
	requested_by, created_at, started_at, finished_at, verified_at, trashed_at, raw_bytes,
	stored_bytes, warnings, error, contents, sidecar_key, sidecar_sha256 FROM backup;
DROP TABLE backup;
ALTER TABLE backup_new RENAME TO backup;
CREATE INDEX backup_page ON backup (environment, created_at DESC, id DESC) WHERE state <> 'deleted';
CREATE INDEX backup_noted ON backup (environment, created_at DESC, id DESC) WHERE state <> 'deleted' AND note <> '';
CREATE INDEX backup_last_good ON backup (environment, finished_at DESC) WHERE state = 'ready';
CREATE INDEX backup_storage ON backup (storage, stored_bytes) WHERE state IN ('ready', 'trashed');
CREATE INDEX backup_trash ON backup (trashed_at) WHERE state = 'trashed';

CREATE TABLE job_new (
	id              INTEGER PRIMARY KEY,
	uuid            TEXT    NOT NULL UNIQUE,
	kind            TEXT    NOT NULL CHECK (kind IN ('backup', 'download', 'check', 'verify', 'preview', 'restore', 'undo', 'tidy', 'test')),
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
INSERT INTO job_new (id, uuid, kind, state, environment, backup, download, service, requested_by,
	idempotency_key, mail_when_done, run_at, created_at, started_at, finished_at, worker,
	lease_until, fence, deaths, losses, cancel_asked, phase, bytes_done, bytes_total,
	progress_at, warnings, error, exit_code)
	SELECT id, uuid, kind, state, environment, backup, download, service, requested_by,
	idempotency_key, mail_when_done, run_at, created_at, started_at, finished_at, worker,
	lease_until, fence, deaths, losses, cancel_asked, phase, bytes_done, bytes_total,
	progress_at, warnings, error, exit_code FROM job;
DROP TABLE job;
ALTER TABLE job_new RENAME TO job;
CREATE INDEX job_queue ON job (run_at, id) WHERE state = 'queued';
CREATE INDEX job_leases ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_environment ON job (environment, id);
CREATE INDEX job_backup ON job (backup) WHERE backup IS NOT NULL;
CREATE INDEX job_download ON job (download) WHERE download IS NOT NULL;
CREATE INDEX job_restore ON job (restore) WHERE restore IS NOT NULL;
