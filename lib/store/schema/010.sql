-- 010.sql: storages in buckets. The column kind is made anew, for its words were CHECKed; all of them
-- were 'local' so far.
ALTER TABLE storage DROP COLUMN kind;
ALTER TABLE storage ADD COLUMN kind TEXT NOT NULL DEFAULT 'local' CHECK (kind IN ('local', 's3'));
-- How to reach a bucket; path says it for people.
ALTER TABLE storage ADD COLUMN endpoint TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN region TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN style TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN storage_class TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN encryption TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN sealed BLOB;            -- its secret key, for the worker alone
ALTER TABLE storage ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE storage ADD COLUMN removed_at INTEGER NOT NULL DEFAULT 0;   -- 0: it is there
-- What its last good test found, and a warning of it; '': none.
ALTER TABLE storage ADD COLUMN test_text TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN test_warning TEXT NOT NULL DEFAULT '';
-- A storage that is out of reach, or an object that may not be removed yet: not before that moment.
ALTER TABLE backup ADD COLUMN purge_after INTEGER NOT NULL DEFAULT 0;
