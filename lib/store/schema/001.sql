-- 001.sql: the first catalogue. Times are milliseconds UTC, bound by us. The subset of SQL is
-- the one that SQLite and PostgreSQL share, but for the types (design: "a second engine").

CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

CREATE TABLE account (
	id            INTEGER PRIMARY KEY,
	uuid          TEXT    NOT NULL UNIQUE,
	email         TEXT    NOT NULL UNIQUE,
	name          TEXT    NOT NULL,
	role          TEXT    NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
	password_hash TEXT    NOT NULL,
	disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
	created_at    INTEGER NOT NULL,
	seen_at       INTEGER NOT NULL DEFAULT 0
);

-- The cookie holds the id; here lies only its SHA-256.
CREATE TABLE session (
	id_hash    TEXT    PRIMARY KEY,
	account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	csrf       TEXT    NOT NULL,
	address    TEXT    NOT NULL,
	created_at INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL,
	auth_at    INTEGER NOT NULL
);
CREATE INDEX session_seen ON session (seen_at);

-- Failed tries per "account:<e-mail>" and "address:<ip>".
CREATE TABLE throttle (
	name          TEXT    PRIMARY KEY,
	tries         INTEGER NOT NULL,
	last_at       INTEGER NOT NULL,
	blocked_until INTEGER NOT NULL
);

CREATE TABLE storage (
	id         INTEGER PRIMARY KEY,
	uuid       TEXT    NOT NULL UNIQUE,
	slug       TEXT    NOT NULL UNIQUE,
	kind       TEXT    NOT NULL CHECK (kind IN ('local')),
	path       TEXT    NOT NULL,
	created_at INTEGER NOT NULL
);

CREATE TABLE project (
	id         INTEGER PRIMARY KEY,
	uuid       TEXT    NOT NULL UNIQUE,
	slug       TEXT    NOT NULL UNIQUE,
	name       TEXT    NOT NULL,
	owners     TEXT    NOT NULL DEFAULT '',
	created_at INTEGER NOT NULL
);

CREATE TABLE environment (
	id         INTEGER PRIMARY KEY,
	uuid       TEXT    NOT NULL UNIQUE,
	project    INTEGER NOT NULL REFERENCES project (id),
	slug       TEXT    NOT NULL,
	name       TEXT    NOT NULL,
	kind       TEXT    NOT NULL CHECK (kind IN ('live', 'staging', 'development')),
	paused     INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
	created_at INTEGER NOT NULL,
	UNIQUE (project, slug)
);

CREATE TABLE service (
	id          INTEGER PRIMARY KEY,
	uuid        TEXT    NOT NULL UNIQUE,
	environment INTEGER NOT NULL REFERENCES environment (id),
	slug        TEXT    NOT NULL,
	name        TEXT    NOT NULL,
	engine      TEXT    NOT NULL CHECK (engine IN ('postgresql', 'sqlite', 'files')),
	settings    TEXT    NOT NULL,
	sealed      BLOB,
	revision    INTEGER NOT NULL DEFAULT 1,
	created_at  INTEGER NOT NULL,
	check_state TEXT    NOT NULL DEFAULT 'untested' CHECK (check_state IN ('untested', 'ok', 'failed')),
	check_text  TEXT    NOT NULL DEFAULT '',
	checked_at  INTEGER NOT NULL DEFAULT 0,
	UNIQUE (environment, slug)
);

