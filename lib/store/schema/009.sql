-- 009.sql: encryption and signatures.
-- Whether what is stored there from now on is encrypted.
ALTER TABLE storage ADD COLUMN encrypted INTEGER NOT NULL DEFAULT 0 CHECK (encrypted IN (0, 1));
-- The public keys (age1…) that a backup is encrypted to, divided by spaces; '': it is not. The number
-- of the key that signed it; '': it is not signed.
ALTER TABLE backup ADD COLUMN recipients TEXT NOT NULL DEFAULT '';
ALTER TABLE backup ADD COLUMN signed_by TEXT NOT NULL DEFAULT '';
