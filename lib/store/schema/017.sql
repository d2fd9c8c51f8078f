-- 017.sql: a pack has no hash over all its decoded bytes: each file in it has its own.
CREATE TABLE part_new (
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
	verified_at        INTEGER NOT NULL DEFAULT 0,
	whole_bytes        INTEGER NOT NULL DEFAULT 0,
	UNIQUE (backup, service),
	CHECK (state <> 'ready' OR (data_stored_sha256 <> ''
		AND (data_raw_sha256 <> '' OR manifest_raw_sha256 <> '')))
);
INSERT INTO part_new (id, uuid, backup, service, service_slug, service_name, engine, state, format,
	engine_version, tool, data_key, data_raw_bytes, data_stored_bytes, data_raw_sha256,
	data_stored_sha256, manifest_key, manifest_raw_bytes, manifest_stored_bytes,
	manifest_raw_sha256, manifest_stored_sha256, items, warnings, taken_at, finished_at,
	verified_at, whole_bytes)
	SELECT id, uuid, backup, service, service_slug, service_name, engine, state, format,
	engine_version, tool, data_key, data_raw_bytes, data_stored_bytes, data_raw_sha256,
	data_stored_sha256, manifest_key, manifest_raw_bytes, manifest_stored_bytes,
	manifest_raw_sha256, manifest_stored_sha256, items, warnings, taken_at, finished_at,
	verified_at, whole_bytes FROM part;
DROP TABLE part;
ALTER TABLE part_new RENAME TO part;
CREATE INDEX part_service ON part (service, backup);
CREATE INDEX part_data_key ON part (data_key);
