-- 005.sql: which code ran beside the data, as a hook of the environment names it.
ALTER TABLE environment ADD COLUMN hook_code TEXT NOT NULL DEFAULT '';
ALTER TABLE backup ADD COLUMN code TEXT NOT NULL DEFAULT '';      -- when it was taken; '': nobody said
ALTER TABLE restore ADD COLUMN code TEXT NOT NULL DEFAULT '';     -- the target's, when it was looked at
