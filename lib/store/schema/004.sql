-- 004.sql: backups by themselves: schedules, policies, notices, alarms, and what each day brought.

-- What holds for an instance, a project or an environment; the nearest level that says something
-- wins. owner: the project's or environment's id, 0 of the instance. Keys: lib/model/policy.h.
CREATE TABLE policy (
	level  TEXT    NOT NULL CHECK (level IN ('instance', 'project', 'environment')),
	owner  INTEGER NOT NULL,
	key    TEXT    NOT NULL,
	value  TEXT    NOT NULL,
	set_by INTEGER REFERENCES account (id),
	set_at INTEGER NOT NULL,
	PRIMARY KEY (level, owner, key)
);

-- When backups come. Of one environment; or of a project or of the instance (both NULL), then for
-- every environment below of these kinds that has none nearer.
CREATE TABLE schedule (
	id           INTEGER PRIMARY KEY,
	uuid         TEXT    NOT NULL UNIQUE,
	project      INTEGER REFERENCES project (id),
	environment  INTEGER REFERENCES environment (id),
	kinds        TEXT    NOT NULL DEFAULT 'live' CHECK (kinds IN ('live', 'all')),
	name         TEXT    NOT NULL,
	cron         TEXT    NOT NULL,
	zone         TEXT    NOT NULL DEFAULT '',       -- '': the environment's
	spread_min   INTEGER NOT NULL DEFAULT 0 CHECK (spread_min BETWEEN 0 AND 60),
	mode         TEXT    NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'consistent')),
	enabled      INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
	off_at       INTEGER NOT NULL DEFAULT 0,        -- when and by whom it was turned off
	off_by       INTEGER REFERENCES account (id),
	paused_until INTEGER NOT NULL DEFAULT 0,
	revision     INTEGER NOT NULL DEFAULT 1,
	created_at   INTEGER NOT NULL,
	removed_at   INTEGER NOT NULL DEFAULT 0,
	CHECK (project IS NULL OR environment IS NULL)
);
CREATE INDEX schedule_environment ON schedule (environment) WHERE environment IS NOT NULL;
CREATE INDEX schedule_project ON schedule (project) WHERE project IS NOT NULL;

-- Only these services; none: all of the environment.
CREATE TABLE schedule_service (
	schedule INTEGER NOT NULL REFERENCES schedule (id),
	service  INTEGER NOT NULL REFERENCES service (id),
	PRIMARY KEY (schedule, service)
);

-- How far a schedule has come in an environment.
CREATE TABLE schedule_state (
	schedule    INTEGER NOT NULL REFERENCES schedule (id),
	environment INTEGER NOT NULL REFERENCES environment (id),
	handled_at  INTEGER NOT NULL,                   -- of the last run that was started or given up
	next_at     INTEGER NOT NULL DEFAULT 0,         -- with its spread; 0: never
	PRIMARY KEY (schedule, environment)
);
CREATE INDEX schedule_next ON schedule_state (next_at);

-- Each slot that came due, once and for good.
CREATE TABLE schedule_run (
	id          INTEGER PRIMARY KEY,
	schedule    INTEGER NOT NULL REFERENCES schedule (id),
	environment INTEGER NOT NULL REFERENCES environment (id),
	slot        TEXT    NOT NULL,                   -- struct cron_run's id
	due_at      INTEGER NOT NULL,
	started_at  INTEGER NOT NULL,
	missed      INTEGER NOT NULL DEFAULT 0,         -- runs before it that were given up
	backup      INTEGER REFERENCES backup (id),     -- NULL: it could not be asked for
	error       TEXT,
	merged      INTEGER NOT NULL DEFAULT 0,         -- the run before still waited: backup is its backup
	UNIQUE (schedule, environment, slot)
);
CREATE INDEX schedule_run_page ON schedule_run (environment, id);

-- What a day brought to an environment, for good, whatever becomes of the backups. day: of the
-- environment's calendar, days since 1970-01-01.
CREATE TABLE day_log (
	environment INTEGER NOT NULL REFERENCES environment (id),
	day         INTEGER NOT NULL,
	good        INTEGER NOT NULL DEFAULT 0,
	failed      INTEGER NOT NULL DEFAULT 0,
	missed      INTEGER NOT NULL DEFAULT 0,
	raw_bytes   INTEGER NOT NULL DEFAULT 0,         -- of the newest good one
	PRIMARY KEY (environment, day)
);

