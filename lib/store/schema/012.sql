-- 012.sql: a catalogue made again from what lies in a storage.
-- When the row was read from its sidecar, and no job here has made the backup; 0: one has.
ALTER TABLE backup ADD COLUMN rebuilt_at INTEGER NOT NULL DEFAULT 0;
-- The e-mail of who had asked for it, where no account has that one any more; '': an account has.
ALTER TABLE backup ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
-- Of those of one service, the newest is that of the newest backup, whenever its row was written.
DROP INDEX part_service;
CREATE INDEX part_service ON part (service, backup);
