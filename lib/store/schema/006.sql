-- 006.sql: channels of an environment, and what comes from above switched off or on at a level;
-- schedules that keep and tell by rules of their own.

-- Of an environment; then project is the one that this is in.
ALTER TABLE channel ADD COLUMN environment INTEGER REFERENCES environment (id)
	CHECK (environment IS NULL OR project IS NOT NULL);
CREATE INDEX channel_environment ON channel (environment) WHERE environment IS NOT NULL;

-- What a project or an environment says of a channel from above: whether it is told of what happens
-- there. The nearest level that says something wins; where none does, it is told.
CREATE TABLE channel_here (
	channel INTEGER NOT NULL REFERENCES channel (id),
	level   TEXT    NOT NULL CHECK (level IN ('project', 'environment')),
	owner   INTEGER NOT NULL,
	told    INTEGER NOT NULL CHECK (told IN (0, 1)),
	set_by  INTEGER REFERENCES account (id),
	set_at  INTEGER NOT NULL,
	PRIMARY KEY (channel, level, owner)
);

-- How long what it brought stays: keeps of lib/model/retain_rule.h; '': by the environment's rule.
ALTER TABLE schedule ADD COLUMN keep TEXT NOT NULL DEFAULT '';
-- When its backups are told.
ALTER TABLE schedule ADD COLUMN notify TEXT NOT NULL DEFAULT 'channels'
	CHECK (notify IN ('channels', 'never', 'failure', 'always'));
