-- 011.sql: a catalogue made again from what lies in a storage.
-- When the row was read from its sidecar, and no job here has made the backup; 0: one has.
ALTER TABLE backup ADD COLUMN rebuilt_at INTEGER NOT NULL DEFAULT 0;
-- Of those of one service, the newest is that of the newest backup, whenever its row was written.
DROP INDEX part_service;
CREATE INDEX part_service ON part (service, backup);