ALTER TABLE backup ADD COLUMN schedule INTEGER REFERENCES schedule (id);
CREATE INDEX backup_schedule ON backup (schedule, environment, id) WHERE schedule IS NOT NULL;
ALTER TABLE backup ADD COLUMN mode TEXT NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'consistent'));
ALTER TABLE backup ADD COLUMN frozen_ms INTEGER NOT NULL DEFAULT 0;     -- how long the application was held
ALTER TABLE backup ADD COLUMN keep_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backup ADD COLUMN suspicion TEXT NOT NULL DEFAULT '';       -- why nobody should trust it; '': nothing
ALTER TABLE backup ADD COLUMN trashed_why TEXT NOT NULL DEFAULT '';     -- the policy's reason; '': a person did it
CREATE INDEX backup_suspicious ON backup (environment) WHERE suspicion <> '';
-- Higher comes first.
ALTER TABLE job ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
-- The hooks around a consistent backup, executables in home/hooks; '': none.
ALTER TABLE environment ADD COLUMN hook_freeze TEXT NOT NULL DEFAULT '';
ALTER TABLE environment ADD COLUMN hook_thaw TEXT NOT NULL DEFAULT '';
-- Since when a freeze is owed its thaw, and which job froze; 0: nobody is frozen.
ALTER TABLE environment ADD COLUMN frozen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN frozen_job INTEGER REFERENCES job (id);
-- By when it must be over, how often its thaw failed, when to try again, and what went wrong.
ALTER TABLE environment ADD COLUMN frozen_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN thaw_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN thaw_next INTEGER NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN thaw_error TEXT NOT NULL DEFAULT '';
-- When its last pause ended; 0: there was none.
ALTER TABLE environment ADD COLUMN resumed_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX environment_frozen ON environment (id) WHERE frozen_at > 0;
-- The address of the badge, hard to guess; '': there is none.
ALTER TABLE environment ADD COLUMN badge TEXT NOT NULL DEFAULT '';

-- Where notices go. Of a project, or (NULL) of the instance. target is what may be shown; what may
-- not (the address of a webhook is a password) is sealed.
CREATE TABLE channel (
	id           INTEGER PRIMARY KEY,
	uuid         TEXT    NOT NULL UNIQUE,
	project      INTEGER REFERENCES project (id),
	kind         TEXT    NOT NULL CHECK (kind IN ('mail', 'webhook', 'slack', 'teams', 'ntfy', 'healthchecks')),
	name         TEXT    NOT NULL,
	target       TEXT    NOT NULL,
	sealed       BLOB,
	enabled      INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
	confirm_hash TEXT    NOT NULL DEFAULT '',       -- of the token in the mail that asks; '': confirmed or not needed
	confirmed_at INTEGER NOT NULL DEFAULT 0,
	revision     INTEGER NOT NULL DEFAULT 1,
	created_at   INTEGER NOT NULL,
	removed_at   INTEGER NOT NULL DEFAULT 0,
	asked_at     INTEGER NOT NULL DEFAULT 0         -- when the mail that asks was made
);
CREATE INDEX channel_confirm ON channel (confirm_hash) WHERE confirm_hash <> '';

-- Which events a channel is told. Words: lib/model/notice.h.
CREATE TABLE channel_event (
	channel INTEGER NOT NULL REFERENCES channel (id),
	event   TEXT    NOT NULL,
	PRIMARY KEY (channel, event)
);

-- One notice to one channel, tried until it went out or was given up. body is JSON without secrets.
CREATE TABLE delivery (
	id          INTEGER PRIMARY KEY,
	uuid        TEXT    NOT NULL UNIQUE,
	channel     INTEGER NOT NULL REFERENCES channel (id),
	event       TEXT    NOT NULL,
	environment INTEGER REFERENCES environment (id),
	body        TEXT    NOT NULL,
	state       TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
	attempts    INTEGER NOT NULL DEFAULT 0,
	next_at     INTEGER NOT NULL,
	status      INTEGER NOT NULL DEFAULT 0,         -- of HTTP, 0: none came
	error       TEXT    NOT NULL DEFAULT '',
	created_at  INTEGER NOT NULL,
	sent_at     INTEGER NOT NULL DEFAULT 0,
	source      TEXT    NOT NULL,                   -- what it tells of: a channel hears of each once
	mail        TEXT    NOT NULL DEFAULT '',        -- outbox.message_id of a mail that carries it
	UNIQUE (channel, source)
);
CREATE INDEX delivery_queue ON delivery (next_at, id) WHERE state = 'queued';
CREATE INDEX delivery_channel ON delivery (channel, id);

