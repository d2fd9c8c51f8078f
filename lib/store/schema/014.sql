-- 014.sql: storages on other servers over SFTP, limits of how fast, and a level per service.
-- The column kind is made anew, for its words are CHECKed.
ALTER TABLE storage ADD COLUMN kind_new TEXT NOT NULL DEFAULT 'local' CHECK (kind_new IN ('local', 's3', 'sftp'));
UPDATE storage SET kind_new = kind;
ALTER TABLE storage DROP COLUMN kind;
ALTER TABLE storage RENAME COLUMN kind_new TO kind;
-- How to reach a server over SFTP; path says it for people. sealed holds the private key or the password.
ALTER TABLE storage ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN port INTEGER NOT NULL DEFAULT 0;
ALTER TABLE storage ADD COLUMN login TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN folder TEXT NOT NULL DEFAULT '';
ALTER TABLE storage ADD COLUMN auth TEXT NOT NULL DEFAULT '';
-- The fingerprint of the server's key that somebody has confirmed; '': nobody has, and nothing is sent there.
ALTER TABLE storage ADD COLUMN host_key TEXT NOT NULL DEFAULT '';
-- The one that the last test met, to be confirmed; '': it met none, or the confirmed one.
ALTER TABLE storage ADD COLUMN host_key_met TEXT NOT NULL DEFAULT '';
-- Bytes a second that all jobs together may write there and read from there; 0: no limit.
ALTER TABLE storage ADD COLUMN write_rate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE storage ADD COLUMN read_rate INTEGER NOT NULL DEFAULT 0;
-- How hard backups of it are compressed; 0: as lazarette.conf says.
ALTER TABLE service ADD COLUMN level INTEGER NOT NULL DEFAULT 0 CHECK (level BETWEEN 0 AND 19);
