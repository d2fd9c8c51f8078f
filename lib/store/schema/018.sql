-- 018.sql: how an encrypted object begins: who has its file key need not hash all of it.
ALTER TABLE part ADD COLUMN data_front_sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE part_pack ADD COLUMN front_sha256 TEXT NOT NULL DEFAULT '';
