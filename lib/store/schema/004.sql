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
	removed_at   INTEGER NOT NULL DEFAULT 0
);

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
	sent_at     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX delivery_queue ON delivery (next_at, id) WHERE state = 'queued';
CREATE INDEX delivery_channel ON delivery (channel, id);

-- A trouble that lasts: opened once, told once, closed by itself when it is over.
CREATE TABLE alarm (
	id          INTEGER PRIMARY KEY,
	kind        TEXT    NOT NULL,                   -- late, at-risk, suspicious, storage, worker, test, missing, rto
	environment INTEGER REFERENCES environment (id),
	subject     TEXT    NOT NULL DEFAULT '',        -- what of it: a storage's slug, a service's
	text        TEXT    NOT NULL,
	opened_at   INTEGER NOT NULL,
	closed_at   INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX alarm_open ON alarm (kind, coalesce(environment, 0), subject) WHERE closed_at = 0;
CREATE INDEX alarm_environment ON alarm (environment, id);

-- When each stored part was last read to its end.
ALTER TABLE part ADD COLUMN verified_at INTEGER NOT NULL DEFAULT 0;

-- When it was last looked at which backups of an environment may go.
ALTER TABLE environment ADD COLUMN pruned_at INTEGER NOT NULL DEFAULT 0;