CREATE TABLE job (
	id              INTEGER PRIMARY KEY,
	uuid            TEXT    NOT NULL UNIQUE,
	kind            TEXT    NOT NULL CHECK (kind IN ('backup', 'download', 'check', 'verify')),
	state           TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
	environment     INTEGER NOT NULL REFERENCES environment (id),
	backup          INTEGER REFERENCES backup (id),
	download        INTEGER REFERENCES download (id),
	service         INTEGER REFERENCES service (id),
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
CREATE INDEX job_queue ON job (run_at, id) WHERE state = 'queued';
CREATE INDEX job_leases ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_environment ON job (environment, id);
CREATE INDEX job_backup ON job (backup) WHERE backup IS NOT NULL;
CREATE INDEX job_download ON job (download) WHERE download IS NOT NULL;

-- The services a job reads or writes; at most one running job has each.
CREATE TABLE job_service (
	job     INTEGER NOT NULL REFERENCES job (id),
	service INTEGER NOT NULL REFERENCES service (id),
	running INTEGER NOT NULL DEFAULT 0 CHECK (running IN (0, 1)),
	PRIMARY KEY (job, service)
);
CREATE UNIQUE INDEX job_service_one ON job_service (service) WHERE running = 1;

CREATE TABLE job_log (
	job    INTEGER NOT NULL REFERENCES job (id),
	seq    INTEGER NOT NULL,
	at     INTEGER NOT NULL,
	stream TEXT    NOT NULL CHECK (stream IN ('note', 'err', 'warn')),
	text   TEXT    NOT NULL,
	PRIMARY KEY (job, seq)
);

CREATE TABLE backup (
	id             INTEGER PRIMARY KEY,
	uuid           TEXT    NOT NULL UNIQUE,
	environment    INTEGER NOT NULL REFERENCES environment (id),
	storage        INTEGER NOT NULL REFERENCES storage (id),
	kind           TEXT    NOT NULL CHECK (kind IN ('scheduled', 'on-demand')),
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
	CHECK (state <> 'ready' OR (finished_at > 0 AND sidecar_sha256 <> ''))
);
CREATE INDEX backup_page ON backup (environment, created_at DESC, id DESC) WHERE state <> 'deleted';
CREATE INDEX backup_noted ON backup (environment, created_at DESC, id DESC) WHERE state <> 'deleted' AND note <> '';
CREATE INDEX backup_last_good ON backup (environment, finished_at DESC) WHERE state = 'ready';
CREATE INDEX backup_storage ON backup (storage, stored_bytes) WHERE state IN ('ready', 'trashed');
CREATE INDEX backup_trash ON backup (trashed_at) WHERE state = 'trashed';

CREATE TABLE part (
	id                 INTEGER PRIMARY KEY,
	uuid               TEXT    NOT NULL UNIQUE,
	backup             INTEGER NOT NULL REFERENCES backup (id),
	service            INTEGER NOT NULL REFERENCES service (id),
	service_slug       TEXT    NOT NULL,
	service_name       TEXT    NOT NULL,
	engine             TEXT    NOT NULL,
	state              TEXT    NOT NULL CHECK (state IN ('building', 'ready', 'failed')),
	format             TEXT    NOT NULL,
	engine_version     TEXT    NOT NULL DEFAULT '',
	tool               TEXT    NOT NULL DEFAULT '',
	data_key           TEXT    NOT NULL,
	data_raw_bytes     INTEGER NOT NULL DEFAULT 0,
	data_stored_bytes  INTEGER NOT NULL DEFAULT 0,
	data_raw_sha256    TEXT    NOT NULL DEFAULT '',
	data_stored_sha256 TEXT    NOT NULL DEFAULT '',
	manifest_key            TEXT    NOT NULL DEFAULT '',
	manifest_raw_bytes      INTEGER NOT NULL DEFAULT 0,
	manifest_stored_bytes   INTEGER NOT NULL DEFAULT 0,
	manifest_raw_sha256     TEXT    NOT NULL DEFAULT '',
	manifest_stored_sha256  TEXT    NOT NULL DEFAULT '',
	items              INTEGER NOT NULL DEFAULT 0,
	warnings           INTEGER NOT NULL DEFAULT 0,
	taken_at           INTEGER NOT NULL DEFAULT 0,
	finished_at        INTEGER NOT NULL DEFAULT 0,
	UNIQUE (backup, service),
	CHECK (state <> 'ready' OR (data_stored_sha256 <> '' AND data_raw_sha256 <> ''))
);
CREATE INDEX part_service ON part (service, id);

CREATE TABLE download (
	id           INTEGER PRIMARY KEY,
	uuid         TEXT    NOT NULL UNIQUE,
	backup       INTEGER NOT NULL REFERENCES backup (id),
	environment  INTEGER NOT NULL REFERENCES environment (id),
	requested_by INTEGER REFERENCES account (id),
	state        TEXT    NOT NULL CHECK (state IN ('preparing', 'ready', 'failed', 'expired', 'revoked')),
	format       TEXT    NOT NULL CHECK (format IN ('tar', 'tar.gz', 'tar.zst', 'zip')),
	content      TEXT    NOT NULL,     -- "<backup>:<format>:<part>,<part>": the same content has the same text
	created_at   INTEGER NOT NULL,
	ready_at     INTEGER NOT NULL DEFAULT 0,
	expires_at   INTEGER NOT NULL DEFAULT 0,
	valid_ms     INTEGER NOT NULL,
	max_uses     INTEGER NOT NULL,
	bytes        INTEGER NOT NULL DEFAULT 0,
	error        TEXT,
	removed_at   INTEGER NOT NULL DEFAULT 0   -- when its files were deleted
);
CREATE INDEX download_page ON download (environment, id);
CREATE INDEX download_backup ON download (backup, id);
CREATE INDEX download_content ON download (content) WHERE state IN ('preparing', 'ready');
CREATE INDEX download_removal ON download (state, expires_at) WHERE removed_at = 0;

CREATE TABLE download_file (
	id       INTEGER PRIMARY KEY,
	download INTEGER NOT NULL REFERENCES download (id),
	part     INTEGER NOT NULL REFERENCES part (id),
	name     TEXT    NOT NULL,
	path     TEXT    NOT NULL DEFAULT '',
	bytes    INTEGER NOT NULL DEFAULT 0,
	sha256   TEXT    NOT NULL DEFAULT '',
	UNIQUE (download, part)
);

-- One recipient's key to one download; the token is in the mail, here lies its SHA-256.
CREATE TABLE link (
	id         INTEGER PRIMARY KEY,
	download   INTEGER NOT NULL REFERENCES download (id),
	token_hash TEXT    NOT NULL UNIQUE,
	recipient  TEXT    NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revoked_at INTEGER NOT NULL DEFAULT 0,
	max_uses   INTEGER NOT NULL
);
CREATE INDEX link_download ON link (download);

-- What nginx delivered of a file through a link: whole uses, and the bytes of a begun one.
CREATE TABLE link_use (
	link       INTEGER NOT NULL REFERENCES link (id),
	file       INTEGER NOT NULL REFERENCES download_file (id),
	uses       INTEGER NOT NULL DEFAULT 0,
	bytes      INTEGER NOT NULL DEFAULT 0,
	first_at   INTEGER NOT NULL,
	last_at    INTEGER NOT NULL,
	address    TEXT    NOT NULL,
	PRIMARY KEY (link, file)
);

CREATE TABLE outbox (
	id         INTEGER PRIMARY KEY,
	message_id TEXT    NOT NULL UNIQUE,
	kind       TEXT    NOT NULL,
	recipient  TEXT    NOT NULL,
	subject    TEXT    NOT NULL,
	message    BLOB,                  -- the whole message; NULL once it has been sent or given up
	state      TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
	tries      INTEGER NOT NULL DEFAULT 0,
	next_at    INTEGER NOT NULL,
	last_error TEXT    NOT NULL DEFAULT '',
	job        INTEGER REFERENCES job (id),
	created_at INTEGER NOT NULL,
	sent_at    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_queue ON outbox (next_at) WHERE state = 'queued';
CREATE INDEX outbox_job ON outbox (job) WHERE job IS NOT NULL;

-- The audit trail. Append only.
CREATE TABLE event (
	id          INTEGER PRIMARY KEY,
	at          INTEGER NOT NULL,
	account     INTEGER,
	actor       TEXT    NOT NULL,
	action      TEXT    NOT NULL,
	project     INTEGER,
	environment INTEGER,
	target      TEXT    NOT NULL DEFAULT '',
	detail      TEXT    NOT NULL DEFAULT '',
	address     TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX event_environment ON event (environment, id) WHERE environment IS NOT NULL;
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TABLE worker (
	name       TEXT    PRIMARY KEY,
	started_at INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL
);
