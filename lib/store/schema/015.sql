-- 015.sql: copies of backups in further storages. The first place of a backup stands in its own row.

CREATE TABLE copy (
	backup       INTEGER NOT NULL REFERENCES backup (id),
	storage      INTEGER NOT NULL REFERENCES storage (id),
	-- leaving: another place took its part, and its objects go.
	state        TEXT    NOT NULL CHECK (state IN ('copying', 'ready', 'failed', 'leaving')),
	health       TEXT    NOT NULL DEFAULT 'unknown' CHECK (health IN ('unknown', 'good', 'damaged', 'missing')),
	error        TEXT,
	stored_bytes INTEGER NOT NULL DEFAULT 0,        -- what it brought into the storage
	takes_over   INTEGER NOT NULL DEFAULT 0 CHECK (takes_over IN (0, 1)),   -- becomes the first place when it is ready
	created_at   INTEGER NOT NULL,
	finished_at  INTEGER NOT NULL DEFAULT 0,
	verified_at  INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (backup, storage),
	CHECK (state <> 'failed' OR error IS NOT NULL),
	CHECK (state <> 'ready' OR finished_at > 0)
);
CREATE INDEX copy_storage ON copy (storage, backup);
CREATE INDEX copy_reread ON copy (storage, verified_at) WHERE state = 'ready' AND health IN ('unknown', 'good');
CREATE INDEX copy_unwell ON copy (backup) WHERE state <> 'ready' OR health IN ('damaged', 'missing');

-- When a pack was last read to its end in a storage that holds copies: several share one.
CREATE TABLE pack_read (
	storage INTEGER NOT NULL REFERENCES storage (id),
	key     TEXT    NOT NULL,
	read_at INTEGER NOT NULL,
	PRIMARY KEY (storage, key)
);
