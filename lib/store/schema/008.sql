-- 008.sql: a part of files may need packs that older backups of its service have stored.

-- Of all its content as one archive; of what this backup stored itself: data_raw_bytes. 0: the same.
ALTER TABLE part ADD COLUMN whole_bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX part_data_key ON part (data_key);

-- 1: somebody wants the files of this backup stored anew, whatever older ones have.
ALTER TABLE backup ADD COLUMN anew INTEGER NOT NULL DEFAULT 0 CHECK (anew IN (0, 1));

-- Everything that reading the pack needs stands here, for who stored it may be forgotten by now.
CREATE TABLE part_pack (
	part          INTEGER NOT NULL REFERENCES part (id),
	key           TEXT    NOT NULL,
	raw_bytes     INTEGER NOT NULL,
	stored_bytes  INTEGER NOT NULL,
	raw_sha256    TEXT    NOT NULL,
	stored_sha256 TEXT    NOT NULL,
	live_bytes    INTEGER NOT NULL DEFAULT 0,   -- how much of raw_bytes this part needs
	read_at       INTEGER NOT NULL DEFAULT 0,   -- when it was last read to its end for this part
	PRIMARY KEY (part, key)
);
CREATE INDEX part_pack_key ON part_pack (key);
