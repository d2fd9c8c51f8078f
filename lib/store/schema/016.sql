-- 016.sql: recovery that proves itself: what the last proof of each storage has come to.
CREATE TABLE proof (
	storage     INTEGER PRIMARY KEY REFERENCES storage (id),
	at          INTEGER NOT NULL,                   -- when it ended
	backups     INTEGER NOT NULL,                   -- rebuilt from their sidecars
	rebuild_ms  INTEGER NOT NULL,
	differences INTEGER NOT NULL,                   -- backups that the live catalogue has otherwise, or not
	sample      INTEGER REFERENCES backup (id),     -- NULL: none was opened
	sample_ms   INTEGER NOT NULL DEFAULT 0,
	way         TEXT    NOT NULL DEFAULT '',        -- what it was opened with, or why none was
	text        TEXT    NOT NULL DEFAULT ''         -- what is wrong; '': nothing
);