-- A trouble that lasts: opened once, told once, closed by itself when it is over.
CREATE TABLE alarm (
	id          INTEGER PRIMARY KEY,
	kind        TEXT    NOT NULL,                   -- late, at-risk, suspicious, storage, worker, test, missing, rto, held
	environment INTEGER REFERENCES environment (id),
	subject     TEXT    NOT NULL DEFAULT '',        -- what of it: a storage's slug, a service's
	text        TEXT    NOT NULL,
	opened_at   INTEGER NOT NULL,
	closed_at   INTEGER NOT NULL DEFAULT 0,
	told        INTEGER NOT NULL DEFAULT 0 CHECK (told BETWEEN 0 AND 2)     -- 1: that it opened, 2: all
);
CREATE INDEX alarm_untold ON alarm (id) WHERE told < 2;
CREATE UNIQUE INDEX alarm_open ON alarm (kind, coalesce(environment, 0), subject) WHERE closed_at = 0;
CREATE INDEX alarm_environment ON alarm (environment, id);

-- When each stored part was last read to its end.
ALTER TABLE part ADD COLUMN verified_at INTEGER NOT NULL DEFAULT 0;

-- For the answer to "am I safe?", read for all environments at once.
CREATE INDEX schedule_state_environment ON schedule_state (environment, schedule);
CREATE INDEX schedule_run_due ON schedule_run (environment, due_at);
CREATE INDEX job_results ON job (state, kind);
CREATE UNIQUE INDEX environment_badge ON environment (badge) WHERE badge <> '';

-- What the worker last saw of a storage's file system; 0: it has not looked yet.
ALTER TABLE storage ADD COLUMN free_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE storage ADD COLUMN total_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE storage ADD COLUMN looked_at INTEGER NOT NULL DEFAULT 0;

-- What lay in a storage at the end of a day (UTC), or lies there today: for the date it will be full.
CREATE TABLE storage_day (
	storage    INTEGER NOT NULL REFERENCES storage (id),
	day        INTEGER NOT NULL,
	used_bytes INTEGER NOT NULL,
	PRIMARY KEY (storage, day)
);

-- What the herald has told of a job: 1 that it began, 2 all.
ALTER TABLE job ADD COLUMN told INTEGER NOT NULL DEFAULT 0 CHECK (told BETWEEN 0 AND 2);
UPDATE job SET told = 2 WHERE finished_at > 0;

-- When somebody said that a suspicious backup is fine: from it on things are compared.
ALTER TABLE backup ADD COLUMN trusted_at INTEGER NOT NULL DEFAULT 0;
-- Who is next to be read again, and who was never since the day it was made; who is not whole.
CREATE INDEX backup_reread ON backup (storage, verified_at) WHERE state = 'ready' AND health IN ('unknown', 'good');
CREATE INDEX backup_unread ON backup (storage, finished_at) WHERE state = 'ready' AND health IN ('unknown', 'good') AND verified_at <= finished_at;
CREATE INDEX backup_unwell ON backup (environment, id) WHERE state = 'ready' AND health IN ('damaged', 'missing');
CREATE INDEX backup_tested ON backup (environment, tested_at) WHERE tested_at > 0;

-- The storage of a reconcile job, which belongs to no environment but hangs on one.
ALTER TABLE job ADD COLUMN storage INTEGER REFERENCES storage (id);
CREATE INDEX job_storage ON job (storage, id) WHERE storage IS NOT NULL;
-- What the last look through a storage found in all.
ALTER TABLE storage ADD COLUMN checked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE storage ADD COLUMN objects INTEGER NOT NULL DEFAULT 0;
ALTER TABLE storage ADD COLUMN object_bytes INTEGER NOT NULL DEFAULT 0;
-- What it found that is not as the catalogue says.
CREATE TABLE finding (
	storage  INTEGER NOT NULL REFERENCES storage (id),
	path     TEXT    NOT NULL,
	kind     TEXT    NOT NULL CHECK (kind IN ('missing', 'damaged', 'unknown')),
	text     TEXT    NOT NULL,
	backup   INTEGER REFERENCES backup (id),        -- NULL: of one that the catalogue does not know
	found_at INTEGER NOT NULL,                      -- when it was seen first
	PRIMARY KEY (storage, path)
);
CREATE INDEX job_untold ON job (id) WHERE (started_at > 0 AND told = 0) OR (finished_at > 0 AND told < 2);
-- When it was last looked at which backups of an environment may go.
ALTER TABLE environment ADD COLUMN pruned_at INTEGER NOT NULL DEFAULT 0;
